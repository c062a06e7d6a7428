"""How alike a user and an item are, in the user's own terms."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._shapes import last_axis, positive
from tfcold.ops.normalise import l2_normalise
from tfcold.registration import export


@export("tfcold.layers.WeightedDot")
class WeightedDot(keras.layers.Layer):
    """Logits of every candidate for every query: a dot product with weights that depend on the user.

    `logit_ui = sum_j S_uj u_j i_j / temperature`, with `S_u = 1 + W u + c`; W and c start at zero, so the first step
    is the plain dot product. S depends on the user alone: `fold` puts it, and the temperature, into the query, and
    `logit = fold(query) . unit(candidate)` stays a maximum inner product search.

    Args:
        per_user_weights: bool, default True. False is the plain dot product: S is 1, and there are no weights.
        normalise: bool, default False. Brings query and candidate to unit length first: a cosine.
        temperature: float > 0, default 1. Divides the logits. Use it here or in the objective, not in both.
        kernel_regularizer: Keras regularizer, its name or config, or None. On W.

    Call args:
        query: floating [B, D].
        candidates: floating [N, D].

    Returns: [B, N] in the layer's compute dtype.

    Raises:
        InputError: `temperature` out of range; a last axis that is not D.
    """

    def __init__(
        self,
        *,
        per_user_weights: bool = True,
        normalise: bool = False,
        temperature: float = 1.0,
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        positive("temperature", temperature)
        self.per_user_weights = per_user_weights
        self.normalise = normalise
        self.temperature = temperature
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: Any) -> None:
        self._width = int(input_shape[-1])
        if self.per_user_weights:
            self.kernel = self.add_weight(
                "kernel", [self._width, self._width], initializer="zeros", regularizer=self.kernel_regularizer
            )
            self.bias = self.add_weight("bias", [self._width], initializer="zeros")
        super().build(input_shape)

    def fold(self, query: tf.Tensor) -> tf.Tensor:
        """`S_u u / temperature`, [B, D]: the query to search with, among candidates as `unit` returns them."""
        query = self.unit(query)
        if not self.built:
            self.build(query.shape)
        last_axis("query", query, self._width)
        if self.per_user_weights:
            kernel, bias = tf.cast(self.kernel, query.dtype), tf.cast(self.bias, query.dtype)
            query = query * (1 + tf.matmul(query, kernel) + bias)
        return query / self.temperature

    def unit(self, vectors: tf.Tensor) -> tf.Tensor:
        """The vectors [..., D] at unit length where `normalise` is true, as they are where it is false."""
        vectors = tf.cast(vectors, self.compute_dtype)
        return l2_normalise(vectors) if self.normalise else vectors

    def pair(self, query: tf.Tensor, candidate: tf.Tensor) -> tf.Tensor:
        """The logit [B] of each query [B, D] with the candidate [B, D] beside it."""
        return tf.reduce_sum(self.fold(query) * self.unit(candidate), axis=-1)

    def call(self, query: tf.Tensor, candidates: tf.Tensor) -> tf.Tensor:
        candidates = self.unit(candidates)
        last_axis("candidates", candidates, self._width)
        return tf.matmul(self.fold(query), candidates, transpose_b=True)

    def get_config(self) -> dict[str, Any]:
        config = {
            "per_user_weights": self.per_user_weights,
            "normalise": self.normalise,
            "temperature": self.temperature,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
        return {**super().get_config(), **config}
