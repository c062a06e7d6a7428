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
    """Settings with the penalty under which words say best how popular new items become; 0 where they cannot.

    By the correlation with the logarithm of the rows that cold validation items have. It must be clear of chance by two
    standard errors, and users with a history must not lose by it.

    Args:
        split: with validation rows.
        told: factors of warm items as both towers add them up.
        cold: as in `direction_of`.
        settings: with the prior chosen.
    """
    if settings.cold_prior_penalty is not None:
        return settings
    if not choose.has(split, "cold_item") or not cold.any():
        return settings.with_(cold_prior_penalty=0.0)
    counts = np.bincount(split.dataset.item_rows[split.validation["cold_item"]], minlength=len(cold))
    asked = np.flatnonzero((counts > 0) & cold.any(axis=1))
    if len(asked) < 3:
        return settings.with_(cold_prior_penalty=0.0)
    known = np.log1p(counts[asked])

    def correlation(penalty: float) -> float:
        said = cold[asked] @ direction_of(split, cold, penalty)
        return float(np.corrcoef(said, known)[0, 1]) if said.std() and known.std() else 0.0

    penalty = choose.best_of("popularity of cold items", PENALTIES, correlation)
    if correlation(penalty) < 2 / np.sqrt(len(asked)):
        return settings.with_(cold_prior_penalty=0.0)
    sample = choose.sample_of(split, settings)
    candidates = np.where(split.warm_items[:, None], told.outputs, cold)
    prior = cold @ direction_of(split, cold, penalty)
    strength, decay = settings.prior_strength or 0.0, 1.0 if settings.prior_decay is None else settings.prior_decay
    scorer = DotScorer(
        told.inputs, candidates, prior=prior, prior_weight=lambda counts: strength / (1 + counts) ** decay
    )
    without, found = (choose.quality(one, sample, "cold_item") for one in (replace(scorer, prior=None), scorer))
    logger.info("cold items without their prior %.4f, with it %.4f", without, found)
    return settings.with_(cold_prior_penalty=penalty if found >= without * (1 - _TOLERANCE) else 0.0)
