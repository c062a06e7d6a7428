"""A softmax that can say exactly zero."""

from __future__ import annotations

import tensorflow as tf


@tf.custom_gradient
def entmax15(logits: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Probabilities `max(logits / 2 - tau, 0)^2`, with the threshold tau that makes them sum to 1.

    Between softmax (nothing is ever zero) and sparsemax (very little is not): weak candidates get exactly nothing.
    The threshold is exact, by sorting.

    Args:
        logits: floating [..., N]. Use float32.

    Returns: [..., N], in [0, 1], each vector summing to 1.

    References:
        Peters, Niculae & Martins 2019, Sparse Sequence-to-Sequence Models, ACL, algorithm 2.
    """
    logits = tf.convert_to_tensor(logits)
    halves = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / 2
    ordered = tf.sort(halves, axis=-1, direction="DESCENDING")
    size = tf.cast(tf.range(1, tf.shape(logits)[-1] + 1), logits.dtype)  # how many would be positive
    mean = tf.cumsum(ordered, axis=-1) / size
    spread = tf.cumsum(tf.square(ordered), axis=-1) - size * tf.square(mean)
    threshold = mean - tf.sqrt(tf.maximum((1 - spread) / size, 0))
    support = tf.reduce_sum(tf.cast(threshold <= ordered, tf.int32), axis=-1, keepdims=True)
    tau = tf.gather(threshold, support - 1, batch_dims=logits.shape.rank - 1)
    probabilities = tf.square(tf.maximum(halves - tau, 0))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        root = tf.sqrt(probabilities)
        flow = upstream * root
        mean_flow = tf.reduce_sum(flow, axis=-1, keepdims=True) / tf.reduce_sum(root, axis=-1, keepdims=True)
        return flow - mean_flow * root

    return probabilities, gradient
