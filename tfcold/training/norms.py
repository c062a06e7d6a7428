"""Whether new items gain by vectors of one length: chosen on cold validation rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tfcold.evaluation import evaluate
from tfcold.layers import NormShrinkage
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.settings import Settings
from tfcold.training.word_maps import WordMaps

if TYPE_CHECKING:
    from tfcold.splits.split import Split

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
_ERRORS: Final = 2.0  # standard errors that a gain must have


def choose_norms(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> Settings:
    """Settings with the share of `NormShrinkage` that is best among cold items, which no scale of them changes.

    0 where the gain over lengths as predicted is below two standard errors of its mean over users.
    """
    if settings.norm_shrinkage is not None:
        return settings
    sample = choose.validation_sample(split, seed=settings.seed)
    if not choose.has(sample, "cold_item"):
        return settings.with_(norm_shrinkage=0.0)
    history = np.where(split.warm_items[:, None], factors.inputs, maps.history)
    measured = {}
    for share in (0.0, *SHARES):
        candidates = with_norms(maps, split, settings.with_(norm_shrinkage=share)).candidates
        found = evaluate(DotScorer(history, candidates), sample, part="validation", regimes=["cold_item"], k=20)
        measured[share] = found.regime("cold_item").metrics[choose.METRIC]
    best = max(SHARES, key=lambda share: measured[share].mean())
    gains = measured[best] - measured[0.0]
    enough = gains.mean() > _ERRORS * gains.std() / np.sqrt(len(gains))
    chosen = best if enough else 0.0
    means = ", ".join(f"{share:g}: {values.mean():.4f}" for share, values in measured.items())
    logger.info("lengths of cold items towards one: %s -> %g", means, chosen)
    return settings.with_(norm_shrinkage=chosen)


def with_norms(maps: WordMaps, split: Split, settings: Settings) -> WordMaps:
    """The maps with candidates whose lengths are shrunk towards the mean of warm items' with words."""
    if not settings.norm_shrinkage:
        return maps
    lengths = np.linalg.norm(maps.candidates[split.warm_items], axis=1)
    norm = float(lengths[lengths > 0].mean()) if lengths.any() else 1.0
    shrink = NormShrinkage(dtype="float32")
    shrink.set_weights_of(settings.norm_shrinkage, norm)
    return replace(maps, candidates=shrink(maps.candidates).numpy(), norm=norm)
