"""Rows of a bundle with others in their place and after them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.serving.tables import Table


@pytest.mark.parametrize("scales", [None, [1.0, 2.0, 3.0, 4.0]])
def test_rows_that_moved_stand_in_for_those_of_the_bundle(scales):
    base = np.array([[0, 0], [1, 2], [3, 4], [9, 9]], np.int8 if scales else np.float32)  # the last one only fills up
    plain = Table.of(tf.constant(base), None if scales is None else tf.constant(scales), 3)
    table = plain.extended(np.array([[5, 6], [7, 8]], np.float32))
    moved = table.with_rows(np.array([4, 2], np.int32), np.array([[70, 80], [30, 40]], np.float32))
    again = moved.with_rows(np.array([1, 2], np.int32), np.array([[-1, -2], [-3, -4]], np.float32))
    two = 2.0 if scales else 1.0
    expected = [[0, 0], [two, 2 * two], [30, 40], [5, 6], [70, 80]]
    vectors = np.array([[1, 0], [0.5, 2]], np.float32)

    assert moved.rows().tolist() == expected
    assert moved.take(np.array([2, 4, 1, 2])).tolist() == [expected[row] for row in (2, 4, 1, 2)]
    np.testing.assert_allclose(moved.dot(vectors).numpy(), vectors @ np.transpose(expected), rtol=1e-6)
    assert again.rows().tolist() == [[0, 0], [-1, -2], [-3, -4], [5, 6], [70, 80]]
    assert again.moved.tolist() == [1, 2]
    assert table.rows()[4].tolist() == [7, 8]  # the one before goes on
