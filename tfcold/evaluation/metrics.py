"""Quality of lists, one number a user; spread of lists, one number over all of them. NumPy, no loops over users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.ranking import Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Hits = npt.NDArray[np.bool_]


def hits_of(listed: Rows, targets: sp.csr_matrix) -> Hits:
    """True where a listed item is one of the user's targets.

    Args:
        listed: int32 [B, K]. Item rows, best first; 0 where the list ran out, which never is a hit.
        targets: CSR [B, I + 1] with an empty column 0. Stored cells are the targets, whatever they hold.

    Returns: bool [B, K].
    """
    targets = targets.copy()
    targets.sort_indices()
    width = targets.shape[1]
    # one number a (user, item) cell; those of the targets come out sorted
    keys = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr)) * width + targets.indices
    if not len(keys):
        return np.zeros(listed.shape, np.bool_)
    asked = np.arange(len(listed))[:, None] * width + listed
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    found: Hits = keys[at] == asked
    return found


def ndcg(hits: Hits, num_targets: Ints, k: int) -> Floats:
    """Normalised discounted cumulative gain at `k` with binary gains, in [0, 1].

    `sum over hits of 1 / log2(rank + 1)`, over the same sum for a list that starts with all targets:
    `min(num_targets, k)` of them.

    Args:
        hits: bool [B, K]. Which entries of the list are targets, best first; K may be less than `k`.
        num_targets: int [B], at least 1.
        k: int, at least 1.

    Returns: float64 [B]. An empty list scores 0.

    References: Jarvelin and Kekalainen 2002, Cumulated gain-based evaluation of IR techniques.
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(num_targets, k) - 1]
    gained: Floats = hits[:, :k] @ discount[: hits.shape[1]]
    normalised: Floats = gained / ideal
    return normalised


def recall(hits: Hits, num_targets: Ints, k: int) -> Floats:
    """Share of a user's targets among the first `k`, over all of them even where they exceed `k`; else as `ndcg`."""
    found: Floats = np.divide(hits[:, :k].sum(axis=1), num_targets, dtype=np.float64)
    return found


def hit(hits: Hits, num_targets: Ints, k: int) -> Floats:
    """1 for a user with at least one target among the first `k`, else 0; arguments as in `ndcg`."""
    found: Floats = np.asarray(hits[:, :k].any(axis=1), np.float64)
    return found


def mrr(hits: Hits, num_targets: Ints, k: int) -> Floats:
    """1 over the rank of the first target among the first `k`, 0 without one; arguments as in `ndcg`."""
    cut = hits[:, :k]
    if not cut.shape[1]:
        return np.zeros(len(cut))
    first = np.argmax(cut, axis=1)  # 0 also where there is none
    reciprocal: Floats = cut.any(axis=1) / (1 + first)
    return reciprocal


METRICS: Final[Mapping[str, Callable[[Hits, Ints, int], Floats]]] = {
    "ndcg": ndcg,
    "recall": recall,
    "hit": hit,
    "mrr": mrr,
}


def coverage(counts: Ints) -> float:
    """Share of the candidates that stand in at least one list, in [0, 1].

    Args:
        counts: int [N]. In how many lists each candidate stands.
    """
    return float((counts > 0).mean()) if len(counts) else 0.0


def gini(counts: Ints) -> float:
    """Inequality of how often candidates are listed: 0 when all equally often, near 1 when few take all.

    `sum_i (2 i - N - 1) c_i / (N sum c)` with counts `c` in rising order, i from 1. 0 when nothing is listed.

    Args:
        counts: int [N]. In how many lists each candidate stands.
    """
    total = counts.sum()
    if not total:
        return 0.0
    size = len(counts)
    weights = 2 * np.arange(1, size + 1) - size - 1
    return float((weights * np.sort(counts)).sum() / (size * total))


def novelty(counts: Ints, num_rows: Ints, num_users: int) -> float:
    """Mean self-information of what is listed, in bits: `-log2 p(item)`, over all list entries.

    `p(item)` is the share of training users with a row of the item. A cold item has none and counts as if it had one:
    it is as novel as the rarest warm item, `log2(num_users)`, not infinitely so. NaN when nothing is listed.

    Args:
        counts: int [N]. In how many lists each candidate stands.
        num_rows: int [N]. Training rows of each candidate.
        num_users: int. Users with a training row.

    References: Zhou et al. 2010, Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS.
    """
    total = counts.sum()
    if not total:
        return float("nan")
    bits = np.log2(max(num_users, 1)) - np.log2(np.maximum(num_rows, 1))
    return float((counts * bits).sum() / total)
