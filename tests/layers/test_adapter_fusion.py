from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.layers import AdapterFusion

ID = tf.constant([[1.0, 2.0]])
TEXT = {"text": tf.constant([[3.0]])}
PRESENT = {"text": tf.constant([True])}
WARM = tf.constant([False])


def adapter() -> AdapterFusion:
    fusion = AdapterFusion(2, {"text": 1}, bottleneck=3, activation="tanh", seed=1)
    fusion.set_linear(id_kernel=np.eye(2), block_kernels={"text": np.array([[10.0, 0.0]])})
    return fusion


def test_starts_as_the_frozen_sum() -> None:
    # [1, 2] + 3 [10, 0]
    np.testing.assert_array_equal(adapter()(ID, TEXT, PRESENT, WARM), [[31, 2]])


def test_only_the_bottleneck_learns() -> None:
    fusion = adapter()
    up = next(weight for weight in fusion.trainable_weights if "last" in weight.name)
    up.assign(np.ones(up.shape))
    with tf.GradientTape() as tape:
        tape.watch([ID, TEXT["text"]])
        loss = tf.reduce_sum(fusion(ID, TEXT, PRESENT, WARM))
    fed = tape.gradient(loss, [ID, TEXT["text"], *fusion.trainable_weights])

    assert fed[:2] == [None, None]
    names = sorted(weight.name for weight in fusion.trainable_weights)
    assert names == [
        "bottleneck/hidden_0/bias:0",
        "bottleneck/hidden_0/kernel:0",
        "bottleneck/last/kernel:0",
        "prior:0",
    ]
    # U is two columns of ones: all of tanh(V x), twice
    down = next(weight for weight in fusion.trainable_weights if "hidden_0/kernel" in weight.name)
    hidden = np.tanh(np.array([[1.0, 2.0, 3.0, 1.0, 1.0]]) @ down.numpy())  # ID, text, and two flags: both present
    np.testing.assert_allclose(loss, 33 + 2 * hidden.sum(), rtol=1e-5)


def test_initial_map_keeps_angles() -> None:
    fusion = AdapterFusion(4, {"text": 3}, seed=1)
    fusion.build([None, 4])
    kernel = next(weight for weight in fusion.weights if "block/text" in weight.name).numpy()

    np.testing.assert_allclose(kernel @ kernel.T, np.eye(3), atol=1e-6)


def test_bottleneck_out_of_range() -> None:
    with pytest.raises(InputError, match="`bottleneck` must be positive; received 0"):
        AdapterFusion(2, {}, bottleneck=0)
