"""Queries moved towards some things and away from others, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from tfcold.serving.ids import Ids

if TYPE_CHECKING:
    from tfcold.serving.recommender import Recommender

Floats = npt.NDArray[np.float32]

_ROWS: Final = 65_536


class Steers(Protocol):
    """What the argument `steer` of a recommender answers."""

    def directions(self, recommender: Recommender) -> tuple[Floats, Floats]:
        """Directions float32 [T, D] of the shared space and how strongly to go there, float32 [T]."""
        ...

    @property
    def hidden(self) -> Ids:
        """Item ids, object [N], that are not to be listed."""
        ...


def moved(query: Floats, directions: Floats, strengths: Floats, candidates: Floats) -> Floats:
    """The queries [B, D + 1] moved along the directions.

    `q' = q + sd(q) * sum_t strength_t d_t / sd(d_t)`, where sd is the standard deviation of the scores over the
    items: with strength 1 a direction moves scores as far as what is known of the user spreads them. Every direction
    counts for itself, so taking one away takes back what it did. Where nothing is known of the user, sd(q) is 1: the
    wishes alone make the list.

    Args:
        query: float32 [B, D + 1].
        directions: float32 [T, D].
        strengths: float32 [T]; below 0 is away from it.
        candidates: float32 [N, D + 1]. Items that can be listed.
    """
    covariance = _covariance(candidates)
    wide = np.pad(directions.astype(np.float64), [(0, 0), (0, 1)])  # the prior stays as it is
    own = _spread(query.astype(np.float64), covariance)
    own[own == 0] = 1.0
    spread = _spread(wide, covariance)
    shares = np.divide(strengths, spread, out=np.zeros_like(spread), where=spread > 0)
    result: Floats = (query + own[:, None] * (shares @ wide)).astype(np.float32)
    return result


def _covariance(table: Floats) -> npt.NDArray[np.float64]:
    """[D, D] of the rows, summed in blocks: a catalogue is not copied."""
    total = np.zeros(table.shape[1])
    squares = np.zeros((table.shape[1],) * 2)
    for start in range(0, len(table), _ROWS):
        block = table[start : start + _ROWS].astype(np.float64)
        total += block.sum(axis=0)
        squares += block.T @ block
    number = max(1, len(table))
    mean = total / number
    return squares / number - np.outer(mean, mean)


def _spread(vectors: npt.NDArray[np.float64], covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sqrt(np.maximum(np.einsum("bd,bd->b", vectors @ covariance, vectors), 0.0))
