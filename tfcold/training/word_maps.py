"""From the words of an item to both sides of its factors: what they predict, and the kernels that say so in a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.baselines.kernel import own_part
from tfcold.models import TwoTower
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.gains import evidence_of
from tfcold.training.ridge import ridge_leverages, ridge_maps
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

LINEAR_PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
LINEAR_PENALTY = 1.0  # where nothing can be measured
_CUT = 20


@dataclass(frozen=True)
class WordMaps:
    """A map from words to factors.

    Args:
        candidates: float32 [I + 1, D]. Predicted outputs of every item with words; zeros of the others.
        left_out: float32 [I + 1, D]. What would be predicted of each if it were left out of the lesson.
        beside: float32 [I + 1, D]. What is added to that which is known of warm items: one of these, or of its own
            length (`training.norms`).
        history: float32 [I + 1, D]. Predicted inputs.
        kernels: for candidates and for history, a kernel [F, D] for each block of the model's features.
        known: int. Columns in which warm items are known; those behind are a profile for cold ones.
        norm: float. The length towards which `candidates` were taken, if they were.
    """

    candidates: Floats
    left_out: Floats
    beside: Floats
    history: Floats
    kernels: tuple[dict[str, Floats], dict[str, Floats]]
    known: int
    norm: float = 1.0


def maps_of(predicted: Floats, own: Floats, known: int) -> WordMaps:
    """Maps of what a kernel regression predicts, without kernels, and with nothing beside warm items as yet.

    Args:
        predicted: float32 [I + 1, 2 D]. Outputs first, then inputs.
        own: float32 [I + 1, D]. What an item adds to the outputs that are predicted of itself; 0 if it does not teach.
        known: int. As in `WordMaps`.
    """
    outputs, inputs = np.split(predicted, 2, axis=1)
    return WordMaps(outputs, outputs - own, np.zeros_like(outputs), inputs, ({}, {}), known)


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


def linear_maps(
    blocks: Mapping[str, Floats], split: Split, factors: Factors, settings: Settings
) -> tuple[WordMaps, Settings]:
    """Ridge regression from the features of warm items to their factors, and settings with its penalty.

    The penalty is the best among cold items and known ones that are left out (`gains.Evidence`).

    Args:
        blocks: float32 [I + 1, T] of each block, as the model's features without a kernel; zeros where it is missing.
    """
    features = np.concatenate(list(blocks.values()), axis=1)
    taught = split.warm_items & features.any(axis=1)
    sample = choose.sample_of(split, settings)
    penalties = LINEAR_PENALTIES if settings.text_penalty is None else (settings.text_penalty,)
    if len(penalties) > 1 and not choose.has(sample, "cold_item"):
        penalties = (LINEAR_PENALTY,)
    targets = [factors.outputs[taught], factors.inputs[taught]]
    maps = dict(zip(penalties, ridge_maps(features[taught], targets, penalties), strict=True))

    def said(penalty: float) -> tuple[Floats, Floats]:
        """Of each item, and of each if it were left out."""
        predicted = np.asarray(features @ maps[penalty][0], np.float32)
        left_out = predicted.copy()
        errors = factors.outputs[taught] - predicted[taught]
        left_out[taught] -= own_part(errors, ridge_leverages(features[taught], penalty))
        return predicted, left_out

    def measure(penalty: float) -> float:
        scorer = DotScorer(factors.inputs, said(penalty)[1])
        return evidence_of(scorer, scorer, sample, _CUT, taught).mean

    penalty = penalties[0] if len(penalties) == 1 else choose.best_of("text penalty", penalties, measure)
    cuts = np.cumsum([block.shape[1] for block in blocks.values()])[:-1]
    outputs, inputs = (dict(zip(blocks, np.split(side, cuts, axis=0), strict=True)) for side in maps[penalty])
    candidates, left_out = said(penalty)
    history = np.asarray(features @ maps[penalty][1], np.float32)
    found = WordMaps(candidates, left_out, np.zeros_like(candidates), history, (outputs, inputs), factors.dim)
    return found, settings.with_(text_penalty=penalty)
