"""The blocks of a row as one vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._shapes import build_named
from tfcold.layers.block_projection import BlockProjection
from tfcold.layers.fusion import FusionInputs


class BlockMean(keras.layers.Layer):
    """Every block brought to width D by one linear map, then the mean over those a row has; zeros for none."""

    def __init__(
        self, dim: int, block_dims: Mapping[str, int], *, kernel_regularizer: Any, seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dim = dim
        self._widths = dict(block_dims)
        self._projections = {
            name: BlockProjection(
                dim,
                use_bias=False,
                kernel_regularizer=kernel_regularizer,
                seed=None if seed is None else seed + place,
                name=f"project_{name}",
                dtype=self.dtype_policy,
            )
            for place, name in enumerate(block_dims)
        }

    def build_all(self) -> None:
        for name, projection in self._projections.items():
            build_named(projection, self._widths[name])
        self.built = True

    def call(self, inputs: FusionInputs) -> tf.Tensor:
        dtype = inputs.id_embedding.dtype
        total = tf.zeros([tf.shape(inputs.is_cold)[0], self.dim], dtype)
        count = tf.zeros_like(inputs.is_cold, dtype)
        for name, vectors in inputs.blocks.items():
            total += self._projections[name](vectors, inputs.present[name])
            count += tf.cast(inputs.present[name], dtype)
        return total / tf.maximum(count, 1)[:, tf.newaxis]
