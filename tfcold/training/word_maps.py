"""From the words of an item to both sides of its factors: what they predict, and the kernels that say so in a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.baselines.kernel import left_out
from tfcold.models import TwoTower
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.ridge import ridge_leverages, ridge_maps
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

LINEAR_PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
LINEAR_PENALTY = 1.0  # where nothing can be measured


@dataclass(frozen=True)
class WordMaps:
    """A map from words to factors.

    Args:
        candidates: float32 [I + 1, D]. Predicted outputs of every item with words; zeros of the others.
        beside: float32 [I + 1, D]. What is added to that which is known of warm items: what words would predict of each
            if it were left out of the lesson. What they predict of an item that taught them is for the most part that
            which is known already.
        history: float32 [I + 1, D]. Predicted inputs, likewise.
        kernels: for candidates and for history, a kernel [F, D] for each block of the model's features.
        norm: float. The length towards which `candidates` and `beside` were taken, if they were.
    """

    candidates: Floats
    beside: Floats
    history: Floats
    kernels: tuple[dict[str, Floats], dict[str, Floats]]
    norm: float = 1.0


def maps_of(predicted: Floats, targets: Factors, leverage: Floats) -> WordMaps:
    """Maps of what a kernel regression predicts, without kernels.

    Args:
        predicted: float32 [I + 1, 2 D]. Outputs first, then inputs.
        targets: what was taught.
        leverage: float32 [I + 1]. How much an item counts in what is predicted of itself; 0 where it does not teach.
    """
    outputs, inputs = np.split(predicted, 2, axis=1)
    return WordMaps(outputs, left_out(outputs, targets.outputs, leverage), inputs, ({}, {}))


def for_known(maps: WordMaps, dim: int) -> WordMaps:
    """The maps, with nothing to add to warm items in the columns behind the first `dim`: those are for cold items."""
    beside = maps.beside.copy()
    beside[:, dim:] = 0
    return replace(maps, beside=beside)


def kernels_of(model: TwoTower) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The kernels that pick outputs, and inputs, of what the kernel regression in a model's feature table predicts."""
    dim, encoders = model.dim, model.item_features.encoders
    picks = np.split(np.eye(2 * dim, dtype=np.float32), 2, axis=1)
    outputs, inputs = (
        {
            name: np.zeros((encoder.feature_width, dim), np.float32) if encoder.kernel is None else pick
            for name, encoder in encoders.items()
        }
        for pick in picks
    )
    return outputs, inputs


def linear_maps(model: TwoTower, split: Split, factors: Factors, settings: Settings) -> tuple[WordMaps, Settings]:
    """Ridge regression from the features of warm items to their factors, and settings with its penalty."""
    features = model.item_features.concatenated()
    taught = split.warm_items & model.item_features.any_mask()
    sample = choose.sample_of(split, settings)
    penalties = LINEAR_PENALTIES if settings.text_penalty is None else (settings.text_penalty,)
    if len(penalties) > 1 and not choose.has(sample, "cold_item"):
        penalties = (LINEAR_PENALTY,)
    targets = [factors.outputs[taught], factors.inputs[taught]]
    maps = dict(zip(penalties, ridge_maps(features[taught], targets, penalties), strict=True))

    def measure(penalty: float) -> float:
        predicted = np.asarray(features @ maps[penalty][0], np.float32)
        return choose.quality(DotScorer(factors.inputs, predicted), sample, "cold_item")

    penalty = penalties[0] if len(penalties) == 1 else choose.best_of("text penalty", penalties, measure)
    widths = {name: encoder.feature_width for name, encoder in model.item_features.encoders.items()}
    cuts = np.cumsum(list(widths.values()))[:-1]
    outputs, inputs = (dict(zip(widths, np.split(side, cuts, axis=0), strict=True)) for side in maps[penalty])
    candidates, history = (np.asarray(features @ side, np.float32) for side in maps[penalty])
    leverage = np.zeros(len(features), np.float32)
    leverage[taught] = ridge_leverages(features[taught], penalty)
    beside = left_out(candidates, factors.outputs, leverage)
    return WordMaps(candidates, beside, history, (outputs, inputs)), settings.with_(text_penalty=penalty)
