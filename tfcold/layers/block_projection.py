"""One block of vectors, brought to the shared width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._shapes import build_named, positive, where_true
from tfcold.layers._shapes import rate as check_rate
from tfcold.registration import export


@export("tfcold.layers.BlockProjection")
class BlockProjection(keras.layers.Layer):
    """A block's vectors at width D, through dense layers; zeros where there is no vector.

    `out = mask * (W_n f(... f(W_1 t + c_1)) + c_n)`, `f` the activation, with dropout before every dense layer but
    the first. Without hidden units it is one linear map.

    Args:
        dim: int D > 0. Width of the output.
        hidden_units: sequence of int, default none. Widths of the layers between.
        activation: str or callable, default "relu". Of the hidden layers; the last is linear.
        dropout: float in [0, 1), default 0. Applied to every hidden layer.
        use_bias: bool, default True.
        kernel_regularizer: Keras regularizer, its name or config, or None. On every kernel.
        seed: int or None. Fixes initial kernels and dropout.

    Call args:
        vectors: floating [..., T].
        mask: bool [...], or None when every row has a vector.
        training: bool, for the dropout.

    Returns: [..., D] in the layer's compute dtype.

    Raises:
        InputError: an argument out of range.
    """

    def __init__(
        self,
        dim: int,
        *,
        hidden_units: Sequence[int] = (),
        activation: Any = "relu",
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for units in (dim, *hidden_units):
            positive("dim` and `hidden_units", units)
        check_rate("dropout", dropout)
        self.dim = dim
        self.hidden_units = tuple(hidden_units)
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.use_bias = use_bias
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed = seed
        widths = (*self.hidden_units, dim)
        self._dense = [self._dense_layer(place, units) for place, units in enumerate(widths)]
        self._dropouts = [
            keras.layers.Dropout(dropout, seed=None if seed is None else seed + place, dtype=self.dtype_policy)
            for place in range(len(self.hidden_units))
        ]

    def _dense_layer(self, place: int, units: int) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            activation=self.activation if place < len(self.hidden_units) else None,
            use_bias=self.use_bias,
            kernel_initializer=keras.initializers.GlorotUniform(None if self.seed is None else self.seed + place),
            kernel_regularizer=self.kernel_regularizer,
            name=f"dense_{place}",
            dtype=self.dtype_policy,
        )

    def build(self, input_shape: Any) -> None:
        width = int(input_shape[-1])
        for dense in self._dense:
            build_named(dense, width)
            width = dense.units
        super().build(input_shape)

    def call(
        self, vectors: tf.Tensor, mask: tf.Tensor | None = None, training: tf.Tensor | bool | None = None
    ) -> tf.Tensor:
        hidden = tf.cast(vectors, self.compute_dtype)
        if mask is not None:
            hidden = where_true(mask, hidden)
        for place, dense in enumerate(self._dense):
            if place:
                hidden = self._dropouts[place - 1](hidden, training=training)
            hidden = dense(hidden)
        return hidden if mask is None else where_true(mask, hidden)

    def get_config(self) -> dict[str, Any]:
        config = {
            "dim": self.dim,
            "hidden_units": list(self.hidden_units),
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
