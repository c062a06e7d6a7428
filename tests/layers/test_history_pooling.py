from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import HistoryPooling

VECTORS = np.array([[[1.0], [2.0], [np.nan]], [[4.0], [5.0], [6.0]], [[7.0], [8.0], [9.0]]], np.float32)
MASK = np.array([[True, True, False], [True, True, True], [False, False, False]])


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.0, [3.0, 15.0, 0.0]),  # the sum
        (1.0, [1.5, 5.0, 0.0]),  # the mean
        (0.5, [3 / 2**0.5, 15 / 3**0.5, 0.0]),
    ],
)
def test_sum_over_a_power_of_the_number(alpha: float, expected: list[float]) -> None:
    np.testing.assert_allclose(HistoryPooling(alpha)(VECTORS, MASK)[:, 0], expected, rtol=1e-6)


def test_weights_multiply_and_the_number_stays() -> None:
    weights = np.array([[2.0, 0.0, 9.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], np.float32)

    # row 0: (2 * 1 + 0 * 2) / 2
    np.testing.assert_allclose(HistoryPooling(1.0)(VECTORS, MASK, weights)[:, 0], [1, 5, 0], rtol=1e-6)


def test_history_of_no_places() -> None:
    pooled = HistoryPooling()(np.zeros((2, 0, 3), np.float32), np.zeros((2, 0), bool))

    np.testing.assert_array_equal(pooled, np.zeros((2, 3)))


def test_alpha_out_of_range() -> None:
    with pytest.raises(InputError, match=r"`alpha` must be in \[0, 1\]; received -1"):
        HistoryPooling(-1)
