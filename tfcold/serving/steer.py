"""Queries moved towards some things and away from others, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from tfcold.serving.ids import Ids

if TYPE_CHECKING:
    from tfcold.serving.recommender import Recommender

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_ROWS: Final = 65_536
_ROUNDING: Final = 1e-4  # of a spread: what is left of float32 where all was taken out


class Steers(Protocol):
    """What the argument `steer` of a recommender answers."""

    def directions(self, recommender: Recommender) -> tuple[Floats, Floats]:
        """Directions float32 [T, D] of the shared space and how strongly to go there, float32 [T]."""
        ...

    @property
    def hidden(self) -> Ids:
        """Item ids, object [N], that are not to be listed."""
        ...


def moved(query: Floats, directions: Floats, strengths: Floats, candidates: Floats, common: Floats) -> Floats:
    """The queries [B, D + 1] moved along the directions.

    `q' = q + sd(q) * sum_t strength_t u_t / sd(u_t)` with `u_t = d_t - cov(d_t, c) / var(c) * c`, where sd, cov and var
    are those of the scores over the items and c is the common direction. What every direction has in common with c
    raises the same items whatever was wished, popular or new ones, and would use up the strength; taken out, the scores
    of a wish do not go along with those of c. With strength 1 a direction moves scores as far as what is known of the
    user spreads them. Every direction counts for itself, so taking one away takes back what it did. Where nothing is
    known of the user, sd(q) is 1: the wishes alone make the list. A direction that is the common one moves nothing.

    Args:
        query: float32 [B, D + 1].
        directions: float32 [T, D].
        strengths: float32 [T]; below 0 is away from it.
        candidates: float32 [N, D + 1]. Items that can be listed.
        common: float32 [D]. What is wanted by somebody who wants nothing in particular; zeros take nothing out.
    """
    covariance = _covariance(candidates)
    wide = np.pad(directions.astype(np.float64), [(0, 0), (0, 1)])  # the prior stays as it is
    everything = np.append(common.astype(np.float64), 0.0)
    own = _spread(query.astype(np.float64), covariance)
    own[own == 0] = 1.0
    before = _spread(wide, covariance)
    wide -= np.outer(_slopes(wide, everything, covariance), everything)
    spread = _spread(wide, covariance)
    shares = np.divide(strengths, spread, out=np.zeros_like(spread), where=spread > _ROUNDING * before)
    result: Floats = (query + own[:, None] * (shares @ wide)).astype(np.float32)
    return result


def _slopes(wide: Doubles, common: Doubles, covariance: Doubles) -> Doubles:
    """[T]: by how much the scores of each direction rise with those of the common one; 0 where that has no spread."""
    against = covariance @ common
    variance = float(common @ against)
    return wide @ against / variance if variance > 0 else np.zeros(len(wide))


def _covariance(table: Floats) -> Doubles:
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


def _spread(vectors: Doubles, covariance: Doubles) -> Doubles:
    return np.sqrt(np.maximum(np.einsum("bd,bd->b", vectors @ covariance, vectors), 0.0))
