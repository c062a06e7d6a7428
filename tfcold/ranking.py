"""One question for every recommender, and one way to turn its scores into lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Rows = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

BLOCK_CELLS = 32_000_000  # scores held at once: 128 MB of float32
_CACHE_CELLS = 1_000_000  # scores that `top_k` looks through at once: 4 MB stay in the processor's cache
_GROUPS_PER_LISTED = 8  # groups of columns in `top_k` per list entry; more of them let fewer scores stay, at a price


@dataclass(frozen=True)
class Queries:
    """Who asks, and what they are known to have done.

    Args:
        user_rows: int32 [B]. 0 for a user that training never saw.
        histories: float32 CSR [B, I + 1]. What each did that may be used to recommend to them (for a user of the
            training data: their training rows; for a new user: what was revealed). Column 0 is empty.
        word_rows: int32 [B] or None, which is `user_rows`. The rows whose own words (age, profile, ...) may be read: a
            user that training never saw has words all the same when the users table describes them.
    """

    user_rows: Rows
    histories: sp.csr_matrix
    word_rows: Rows | None = None

    def __len__(self) -> int:
        return len(self.user_rows)

    def __getitem__(self, part: slice) -> Queries:
        words = None if self.word_rows is None else self.word_rows[part]
        return Queries(self.user_rows[part], self.histories[part], words)


@runtime_checkable
class Scorer(Protocol):
    """A trained recommender in memory: every baseline, every model and every peer answers this."""

    name: str

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """Scores [B, N] of every candidate for every query; higher ranks first, `-inf` for "cannot say"."""
        ...


def blocks_of(num_queries: int, num_candidates: int) -> Iterator[slice]:
    """Slices of the queries such that one block of scores holds at most `BLOCK_CELLS` numbers."""
    size = max(1, BLOCK_CELLS // max(1, num_candidates))
    for start in range(0, num_queries, size):
        yield slice(start, min(num_queries, start + size))


def top_k(scores: Scores, k: int) -> tuple[npt.NDArray[np.int64], Scores]:
    """Positions and values of the `k` highest scores of each row, best first.

    Ties go to the lower position, so lists repeat exactly. A row with fewer than `k` finite scores ends in
    position -1 with score `-inf`.

    Args:
        scores: float32 [B, N]. `-inf` (or NaN) marks what must not be listed.
        k: int, at least 1. Larger than N is N.

    Returns: int64 [B, min(k, N)] and float32 of the same shape.
    """
    scores = np.ascontiguousarray(scores, np.float32)
    num_rows, width = scores.shape
    k = min(k, width)
    positions = np.full((num_rows, k), -1, np.int64)
    values = np.full((num_rows, k), -np.inf, np.float32)
    if k == 0:
        return positions, values
    step = max(1, _CACHE_CELLS // width)
    for start in range(0, num_rows, step):
        part = slice(start, start + step)
        _top_k_part(scores[part], k, positions[part], values[part])
    return positions, values


def _top_k_part(scores: Scores, k: int, positions: npt.NDArray[np.int64], values: Scores) -> None:
    """Fills `positions` and `values` [B, k]: drops what cannot be among the best, sorts the few that stay."""
    num_rows, width = scores.shape
    stays = np.flatnonzero(scores >= _bound(scores, k)[:, None])  # a NaN never stays
    row, position = np.divmod(stays, width)
    value = scores.reshape(-1)[stays]
    # One int64 key sorts by row, then by falling value: as integers, the bits of floats order like the floats once
    # those of negative ones are flipped; `+ 0` joins the two zeros. Stable, so ties keep the order of positions.
    bits = (value + np.float32(0)).view(np.int32).astype(np.int64)
    order = np.argsort((row << 33) - np.where(bits < 0, bits ^ 0x7FFFFFFF, bits), kind="stable")
    # `stays` and `order` list the rows one after the other, so an entry's place in its list is a difference
    first = np.searchsorted(row, np.arange(num_rows))
    place = np.arange(len(stays)) - first[row]
    listed = place < k
    at = row[listed], place[listed]
    positions[at] = position[order[listed]]
    values[at] = value[order[listed]]


def _bound(scores: Scores, k: int) -> Scores:
    """[B]: numbers that at least `k` scores of their row reach (or all finite ones), and not many more.

    The columns are dealt into groups; `k` groups have a maximum at least as high as the k-th highest maximum.
    """
    lowest = np.finfo(np.float32).min
    num_rows, width = scores.shape
    num_groups = _GROUPS_PER_LISTED * k
    depth = width // num_groups
    if depth < 2:
        return np.full(num_rows, lowest, np.float32)
    maxima = scores[:, : depth * num_groups].reshape(num_rows, depth, num_groups).max(axis=1)
    maxima = np.where(np.isnan(maxima), -np.inf, maxima)  # a group with a NaN vouches for nothing
    bound: Scores = np.partition(maxima, num_groups - k, axis=1)[:, num_groups - k]
    bound[np.isneginf(bound)] = lowest  # `-inf` would let everything stay
    return bound


def recommend_rows(
    scorer: Scorer,
    queries: Queries,
    item_rows: Rows,
    k: int,
    exclude: sp.csr_matrix | None = None,
) -> tuple[Rows, Scores]:
    """The `k` best candidates of every query, never holding more than one block of scores.

    Args:
        scorer: what ranks.
        queries: B of them.
        item_rows: int32 [N]. The candidates; distinct.
        k: int, at least 1.
        exclude: CSR [B, I + 1] or None. Stored cells are left out, whatever they hold.

    Returns: int32 [B, min(k, N)] item rows, 0 where the list ran out, and their float32 scores, `-inf` there.

    Raises:
        ValueError: the scorer answered in another shape than [B, N].
    """
    item_rows = np.asarray(item_rows, np.int32)
    k = min(k, len(item_rows))
    rows = np.zeros((len(queries), k), np.int32)
    values = np.full((len(queries), k), -np.inf, np.float32)
    if k == 0:
        return rows, values
    column = np.full(int(queries.histories.shape[1]), -1, np.int64)
    column[item_rows] = np.arange(len(item_rows))
    for part in blocks_of(len(queries), len(item_rows)):
        block = np.array(scorer.scores(queries[part], item_rows), np.float32)  # a copy: the scorer may keep its own
        asked = (part.stop - part.start, len(item_rows))
        if block.shape != asked:
            raise ValueError(
                f"`scores` of {scorer.name!r} must be [B, N] = {list(asked)}; received {list(block.shape)}"
            )
        if exclude is not None:
            hidden = exclude[part].tocoo()
            at = column[hidden.col]
            block[hidden.row[at >= 0], at[at >= 0]] = -np.inf
        positions, values[part] = top_k(block, k)
        rows[part] = np.where(positions < 0, 0, item_rows[positions])
    return rows, values
