"""How far newcomers lean towards similar users: chosen on users set aside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.layers import HistoryShrinkage, SimilarUsers
from tfcold.progress import logger
from tfcold.training.newcomers import Asked, Newcomers
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Option = tuple[float, float]  # strength, sharpness

MOST: Final = 2048  # training users that newcomers are compared with
STRENGTHS: Final = (0.25, 0.5, 1.0, 2.0)
SHARPNESSES: Final = (5.0, 10.0, 20.0)
NOBODY: Final[Option] = (0.0, 1.0)
_LEAST_GAIN: Final = 0.005


def landmarks_of(split: Split, inputs: Floats, seed: int) -> Floats:
    """Pooled histories [M, D] of at most `MOST` training users, drawn.

    Args:
        split: its training rows are read.
        inputs: float32 [I + 1, D]. What items say in a history.
    """
    users = np.random.default_rng(seed).permutation(np.flatnonzero(split.warm_users))[:MOST]
    return np.asarray(split.train_matrix()[np.sort(users)] @ inputs, np.float32)


def choose_similar(newcomers: Newcomers | None, prior: Floats, settings: Settings) -> Settings:
    """Settings with how much, and how sharply, newcomers lean towards similar users.

    What is best on average over the users with one, three and ten known rows, each measured as a share of what it has
    without; nothing, where that gains less than half a percent and no strength is named.

    Args:
        newcomers: None where nobody could be spared.
        prior: float32 [I + 1]. The prior of an item, in the unit of the newcomers' scores, for `n` = 0.
        settings: with shrinkage and prior chosen.
    """
    if settings.similar_strength is not None and settings.similar_sharpness is not None:
        return settings
    if newcomers is None or not newcomers.asked:
        return settings.with_(similar_strength=NOBODY[0], similar_sharpness=NOBODY[1])
    strengths = STRENGTHS if settings.similar_strength is None else (settings.similar_strength,)
    sharpnesses = SHARPNESSES if settings.similar_sharpness is None else (settings.similar_sharpness,)
    landmarks = landmarks_of(newcomers.rest, newcomers.factors.inputs, settings.seed)
    options = [NOBODY, *product(strengths, sharpnesses)]
    found = np.array(
        [_along(newcomers, asked, landmarks, prior, settings, options) for asked in newcomers.asked.values()]
    )
    shares = (found / np.maximum(found[:, :1], 1e-9)).mean(axis=0)
    best = 1 + int(np.argmax(shares[1:]))
    if settings.similar_strength is None and shares[best] < 1 + _LEAST_GAIN:
        best = 0
    strength, sharpness = options[best]
    pairs = zip(newcomers.asked, found, strict=True)
    gains = ", ".join(f"{known} known {one[best]:.4f} (without: {one[0]:.4f})" for known, one in pairs)
    logger.info("similar users: strength %g, sharpness %g: %s", strength, sharpness, gains)
    return settings.with_(similar_strength=strength, similar_sharpness=sharpness)


def scores_of(newcomers: Newcomers, asked: Asked, prior: Floats, settings: Settings) -> Floats:
    """Scores [B, N] of newcomers by all that settings say of their histories, and the prior."""
    landmarks = landmarks_of(newcomers.rest, newcomers.factors.inputs, settings.seed)
    option = settings.similar_strength or 0.0, settings.similar_sharpness or 1.0
    return next(_scores(newcomers, asked, landmarks, prior, settings, [option]))


def _along(
    newcomers: Newcomers, asked: Asked, landmarks: Floats, prior: Floats, settings: Settings, options: list[Option]
) -> list[float]:
    """Mean NDCG@20 of each option."""
    found = _scores(newcomers, asked, landmarks, prior, settings, options)
    return [float(asked.ndcg(scores, newcomers.listed).mean()) for scores in found]


def _scores(
    newcomers: Newcomers, asked: Asked, landmarks: Floats, prior: Floats, settings: Settings, options: list[Option]
) -> Iterator[Floats]:
    factors, listed = newcomers.factors, newcomers.listed
    counts = asked.counts.astype(np.float32)
    pooled = np.asarray(asked.histories @ factors.inputs, np.float32)
    shrink, similar = HistoryShrinkage(factors.dim), SimilarUsers(factors.dim, len(landmarks))
    shrink.set_weights_of(factors.spectrum, settings.shrinkage or 0.0, settings.shrinkage_decay or 0.0)
    shrunk = shrink(pooled, counts)
    leaning = (1 + counts) ** -np.float32(settings.prior_curve[1])
    popular = leaning[:, None] * prior[listed]
    for strength, sharpness in options:
        similar.set_weights_of(landmarks, strength, sharpness)
        yield similar(shrunk, pooled, counts).numpy() @ factors.outputs[listed].T + popular
