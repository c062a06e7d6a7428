from __future__ import annotations

import numpy as np
import pytest

from tfcold.ops import nystroem_map, rbf_kernel


def unit_rows(num: int, width: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(num, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_rbf_kernel_is_exp_of_squared_distance() -> None:
    vectors, landmarks = unit_rows(3, 4, 0), unit_rows(2, 4, 1)
    squared = ((vectors[:, None] - landmarks[None]) ** 2).sum(axis=-1)

    np.testing.assert_allclose(rbf_kernel(vectors, landmarks, 0.7), np.exp(-0.7 * squared), rtol=1e-10)


def test_nystroem_map_is_the_inverse_square_root() -> None:
    kernel = np.array([[2.0, 1.0], [1.0, 2.0]])
    # eigenvalues 3 along [1, 1], 1 along [1, -1]: K^-1/2 has (1/sqrt 3 + 1) / 2 and (1/sqrt 3 - 1) / 2
    same, other = (3**-0.5 + 1) / 2, (3**-0.5 - 1) / 2

    np.testing.assert_allclose(nystroem_map(kernel), [[same, other], [other, same]], rtol=1e-10)


def test_nystroem_map_keeps_the_largest_eigenvalues() -> None:
    (first, second) = nystroem_map(np.array([[2.0, 1.0], [1.0, 2.0]]), dim=1).numpy()[:, 0]

    # the eigenvector of 3 is [1, 1] / sqrt 2, up to its sign, over sqrt 3
    assert abs(first) == pytest.approx(1 / np.sqrt(6))
    assert first == pytest.approx(second)


def test_nystroem_map_drops_what_two_equal_landmarks_share() -> None:
    mapped = nystroem_map(np.array([[1.0, 1.0], [1.0, 1.0]])).numpy()

    # eigenvalues 2 and 0: only [1, 1] / sqrt 2 stays, over sqrt 2
    np.testing.assert_allclose(mapped, np.full((2, 2), 1 / (2 * np.sqrt(2))), rtol=1e-6)
