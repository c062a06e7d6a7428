from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcold.ops import l2_normalise


def test_length_becomes_one() -> None:
    np.testing.assert_allclose(l2_normalise(np.array([[3.0, 4.0], [0.0, -2.0]])), [[0.6, 0.8], [0.0, -1.0]])


def test_zeros_stay_with_a_gradient_of_zeros() -> None:
    vectors = tf.Variable([[0.0, 0.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        unit = l2_normalise(vectors)
    gradient = tape.gradient(unit, vectors).numpy()

    np.testing.assert_array_equal(unit[0], [0, 0])
    np.testing.assert_array_equal(gradient[0], [0, 0])
    # d/dv sum(v / |v|) = (1 - u sum(u)) / |v| = ([1, 1] - [0.6, 0.8] * 1.4) / 5
    np.testing.assert_allclose(gradient[1], [(1 - 0.84) / 5, (1 - 1.12) / 5], rtol=1e-5)


def test_short_half_precision_vector_does_not_underflow() -> None:
    # 1e-4 squared is 1e-8, below what float16 can hold
    unit = l2_normalise(tf.constant([[1e-4, 0.0]], tf.float16))

    assert unit.dtype == tf.float16
    np.testing.assert_allclose(unit, [[1.0, 0.0]], rtol=1e-3)
