"""Newcomers to choose by: training users set aside, who get a few of their rows back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.evaluation.metrics import hits_of, ndcg
from tfcold.ranking import top_k
from tfcold.training.factors import Factors
from tfcold.training.settings import Settings
from tfcold.training.teacher import SEARCH_DIM, factors_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split

KNOWN: Final = (1, 3, 10)  # rows given back
_K: Final = 20
_MAX_USERS: Final = 700
_MAX_CELLS: Final = 12_000_000  # users x items ranked at once


@dataclass(frozen=True)
class Asked:
    """Users and what is to be found for them.

    Args:
        histories, targets: CSR [B, I + 1].
        users: int64 [B]. Their rows.
    """

    histories: sp.csr_matrix
    targets: sp.csr_matrix
    users: npt.NDArray[np.int64]

    @property
    def counts(self) -> npt.NDArray[np.float64]:
        """Lengths of the histories, float64 [B]."""
        return np.diff(self.histories.indptr).astype(np.float64)

    def ndcg(self, scores: npt.NDArray[np.float32], listed: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """NDCG@20 [B] of scores [B, N] of the item rows `listed` [N]; the histories' own are hidden there."""
        done = self.histories[:, listed].tocoo()
        scores[done.row, done.col] = -np.inf
        found, _ = top_k(scores, _K)
        hits = hits_of(np.where(found < 0, 0, listed[found]), self.targets)
        return np.asarray(ndcg(hits, np.diff(self.targets.indptr), _K))


@dataclass(frozen=True)
class Newcomers:
    """Users whom a narrower teacher has not seen.

    Args:
        rest: the split without them.
        factors: of the teacher of `rest`, as the towers add them up.
        asked: by rows given back, in the order of `KNOWN`.
        unknown: the same users with nothing given back.
    """

    rest: Split
    factors: Factors
    asked: Mapping[int, Asked]
    unknown: Asked

    @property
    def listed(self) -> npt.NDArray[np.int32]:
        """Item rows that are ranked."""
        return np.flatnonzero(self.rest.warm_items).astype(np.int32)


def most_users(split: Split) -> int:
    """Users ranked to choose by: fewer, the more items there are."""
    return int(np.clip(_MAX_CELLS // max(1, int(split.warm_items.sum())), 100, _MAX_USERS))


def newcomers_of(
    split: Split, settings: Settings, worded: Callable[[Factors], Factors] = lambda factors: factors
) -> Newcomers | None:
    """A tenth of the training users at most, set aside; None where nobody can be spared.

    Args:
        split: its training rows are read.
        settings: with the teacher, and the scales of words, chosen.
        worded: what makes factors as the towers add them up of a narrower teacher's, default the same.
    """
    held = _held_out(split, most_users(split), settings.seed)
    if held is None:
        return None
    rest, users = held
    rows = sp.csr_matrix(split.train_matrix()[users])
    unknown, *others = (_reveal(rows, users, known, rest.warm_items, settings.seed) for known in (0, *KNOWN))
    asked = {known: one for known, one in zip(KNOWN, others, strict=True) if len(one.counts)}
    return Newcomers(rest, worded(factors_of(rest, settings, SEARCH_DIM)), asked, unknown)


def _held_out(split: Split, limit: int, seed: int) -> tuple[Split, npt.NDArray[np.int64]] | None:
    """The split without the rows of some users, at most a tenth of them, and these; None where nobody can be spared."""
    users = split.dataset.user_rows[split.train]
    lengths = np.bincount(users, minlength=len(split.warm_users))
    able = np.flatnonzero(lengths > KNOWN[1])
    drawn = np.random.default_rng(seed).permutation(able)[: min(limit, int(split.warm_users.sum()) // 10)]
    if len(drawn) == 0:
        return None
    drawn = np.sort(drawn).astype(np.int64)
    is_held = np.zeros(len(lengths), np.bool_)
    is_held[drawn] = True
    rest = replace(
        split, train=split.train[~is_held[users]], validation={}, test={}, revealed=split.revealed[:0],
        protocol=f"{split.protocol}, users held out",
    )  # fmt: skip
    return rest, drawn


def _reveal(
    rows: sp.csr_matrix, users: npt.NDArray[np.int64], known: int, listed: npt.NDArray[np.bool_], seed: int
) -> Asked:
    """`known` rows of each user as history, drawn at random, the others to be found; users with nothing left go."""
    rows = sp.csr_matrix(rows.multiply(listed[None].astype(np.float32)))
    rows.eliminate_zeros()
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    ranked = np.lexsort((np.random.default_rng(seed).random(rows.nnz), owner))
    place = np.empty(rows.nnz, np.int64)
    place[ranked] = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], np.diff(rows.indptr))
    able = np.diff(rows.indptr) > known
    parts = []
    for keep in (place < known, place >= known):
        part = rows.copy()
        part.data = keep.astype(np.float32)
        part.eliminate_zeros()
        parts.append(sp.csr_matrix(part[able]))
    return Asked(parts[0], parts[1], users[able])
