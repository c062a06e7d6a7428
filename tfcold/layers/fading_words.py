"""A user's own words, which count less the more is known of what they did."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.ops import fading
from tfcold.registration import export


@export("tfcold.layers.FadingWords")
class FadingWords(keras.layers.Layer):
    """Scales what words say of a user by how little else is known: `out = strength / (1 + n) ** decay * x`.

    The same curve as that of `PopularityPrior`: words are a prior of the user's own, which stands back as the history
    grows to n interactions. Strength 1 and decay 0, the default, change nothing.

    Call args:
        vectors: floating [B, D].
        counts: floating [B]. Length n of the history.

    Returns: [B, D] in the layer's compute dtype.

    Example:
        >>> import numpy as np
        >>> fade = FadingWords()
        >>> fade.set_weights_of(strength=2., decay=1.)
        >>> fade(np.ones((2, 2), np.float32), np.array([0., 3.])).numpy()
        array([[2. , 2. ],
               [0.5, 0.5]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # float32 whatever the policy: what is chosen once is not rounded
        constant = {"shape": (), "trainable": False, "dtype": tf.float32, "experimental_autocast": False}
        self.strength = self.add_weight(name="strength", initializer="ones", **constant)
        self.decay = self.add_weight(name="decay", initializer="zeros", **constant)

    def set_weights_of(self, strength: float, decay: float) -> None:
        """Sets how much words count where nothing else is known, and how fast that fades; see the class."""
        self.strength.assign(strength)
        self.decay.assign(decay)

    def call(self, vectors: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        weight = tf.cast(fading(counts, self.strength, self.decay), self.compute_dtype)
        return tf.cast(vectors, self.compute_dtype) * weight[:, None]
