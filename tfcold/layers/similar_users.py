"""What people with a similar history did besides."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.registration import export


@export("tfcold.layers.SimilarUsers")
class SimilarUsers(keras.layers.Layer):
    """Leans a short history towards the histories of the training users that are most like it.

    `out = x + strength |x| y / |y|` with `y = sum_m softmax_m(sharpness sqrt(n) cos(p, l_m)) l_m` after n clicks: an
    attention over landmarks `l_m`, the pooled histories of M training users, of which `p` is the query. With one click
    hardly anybody is more similar than another; with many, few users are left. It is user-kNN that ends in one vector,
    at M x D multiplications whatever the number of users. `strength` 0, the default, changes nothing.

    Args:
        dim: int, D > 0. Width of the history.
        num_users: int, M >= 0, default 0. Landmarks; with none, the layer changes nothing.

    Call args:
        history: floating [B, D]. `x`, what the user tower would have read.
        pooled: floating [B, D]. `p`, the pooled history as it is.
        counts: floating [B]. Length n of the history; below 1 counts as 1.

    Returns: [B, D] in the layer's compute dtype.

    Raises:
        InputError: `dim` below 1, or `num_users` below 0.

    Example:
        >>> import numpy as np
        >>> similar = SimilarUsers(2, num_users=2)
        >>> similar.set_weights_of(np.array([[3., 4.], [4., -3.]]), strength=1., sharpness=100.)
        >>> similar(np.array([[0., 2.]]), np.array([[0., 2.]]), np.array([1.])).numpy().round(3)
        array([[1.2, 3.6]], dtype=float32)

    References:
        Neighbourhoods of users: Resnick et al. 1994, GroupLens, CSCW. Attention as a kernel smoother: Nadaraya 1964,
        Watson 1964; the factor sqrt(n) is ours.
    """

    def __init__(self, dim: int, num_users: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, value, least in (("dim", dim, 1), ("num_users", num_users, 0)):
            if value < least:
                raise InputError(f"`{name}` must be at least {least}; received {value}")
        self.dim = dim
        self.num_users = num_users
        # float32 whatever the policy: what is chosen once is not rounded
        constant = {"trainable": False, "dtype": tf.float32, "experimental_autocast": False}
        self.landmarks = self.add_weight(name="landmarks", shape=(num_users, dim), initializer="zeros", **constant)
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros", **constant)
        self.sharpness = self.add_weight(name="sharpness", shape=(), initializer="ones", **constant)

    def set_weights_of(self, landmarks: npt.ArrayLike, strength: float, sharpness: float) -> None:
        """Sets the landmarks, floating [M, D], and how much and how sharply they count; see the class."""
        self.landmarks.assign(landmarks)
        self.strength.assign(strength)
        self.sharpness.assign(sharpness)

    def call(self, history: tf.Tensor, pooled: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        history = tf.cast(history, tf.float32)
        if self.num_users:
            pooled = tf.math.l2_normalize(tf.cast(pooled, tf.float32), axis=1)
            cosines = tf.matmul(pooled, tf.math.l2_normalize(self.landmarks, axis=1), transpose_b=True)
            sharpness = self.sharpness * tf.sqrt(tf.maximum(tf.cast(counts, tf.float32), 1.0))
            similar = tf.matmul(tf.nn.softmax(sharpness[:, None] * cosines), self.landmarks)
            length = tf.norm(history, axis=1, keepdims=True)
            history = history + self.strength * length * tf.math.l2_normalize(similar, axis=1)
        return tf.cast(history, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim, "num_users": self.num_users}
