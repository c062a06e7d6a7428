"""Item rows, or the vectors of items nobody has touched, to the shared space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers import Fusion, IdDropout
from tfcold.registration import export


@export("tfcold.towers.ItemTower")
class ItemTower(keras.layers.Layer):
    """Fuses the ID embedding of an item with the features of its vector blocks.

    `c_i = fusion(id_dropout(E[i]), features_i)`. A cold item has no ID embedding: it is its features. The same class
    serves twice in a model: once for items as candidates, once for items as parts of a user's history.

    Args:
        num_items: int. Items with a row; row 0 comes on top.
        dim: int, D > 0. Width of the ID embedding and of the output.
        fusion: `Fusion`. How the parts become one vector.
        id_dropout: float in [0, 1), default 0. Share of warm rows shown as cold in training.
        seed: int or None. Fixes the initial embeddings and the dropout.

    Call args:
        item_rows: int32 [N].
        features: mapping of block name to floating [N, F].
        masks: mapping of block name to bool [N].
        is_cold: bool [N].

    Returns: [N, D].
    """

    def __init__(
        self,
        num_items: int,
        dim: int,
        fusion: Fusion | Mapping[str, Any],
        id_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("num_items", num_items), ("dim", dim)):
            if value < 1:
                raise InputError(f"`{name}` must be at least 1; received {value}")
        self.num_items = num_items
        self.dim = dim
        self.id_dropout_rate = id_dropout
        self.seed = seed
        self.fusion: Fusion = (
            fusion if isinstance(fusion, Fusion) else keras.saving.deserialize_keras_object(dict(fusion))
        )
        if self.fusion.dim != dim:
            raise InputError(f"`fusion` must have width `dim` = {dim}; its `dim` is {self.fusion.dim}")
        self.embedding = keras.layers.Embedding(
            num_items + 1,
            dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=dim**-0.5, seed=seed),
            name="item_embedding",
        )
        self.id_dropout = IdDropout(rate=id_dropout, seed=seed, name="id_dropout")

    def build(self, input_shape: Any = None) -> None:
        if not self.embedding.built:
            self.embedding.build(())
        super().build(input_shape)

    def call(
        self,
        item_rows: tf.Tensor,
        features: Mapping[str, tf.Tensor],
        masks: Mapping[str, tf.Tensor],
        is_cold: tf.Tensor,
        training: bool | None = None,
    ) -> tf.Tensor:
        embedded, is_cold = self.id_dropout(self.embedding(item_rows), is_cold, training=training)
        return self.fusion(embedded, blocks=features, block_masks=masks, is_cold=is_cold, training=training)

    def from_features(self, features: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Vectors [N, D] of items known by their features alone; no ID embedding is read."""
        num = tf.shape(next(iter(features.values())))[0]
        return self.fusion(
            tf.zeros((num, self.dim), self.compute_dtype),
            blocks=features,
            block_masks=masks,
            is_cold=tf.ones((num,), tf.bool),
            training=False,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            num_items=self.num_items,
            dim=self.dim,
            fusion=keras.saving.serialize_keras_object(self.fusion),
            id_dropout=self.id_dropout_rate,
            seed=self.seed,
        )
        return config
