"""Quality with its chance: whether a gain is more than the draw of users, and of new items, makes of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.evaluation.metrics import hits_of
from tfcold.evaluation.protocol import listed_blocks
from tfcold.ranking import Scorer

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Numbers = npt.NDArray[np.float64]

_KNOWN: Final = 1 / 3  # what known items count; the rest is for new ones


@dataclass(frozen=True)
class Gains:
    """NDCG, or a difference of it, by whom it comes to and by what it comes from.

    Args:
        by_user: float64 [B]. Of every user; its mean is the quality.
        by_item: float64 [N]. What each candidate brings to that mean, where it was found; they sum to it.
    """

    by_user: Numbers
    by_item: Numbers

    @property
    def mean(self) -> float:
        """The quality, or the gain."""
        return float(self.by_user.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean: users and items are both drawn, so their variances add up.

        References:
            Two-way arrays: Owen 2007, The pigeonhole bootstrap, Annals of Applied Statistics 1(2).
        """
        users, items = len(self.by_user), len(self.by_item)
        return float(np.sqrt(self.by_user.var() / users + self.by_item.var() * items))

    def __sub__(self, other: Gains) -> Gains:
        return Gains(self.by_user - other.by_user, self.by_item - other.by_item)


@dataclass(frozen=True)
class Evidence:
    """Quality among new items, and among known ones that were left out: as shares, so that neither drowns the other.

    Args:
        new: on cold validation rows.
        known: on warm ones, of which there may be ten times as many; None where there are none. It counts half as much,
            for it is not quite what is asked.
    """

    new: Gains
    known: Gains | None = None

    @property
    def mean(self) -> float:
        """Their weighted geometric mean."""
        return float(np.exp(sum(weight * np.log(max(part.mean, 1e-12)) for part, weight in self._parts)))

    def clearly_above(self, other: Evidence, errors: float = 2.0) -> bool:
        """Whether the mean of the gains over another, each as a share of it, is above so many standard errors."""
        gain, variance = 0.0, 0.0
        for (part, weight), (before, _) in zip(self._parts, other._parts, strict=True):
            weight /= max(before.mean, 1e-12)
            gain += weight * (part - before).mean
            variance += (weight * (part - before).error) ** 2
        return gain > errors * float(np.sqrt(variance))

    @property
    def _parts(self) -> list[tuple[Gains, float]]:
        return [(self.new, 1.0)] if self.known is None else [(self.new, 1 - _KNOWN), (self.known, _KNOWN)]


def gains_of(
    scorer: Scorer, split: Split, regime: str, k: int = 20, among: npt.NDArray[np.bool_] | None = None
) -> Gains:
    """NDCG@k on the validation rows of a regime.

    Args:
        among: bool [I + 1] or None. Only these items are listed, and only their rows are to be found.
    """
    if among is not None:
        rows = split.validation[regime]
        split = replace(split, validation={regime: rows[among[split.dataset.item_rows[rows]]]})
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)
    blocks = listed_blocks(scorer, split, regime, "validation", k)
    if among is not None:
        blocks = replace(blocks, candidates=blocks.candidates[among[blocks.candidates]])
    by_user, by_item = np.zeros(len(blocks.users)), np.zeros(len(split.warm_items))
    num_targets = np.diff(blocks.targets.indptr)[blocks.users]
    for block, listed, _ in blocks:
        gained = hits_of(listed, blocks.targets[blocks.users[block]]) * discount[: listed.shape[1]]
        gained /= ideal[np.minimum(num_targets[block], k) - 1][:, None]
        by_user[block] = gained.sum(axis=1)
        by_item += np.bincount(listed.ravel(), weights=gained.ravel(), minlength=len(by_item))
    return Gains(by_user, by_item[blocks.candidates] / len(by_user))


def evidence_of(scorer: Scorer, left_out: Scorer, split: Split, k: int, among: npt.NDArray[np.bool_]) -> Evidence:
    """NDCG@k among new items, and among known ones as if they were new.

    Args:
        scorer: scores cold items.
        left_out: scores warm items, each by what is told of it without itself.
        split: with cold validation rows; without warm ones of the items there is nothing to say of known ones.
        among: bool [I + 1]. The warm items that were left out: these are listed, and their rows are to be found.
    """
    new, rows = gains_of(scorer, split, "cold_item", k), split.validation.get("warm", np.zeros(0, np.int64))
    if not among[split.dataset.item_rows[rows]].any():
        return Evidence(new)
    return Evidence(new, gains_of(left_out, split, "warm", k, among))
