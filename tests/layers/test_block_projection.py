from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import BlockProjection


def test_one_linear_map_and_zeros_where_masked() -> None:
    layer = BlockProjection(1)
    layer.build([None, 2])
    layer.set_weights([np.array([[2.0], [3.0]]), np.array([10.0])])
    vectors = np.array([[1.0, 1.0], [np.nan, 1.0]], np.float32)

    # 2 + 3 + 10; the bias does not leak into the row without a vector
    np.testing.assert_array_equal(layer(vectors, np.array([True, False])), [[15], [0]])


def test_hidden_layer_is_activated_and_the_last_is_not() -> None:
    layer = BlockProjection(1, hidden_units=[2], use_bias=False)
    layer.build([None, 1])
    layer.set_weights([np.array([[1.0, -1.0]]), np.array([[2.0], [-4.0]])])

    # relu([3, -3]) = [3, 0] -> 6;  relu([-1, 1]) = [0, 1] -> -4, below zero
    np.testing.assert_array_equal(layer(np.array([[3.0], [-1.0]], np.float32)), [[6], [-4]])


def test_dropout_in_training_only() -> None:
    layer = BlockProjection(8, hidden_units=[64], dropout=0.5, seed=1)
    vectors = np.ones((1, 3), np.float32)

    np.testing.assert_array_equal(layer(vectors), layer(vectors))
    assert not np.array_equal(layer(vectors, training=True), layer(vectors))


def test_seed_fixes_kernels() -> None:
    vectors = np.ones((1, 3), np.float32)

    np.testing.assert_array_equal(BlockProjection(2, seed=1)(vectors), BlockProjection(2, seed=1)(vectors))
    assert not np.array_equal(BlockProjection(2, seed=1)(vectors), BlockProjection(2, seed=2)(vectors))


def test_width_out_of_range() -> None:
    with pytest.raises(InputError, match="must be positive; received 0"):
        BlockProjection(4, hidden_units=[0])
