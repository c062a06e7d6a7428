"""Which words stand beside what is known of an item, and of which length: chosen on validation rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.layers import NormShrinkage
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.gains import evidence_of
from tfcold.training.settings import Settings
from tfcold.training.word_maps import WordMaps

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
WARM_SHARES: Final = (0.5, 1.0)
WARM_SCALES: Final = (0.2, 0.4, 0.8, 1.2, 1.8)  # of words beside what is known, each share with the best of them
_CUT: Final = 20
_ERRORS: Final = (1.5, 2.0)  # standard errors by which lengths towards one must be better: the best, and others
_TOLERANCE: Final = 0.002


def choose_norms(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> Settings:
    """Settings with the shares of `NormShrinkage`: for cold items, and for what words add to warm ones.

    The first is the best among cold items, which no scale of them changes, and among known ones that are left out
    (`gains.Evidence`), of those that are clearly better than lengths as predicted: the best of all by one and a half
    standard errors, another by two; 0 where none is. The second is the best among warm items, each share with the scale
    that suits it; so is whether each of these is left out of what words say of it (`leave_out`).
    """
    sample = choose.sample_of(split, settings)
    if settings.norm_shrinkage is None:
        settings = settings.with_(norm_shrinkage=_for_cold(sample, factors, maps))
    return _for_warm(sample, factors, maps, settings)


def _for_cold(sample: Split, factors: Factors, maps: WordMaps) -> float:
    if not choose.has(sample, "cold_item"):
        return 0.0
    history = np.where(sample.warm_items[:, None], factors.inputs, maps.history)
    known = sample.warm_items & maps.left_out.any(axis=1)
    measured = {}
    for share in (0.0, *SHARES):
        words = maps.candidates.copy()
        words[known] = _shrunk(maps.left_out[known], share, _length(maps.left_out, sample))
        words[~known] = _shrunk(words[~known], share, _length(maps.candidates, sample))
        scorer = DotScorer(history, words)
        measured[share] = evidence_of(scorer, scorer, sample, _CUT, known)
    best = max(SHARES, key=lambda share: measured[share].mean)
    able = [share for share in SHARES if measured[share].clearly_above(measured[0.0], _ERRORS[share != best])]
    chosen = max(able, key=lambda share: measured[share].mean, default=0.0)
    means = ", ".join(f"{share:g}: {found.mean:.4f}" for share, found in measured.items())
    logger.info("lengths of cold items towards one: %s -> %g", means, chosen)
    return chosen


def _for_warm(sample: Split, factors: Factors, maps: WordMaps, settings: Settings) -> Settings:
    sides = (True, False) if settings.leave_out is None else (settings.leave_out,)
    shares = (0.0, *WARM_SHARES) if settings.warm_norm_shrinkage is None else (settings.warm_norm_shrinkage,)
    if not choose.has(sample, "warm") or settings.warm_text_scale == 0:
        sides, shares = sides[:1], shares[:1]
    scales = WARM_SCALES if settings.warm_text_scale is None else (settings.warm_text_scale,)

    def measured(option: Settings) -> float:
        words = with_norms(maps, sample, option).beside
        scorers = (DotScorer(factors.inputs, factors.outputs + np.float32(scale) * words) for scale in scales)
        return max(choose.quality(scorer, sample, "warm") for scorer in scorers)

    options = [settings.with_(leave_out=side, warm_norm_shrinkage=share) for side in sides for share in shares]
    if len(options) == 1:
        return options[0]
    found = [measured(option) for option in options]
    for option, value in zip(options, found, strict=True):
        said = "left out" if option.leave_out else "as predicted"
        logger.info("words of warm items %s, lengths towards one %g: %.4f", said, option.warm_norm_shrinkage, value)
    return next(option for option, value in zip(options, found, strict=True) if value >= max(found) * (1 - _TOLERANCE))


def with_norms(maps: WordMaps, split: Split, settings: Settings) -> WordMaps:
    """The maps, `candidates` with lengths shrunk towards the mean of warm items with words, and `beside` likewise.

    The latter is what settings say of the former and of `left_out`, without the columns in which no warm item is known.
    """
    norm = _length(maps.candidates, split)
    beside = maps.candidates if settings.leave_out is False else maps.left_out
    if maps.known < beside.shape[1]:
        beside = beside.copy()
        beside[:, maps.known :] = 0
    return replace(
        maps,
        candidates=_shrunk(maps.candidates, settings.norm_shrinkage, norm),
        beside=_shrunk(beside, settings.warm_norm_shrinkage, _length(beside, split)),
        norm=norm,
    )


def _length(words: Floats, split: Split) -> float:
    """The mean length of what words say of warm items."""
    lengths = np.linalg.norm(words[split.warm_items], axis=1)
    return float(lengths[lengths > 0].mean()) if lengths.any() else 1.0


def _shrunk(words: Floats, share: float | None, norm: float) -> Floats:
    if not share:
        return words
    shrink = NormShrinkage(dtype="float32")
    shrink.set_weights_of(share, norm)
    return np.asarray(shrink(words))
