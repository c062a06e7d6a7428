"""Unit length without a division by zero."""

from __future__ import annotations

import tensorflow as tf

_SHORTEST = 1e-12


def l2_normalise(vectors: tf.Tensor) -> tf.Tensor:
    """Each vector divided by its length.

    A vector shorter than 1e-12 gives zeros, with a gradient of zeros: unlike `v / |v|`, whose gradient is NaN there,
    and unlike `tf.math.l2_normalize`, which leaves a short vector short.

    Args:
        vectors: floating [..., D]. Squares of half-precision vectors are summed in float32.

    Returns: [..., D] in the dtype of `vectors`.
    """
    vectors = tf.convert_to_tensor(vectors)
    wide = tf.cast(vectors, tf.float32) if vectors.dtype.size < 4 else vectors
    square = tf.reduce_sum(tf.square(wide), axis=-1, keepdims=True)
    long = square > _SHORTEST**2
    # both branches must be finite: a gradient of zero times infinity is NaN, whichever branch is taken
    unit = tf.where(long, wide * tf.math.rsqrt(tf.where(long, square, tf.ones_like(square))), tf.zeros_like(wide))
    return tf.cast(unit, vectors.dtype)
