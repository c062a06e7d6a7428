"""The nonlinear branch of a fusion, silent at the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._shapes import build_named


class ResidualBranch(keras.layers.Layer):
    """Dense layers whose last kernel starts at zero: at first the branch adds nothing, and can learn to.

    `out = W_n f(... f(W_1 x + c_1) ...)`, without a bias at the end.
    """

    def __init__(
        self,
        dim: int,
        *,
        hidden_units: Sequence[int],
        activation: Any,
        dropout: float = 0.0,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._hidden = [
            keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=keras.initializers.GlorotUniform(None if seed is None else seed + place),
                kernel_regularizer=kernel_regularizer,
                name=f"hidden_{place}",
                dtype=self.dtype_policy,
            )
            for place, units in enumerate(hidden_units)
        ]
        self._dropouts = [
            keras.layers.Dropout(dropout, seed=None if seed is None else seed + place, dtype=self.dtype_policy)
            for place in range(len(hidden_units))
        ]
        self._last = keras.layers.Dense(
            dim,
            use_bias=False,
            kernel_initializer="zeros",
            kernel_regularizer=kernel_regularizer,
            name="last",
            dtype=self.dtype_policy,
        )

    def build(self, input_shape: Any) -> None:
        width = int(input_shape[-1])
        for dense in [*self._hidden, self._last]:
            build_named(dense, width)
            width = dense.units
        super().build(input_shape)

    def call(self, vectors: tf.Tensor, training: tf.Tensor | bool | None = None) -> tf.Tensor:
        for dense, dropout in zip(self._hidden, self._dropouts, strict=True):
            vectors = dropout(dense(vectors), training=training)
        return self._last(vectors)
