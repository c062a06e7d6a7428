"""A user as what they did."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._shapes import where_true
from tfcold.registration import export


@export("tfcold.layers.HistoryPooling")
class HistoryPooling(keras.layers.Layer):
    """One vector for a list of vectors: their sum over `n ** alpha`.

    `out = (sum_h w_h v_h) / n^alpha`, over the n places where `mask` is true. `alpha` 0 is the sum, 1 the mean; 0.5
    lets long histories speak louder, but not in proportion.

    Args:
        alpha: float in [0, 1], default 0.5.

    Call args:
        vectors: floating [B, H, D]. Both B and H may be unknown.
        mask: bool [B, H]. What stands where it is false does not matter, NaN included.
        item_weights: floating [B, H], or None for ones. n stays the number of places.

    Returns: [B, D] in the layer's compute dtype; zeros for a user without history.

    Raises:
        InputError: `alpha` out of range.

    Example:
        >>> import numpy as np
        >>> pool = HistoryPooling(alpha=1.)
        >>> pool(np.array([[[2.], [4.], [9.]]], np.float32), np.array([[True, True, False]])).numpy()
        array([[3.]], dtype=float32)

    References:
        Kabbur, Ning & Karypis 2013, FISM: Factored Item Similarity Models for Top-N Recommender Systems, KDD.
    """

    def __init__(self, alpha: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= alpha <= 1:
            raise InputError(f"`alpha` must be in [0, 1]; received {alpha}")
        self.alpha = alpha

    def call(self, vectors: tf.Tensor, mask: tf.Tensor, item_weights: tf.Tensor | None = None) -> tf.Tensor:
        vectors = where_true(mask, tf.cast(vectors, self.compute_dtype))
        if item_weights is None:
            total = tf.reduce_sum(vectors, axis=1)
        else:
            total = tf.einsum("bhd,bh->bd", vectors, tf.cast(item_weights, vectors.dtype))
        count = tf.reduce_sum(tf.cast(mask, tf.float32), axis=1, keepdims=True)
        return total * tf.cast(tf.maximum(count, 1.0) ** -self.alpha, vectors.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}
