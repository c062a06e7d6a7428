"""What every objective shares: float32, and one way to average."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold._keras import keras


class Objective(keras.layers.Layer):
    """Base of the objectives: plain tensors in, one float32 number out, in nats unless said otherwise.

    Losses are computed in float32 whatever the policy: a sum of exponentials over a catalogue overflows float16.
    The result is the mean over the rows of this call. Under a `tf.distribute` strategy that is the mean over one
    replica's rows; divide by `num_replicas_in_sync` where gradients are summed over replicas.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    @staticmethod
    def wide(tensor: tf.Tensor) -> tf.Tensor:
        """`tensor` in float32. Keras casts the first argument of a call only."""
        return tf.cast(tensor, tf.float32)

    @staticmethod
    def mean(loss: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        """The mean of `loss` [B], weighted where `sample_weight` [B] is given; 0 for no rows, or none of weight."""
        weight = tf.ones_like(loss) if sample_weight is None else tf.cast(sample_weight, loss.dtype)
        return tf.math.divide_no_nan(tf.reduce_sum(weight * loss), tf.reduce_sum(weight))
