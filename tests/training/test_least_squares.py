from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from tfcold.training import least_squares
from tfcold.training.least_squares import folded_in


def test_it_is_the_solution(monkeypatch) -> None:
    monkeypatch.setattr(least_squares, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(least_squares, "_CELLS_AT_ONCE", 4)
    rng = np.random.default_rng(0)
    done = (rng.random((7, 9)) < 0.4).astype(np.float32)
    done[2] = 0
    outputs = rng.standard_normal((9, 4)).astype(np.float32)
    found = folded_in(sp.csr_matrix(done), outputs, penalty=0.7, alpha=5.0, steps=8)

    for row, seen in enumerate(done):
        weights = 1 + 5 * seen
        left = outputs.T @ (weights[:, None] * outputs) + 0.7 * np.eye(4)
        np.testing.assert_allclose(found[row], np.linalg.solve(left, outputs.T @ (weights * seen)), atol=1e-4)


def test_no_rows() -> None:
    found = folded_in(sp.csr_matrix((0, 3), dtype=np.float32), np.ones((3, 2), np.float32), penalty=1.0, alpha=1.0)
    assert found.shape == (0, 2)


def test_rows_count_as_much_as_they_are() -> None:
    rng = np.random.default_rng(1)
    counts = rng.random((5, 9)) * (rng.random((5, 9)) < 0.5)
    outputs = rng.standard_normal((9, 4)).astype(np.float32)
    found = folded_in(sp.csr_matrix(counts, dtype=np.float32), outputs, penalty=0.7, alpha=5.0, steps=8)

    for row, count in enumerate(counts):
        weights = 1 + 5 * count
        left = outputs.T @ (weights[:, None] * outputs) + 0.7 * np.eye(4)
        np.testing.assert_allclose(found[row], np.linalg.solve(left, outputs.T @ (weights * (count > 0))), atol=1e-4)
