from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcold.ops import entmax15


def test_equal_logits_share_alike() -> None:
    np.testing.assert_allclose(entmax15(tf.zeros([1, 4])), np.full((1, 4), 0.25), rtol=1e-6)


def test_weak_candidate_gets_exactly_nothing() -> None:
    # halves [0, -2], tau for one alone: 0 - 1 = -1 > -2, so (0 + 1)^2 = 1 and nothing for the other
    np.testing.assert_array_equal(entmax15(tf.constant([[4.0, 0.0]])), [[1, 0]])


def test_two_close_candidates() -> None:
    # halves [0, -0.2]: mean -0.1, spread 0.02, tau = -0.1 - sqrt((1 - 0.02) / 2) = -0.8; squares 0.64 and 0.36
    np.testing.assert_allclose(entmax15(tf.constant([[1.0, 0.6]])), [[0.64, 0.36]], rtol=1e-5)


def test_gradient_is_that_of_finite_differences() -> None:
    logits = np.array([[0.3, 0.1, -0.2, -5.0]])
    weights = np.array([[1.0, -2.0, 0.5, 3.0]])
    with tf.GradientTape() as tape:
        at = tf.constant(logits)
        tape.watch(at)
        loss = tf.reduce_sum(entmax15(at) * weights)
    steps = 1e-6 * np.eye(4)
    differences = [float(tf.reduce_sum((entmax15(logits + s) - entmax15(logits - s)) * weights)) / 2e-6 for s in steps]

    np.testing.assert_allclose(tape.gradient(loss, at)[0], differences, atol=1e-6)
