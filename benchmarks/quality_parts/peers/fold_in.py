"""New users for methods that learn a vector for each user and say nothing of others."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float32]

SIZES: Final = (1, 2, 3, 5, 10, 20, 50)
LEAST_USERS: Final = 20
RIDGE: Final = 1e-2  # of the mean variance of a coordinate


class FoldIn:
    """Maps the mean item vector of a few interactions to the vector that training would have given their user.

    `u = [mean of item vectors, 1] W_n`, a ridge for each number n of interactions in `SIZES`, fitted on training users
    of whom n rows are drawn. With few rows it stays near the mean user, whose list is the popular one. This is ours,
    the same for every peer that has no way of its own.

    Args:
        item_vectors: [I + 1, D].
        user_vectors: [U + 1, D'].
        train: CSR [U + 1, I + 1]. The rows that made them.
        seed: int. Of the draws.
    """

    def __init__(self, item_vectors: Floats, user_vectors: Floats, train: sp.csr_matrix, seed: int) -> None:
        rng = np.random.default_rng(seed)
        counts = np.diff(train.indptr)
        self._items = item_vectors
        self._mean = user_vectors[counts > 0].mean(axis=0)
        self._maps: dict[int, Floats] = {}
        for size in SIZES:
            users = np.flatnonzero(counts > size)
            if len(users) < LEAST_USERS:
                break
            drawn = np.stack([_drawn(train, user, size, rng) for user in users])
            means = item_vectors[drawn].mean(axis=1)
            self._maps[size] = _ridge(means, user_vectors[users])

    def __call__(self, histories: sp.csr_matrix) -> Floats:
        """Vectors [B, D'] for histories, CSR [B, I + 1]; the mean user's where a history is empty."""
        counts = np.diff(histories.indptr)
        found = np.tile(self._mean, (len(counts), 1)).astype(np.float32)
        if not self._maps:
            return found
        sizes = np.array(list(self._maps))
        known = np.flatnonzero(counts > 0)
        nearest = sizes[np.abs(np.log(counts[known])[:, None] - np.log(sizes)[None]).argmin(axis=1)]
        means = np.asarray(histories[known] @ self._items, np.float32) / counts[known, None]
        for size in np.unique(nearest):
            part = nearest == size
            found[known[part]] = _with_one(means[part]) @ self._maps[int(size)]
        return found


def _drawn(train: sp.csr_matrix, user: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    return rng.permutation(train.indices[train.indptr[user] : train.indptr[user + 1]])[:size]


def _with_one(means: Floats) -> Floats:
    return np.hstack([means, np.ones((len(means), 1), np.float32)])


def _ridge(means: Floats, targets: Floats) -> Floats:
    inputs = _with_one(means).astype(np.float64)
    gram = inputs.T @ inputs
    penalty = RIDGE * max(float(means.var(axis=0).mean()), 1e-12) * len(means)
    gram[np.arange(means.shape[1]), np.arange(means.shape[1])] += penalty
    gram[-1, -1] += 1e-9
    return np.linalg.solve(gram, inputs.T @ targets).astype(np.float32)
