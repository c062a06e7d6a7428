"""How popular a new item will be, read off its words: chosen on validation rows of cold items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.models.prior import popularity
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

PENALTIES: Final = (0.001, 0.01, 0.1, 1.0)  # of the mean squared length of an axis
_FEWEST: Final = 3  # cold items to tell by
SCALES: Final = (1.0, 0.3, 0.1, 0.01)
_TOLERANCE: Final = 0.002  # what cold items may lose by it among users whose history is known


def direction_of(split: Split, cold: Floats, penalty: float) -> Floats:
    """The direction [D] along which the vectors that words give to warm items say how popular these are.

    Args:
        split: its training rows are counted.
        cold: float32 [I + 1, D]. Candidates as words alone give them; zeros without words.
        penalty: float > 0. Ridge penalty, of the mean squared length of an axis.
    """
    taught = np.flatnonzero(split.warm_items & cold.any(axis=1))
    vectors = cold[taught].astype(np.float64)
    gram = vectors.T @ vectors
    gram[np.diag_indices_from(gram)] += max(penalty * np.trace(gram) / len(gram), 1e-30)
    return np.linalg.solve(gram, vectors.T @ popularity(split.item_counts)[taught]).astype(np.float32)


def choose_cold_prior(split: Split, told: Factors, cold: Floats, settings: Settings) -> Settings:
    """Settings with the penalty under which words say best how popular new items become, and how much that counts.

    The penalty goes by the correlation with the logarithm of the rows of cold validation items; 0 where it is not clear
    of chance by two standard errors. The scale is the largest by which users with a history lose nothing; the
    smallest only orders new items for those of whom nothing is known.

    Args:
        split: with validation rows.
        told: factors of warm items as both towers add them up.
        cold: as in `direction_of`.
        settings: with the prior chosen.
    """
    if settings.cold_prior_penalty is not None:
        return settings
    settings = settings.with_(cold_prior_penalty=_penalty(split, cold))
    if not settings.cold_prior_penalty or settings.cold_prior_scale is not None:
        return settings
    sample = choose.sample_of(split, settings)
    candidates = np.where(split.warm_items[:, None], told.outputs, cold)
    strength, decay = settings.prior_curve
    blank = DotScorer(told.inputs, candidates, prior_weight=lambda counts: strength / (1 + counts) ** decay)
    least = choose.quality(blank, sample, "cold_item") * (1 - _TOLERANCE)
    for scale in SCALES:
        settings = settings.with_(cold_prior_scale=scale)
        found = choose.quality(
            replace(blank, prior=cold @ chosen_direction(split, cold, settings)), sample, "cold_item"
        )
        logger.info("cold items with %g of their prior: %.4f, of at least %.4f", scale, found, least)
        if found >= least:
            break
    return settings


def chosen_direction(split: Split, cold: Floats, settings: Settings) -> Floats:
    """The direction [D] that settings describe: zeros where they leave it out."""
    if not settings.cold_prior_penalty:
        return np.zeros(cold.shape[1], np.float32)
    scale = 1.0 if settings.cold_prior_scale is None else settings.cold_prior_scale
    return np.float32(scale) * direction_of(split, cold, settings.cold_prior_penalty)


def _penalty(split: Split, cold: Floats) -> float:
    if not choose.has(split, "cold_item"):
        return 0.0
    counts = np.bincount(split.dataset.item_rows[split.validation["cold_item"]], minlength=len(cold))
    asked = np.flatnonzero((counts > 0) & cold.any(axis=1))
    known = np.log1p(counts[asked])
    if len(asked) < _FEWEST or not known.std():
        return 0.0

    def correlation(penalty: float) -> float:
        said = cold[asked] @ direction_of(split, cold, penalty)
        return float(np.corrcoef(said, known)[0, 1]) if said.std() else 0.0

    penalty = choose.best_of("popularity of cold items", PENALTIES, correlation)
    return penalty if correlation(penalty) > 2 / np.sqrt(len(asked)) else 0.0
