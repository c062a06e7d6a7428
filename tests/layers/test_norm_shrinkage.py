from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.layers import ConcatFusion, NormShrinkage

VECTORS = np.array([[3.0, 4.0], [0.0, -0.5], [0.0, 0.0]], np.float32)


@pytest.mark.parametrize(
    ("share", "lengths"),
    [(0.0, [5, 0.5, 0]), (0.5, [3.5, 1.25, 0]), (1.0, [2, 2, 0])],  # (1 - share) |x| + share 2
)
def test_lengths_go_a_share_of_the_way_and_directions_stay(share: float, lengths: list[float]) -> None:
    layer = NormShrinkage()
    layer.set_weights_of(share, 2.0)
    found = layer(VECTORS).numpy()

    np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths, rtol=1e-6)
    np.testing.assert_allclose(found[:, 0] * VECTORS[:, 1], found[:, 1] * VECTORS[:, 0], atol=1e-6)


def test_nothing_changes_until_it_is_told_to() -> None:
    np.testing.assert_array_equal(NormShrinkage()(VECTORS), VECTORS)


def test_gradients_of_zeros_are_finite() -> None:
    layer = NormShrinkage()
    layer.set_weights_of(0.5, 1.0)
    vectors = tf.Variable(VECTORS)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(vectors) ** 2)

    assert np.isfinite(tape.gradient(loss, vectors)).all()


def test_a_fusion_shrinks_what_words_say_and_not_the_id() -> None:
    fusion = ConcatFusion(2, {"text": 2}, identity_id=True, initial_cold_scale=3.0, initial_warm_text_scale=0.5)
    fusion.set_linear(block_kernels={"text": np.eye(2)})
    fusion.norms.set_weights_of(1.0, 10.0)
    words = {"text": np.array([[3.0, 4.0], [3.0, 4.0], [3.0, 4.0]], np.float32)}
    present = {"text": np.array([True, True, False])}
    found = fusion(np.array([[1.0, 1.0]] * 3, np.float32), words, present, np.array([False, True, False]))

    # words at length 10: [6, 8]; warm: [1, 1] + 0.5 [6, 8]; cold: 3 [6, 8]; without words: the ID
    np.testing.assert_allclose(found, [[4, 5], [18, 24], [1, 1]], rtol=1e-6)
