"""Warm rows that play cold."""

from __future__ import annotations

import random
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._shapes import rate as check_rate
from tfcold.layers._shapes import where_true
from tfcold.registration import export


@export("tfcold.layers.IdDropout")
class IdDropout(keras.layers.Layer):
    """ID embeddings of which a share is taken away in training, and the flag that says so.

    A model that always sees an ID never learns to do without. With chance `rate`, a row of the batch is treated as
    cold: its embedding becomes zeros and its `is_cold` flag is raised. Rows that are cold already have zeros too.

    Args:
        rate: float in [0, 1), default 0.
        seed: int or None. Fixes the draws. Their state is a variable, so a checkpoint resumes them where they were.

    Call args:
        id_embedding: floating [..., E].
        is_cold: bool [...].
        training: bool, default that of the model. Nothing is dropped when false.

    Returns: (id_embedding [..., E] in the layer's compute dtype, is_cold bool [...]).

    Raises:
        InputError: `rate` out of range.

    References:
        Volkovs et al. 2017, DropoutNet: Addressing Cold Start in Recommender Systems, NeurIPS; we raise a flag
        besides, so that a fusion can tell "absent" from "zero".
    """

    def __init__(self, rate: float = 0.0, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_rate("rate", rate)
        self.rate = rate
        self.seed = seed
        # without a seed, one from `random`, which `keras.utils.set_random_seed` sets
        self._generator = tf.random.Generator.from_seed(random.getrandbits(31) if seed is None else seed)

    def call(
        self, id_embedding: tf.Tensor, is_cold: tf.Tensor, training: tf.Tensor | bool | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        is_cold = tf.cast(is_cold, tf.bool)
        id_embedding = tf.cast(id_embedding, self.compute_dtype)
        if self.rate > 0 and training is not None and training is not False:
            draws = self._generator.uniform(tf.shape(is_cold), dtype=tf.float32)
            is_cold |= (draws < self.rate) & tf.cast(training, tf.bool)
        return where_true(~is_cold, id_embedding), is_cold

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
