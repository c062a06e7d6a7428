"""Vectors like those of a bundle: a spectrum that falls, lengths that differ, and a popularity prior as last column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def drawn(num: int, dim: int, seed: int) -> Floats:
    """float32 [num, dim + 1]."""
    random = np.random.default_rng(seed)
    spectrum = (1 / np.sqrt(1 + np.arange(dim + 1))).astype(np.float32)
    vectors = random.standard_normal((num, dim + 1), np.float32)
    vectors *= spectrum
    vectors *= random.lognormal(0, 0.3, (num, 1)).astype(np.float32)
    return vectors


def exact_lists(items: Floats, queries: Floats, k: int) -> npt.NDArray[np.int64]:
    """Rows [B, k] by NumPy, float32, best first."""
    found = []
    for query in np.array_split(queries, -(-len(queries) // 16)):
        scores = query @ items.T
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)
