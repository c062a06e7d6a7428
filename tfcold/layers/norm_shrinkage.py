"""Vectors whose lengths go towards one length."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from tfcold._keras import keras
from tfcold.registration import export

_LEAST_SQUARE: Final = 1e-24  # of a length that is divided by


@export("tfcold.layers.NormShrinkage")
class NormShrinkage(keras.layers.Layer):
    """Keeps the directions of vectors and takes their lengths a share of the way to one length.

    `out = x ((1 - share) + share * norm / |x|)`. Predicted item vectors differ in length by how much their words
    resemble what is known, which is not how much an item is liked; where that is so, lists gain by one length for all.
    `share` 0, the default, changes nothing. Zeros stay zeros.

    Call args:
        vectors: floating [B, D].

    Returns: [B, D] in the layer's compute dtype.

    Example:
        >>> import numpy as np
        >>> shrink = NormShrinkage()
        >>> shrink.set_weights_of(share=0.5, norm=1.)
        >>> shrink(np.array([[3., 4.], [0., 0.5]], np.float32)).numpy().round(3)
        array([[1.8 , 2.4 ],
               [0.  , 0.75]], dtype=float32)

    References:
        The formula: norm shrinkage of items at export, Cold-PopBias, RecSys 2025, there against the bias of popular
        items, `x (|x| + a mean) / ((1 + a) |x|)` with `a = share / (1 - share)`; here on what words predict alone.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # float32 whatever the policy: what is chosen once is not rounded
        constant = {"shape": (), "trainable": False, "dtype": tf.float32, "experimental_autocast": False}
        self.share = self.add_weight(name="share", initializer="zeros", **constant)
        self.norm = self.add_weight(name="norm", initializer="ones", **constant)

    def set_weights_of(self, share: float, norm: float) -> None:
        """Sets how far lengths go, in [0, 1], and where to, above 0."""
        self.share.assign(share)
        self.norm.assign(norm)

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        exact = tf.cast(vectors, tf.float32)
        squares = tf.reduce_sum(tf.square(exact), axis=-1, keepdims=True)
        scale = (1.0 - self.share) + self.share * self.norm * tf.math.rsqrt(tf.maximum(squares, _LEAST_SQUARE))
        return tf.cast(exact * scale, self.compute_dtype)
