from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import KernelFeatures


def unit_rows(num: int, width: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(num, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def rbf(first: np.ndarray, second: np.ndarray, gamma: float) -> np.ndarray:
    return np.exp(-gamma * ((first[:, None] - second[None]) ** 2).sum(axis=-1))


def test_products_are_the_kernel_between_landmarks() -> None:
    landmarks = unit_rows(4, 3, 0)
    layer = KernelFeatures(4, gamma=0.7)
    layer.adapt(landmarks)
    phi = layer(landmarks).numpy()

    np.testing.assert_allclose(phi @ phi.T, rbf(landmarks, landmarks, 0.7), atol=1e-4)


def test_products_approximate_the_kernel_elsewhere() -> None:
    landmarks, vectors = unit_rows(30, 3, 0), unit_rows(5, 3, 1)
    layer = KernelFeatures(30, gamma=0.7)
    layer.adapt(landmarks)
    phi = layer(vectors).numpy()

    np.testing.assert_allclose(phi @ phi.T, rbf(vectors, vectors, 0.7), atol=0.02)


def test_fewer_features_keep_most_of_the_kernel() -> None:
    landmarks = unit_rows(10, 3, 0)
    exact = rbf(landmarks, landmarks, 0.7)

    def error(dim: int) -> float:
        layer = KernelFeatures(10, gamma=0.7, dim=dim)
        layer.adapt(landmarks)
        phi = layer(landmarks).numpy()
        assert phi.shape == (10, dim)
        return float(np.linalg.norm(phi @ phi.T - exact))

    # what is lost is what the eigenvalues left out hold: Eckart & Young
    values = np.sort(np.linalg.eigvalsh(exact))
    assert error(4) == pytest.approx(np.linalg.norm(values[:6]), rel=1e-2)
    assert error(2) > error(4)


def test_masked_row_is_zeros() -> None:
    layer = KernelFeatures(2)
    layer.adapt(np.eye(2))
    phi = layer(np.eye(2, dtype=np.float32), np.array([False, True])).numpy()

    np.testing.assert_array_equal(phi[0], [0, 0])
    assert np.linalg.norm(phi[1]) == pytest.approx(1, rel=1e-4)  # k(t, t) = 1


def test_landmarks_of_another_length() -> None:
    with pytest.raises(InputError, match="1 of 2 have not, the first is row 1 with 0"):
        KernelFeatures(2).adapt(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_landmarks_of_another_number() -> None:
    with pytest.raises(InputError, match=r"must be \[3, T\]; received \[2, 2\]"):
        KernelFeatures(3).adapt(np.eye(2))


def test_dim_above_the_number_of_landmarks() -> None:
    with pytest.raises(InputError, match=r"in 1\.\.2, the number of landmarks; received 3"):
        KernelFeatures(2, dim=3).adapt(np.eye(2))


def test_a_map_of_the_callers_makes_predictions_of_a_kernel_regression() -> None:
    """k(e1, [e1, e2]) = [1, exp(-2)], times coefficients [[1, 0, 2], [0, 1, 0]]."""
    features = KernelFeatures(2, gamma=1.0, dim=3)
    features.set_map(np.eye(2), np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]))

    np.testing.assert_allclose(features(np.eye(2, dtype=np.float32))[0], [1.0, np.exp(-2.0), 2.0], rtol=1e-6)


def test_a_map_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"`kernel_map` must be \[2, 3\]; received \[2, 2\]"):
        KernelFeatures(2, dim=3).set_map(np.eye(2), np.eye(2))
