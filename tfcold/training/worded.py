"""Warm items with their words: what a history sums up and what a candidate is, of a teacher's factors and of words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.settings import Settings
from tfcold.training.word_maps import WordMaps

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]


def towers_of(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> DotScorer:
    """Both towers under chosen scales, for warm items and cold ones."""
    is_warm = split.warm_items
    told = worded(split, factors, maps, settings)
    cold = np.float32(settings.cold_scale or 0.0) * maps.candidates
    return DotScorer(
        history=np.where(is_warm[:, None], told.inputs, maps.history),
        candidates=np.where(is_warm[:, None], told.outputs, cold),
    )


def worded(
    split: Split, factors: Factors, maps: WordMaps, settings: Settings, warm: npt.NDArray[np.bool_] | None = None
) -> Factors:
    """Factors of warm items beside what their words predict, as both towers add them up; of the others, zeros.

    An item with n interactions counts its words `warm_text_scale + more h / (n + h)` times as a candidate, with `more`
    what `cold_scale` is beyond that and `h` the `text_halfway`.

    Args:
        split: how often each item was touched.
        factors: the teacher's.
        maps: what words predict.
        settings: with the scales.
        warm: bool [I + 1]. Default None: the warm items of the split.
    """
    warm = split.warm_items if warm is None else warm
    beside = np.float32(settings.history_text_scale or 0.0)
    inputs = np.where(warm[:, None], factors.inputs + beside * maps.history, 0).astype(np.float32)
    share, more = settings.warm_text_scale or 0.0, _more(settings)
    shares = share + more * _giving_way(split, settings.text_halfway)
    outputs = np.where(warm[:, None], factors.outputs + shares[:, None] * maps.beside, 0).astype(np.float32)
    return replace(factors, inputs=inputs, outputs=outputs)


def _more(settings: Settings) -> float:
    return max(0.0, (settings.cold_scale or 0.0) - (settings.warm_text_scale or 0.0))


def _giving_way(split: Split, halfway: float | None) -> Floats:
    """float32 [I + 1]: from 1 with no interaction through a half to nothing."""
    halfway = halfway or 0.0
    return np.asarray(halfway / np.maximum(split.item_counts + halfway, 1e-6), np.float32)
