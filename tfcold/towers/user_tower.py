"""A user: an ID, what they did, and their own words; any of the three may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers import FadingWords, Fusion, HistoryPooling, HistoryShrinkage, IdDropout, SimilarUsers
from tfcold.registration import export

HISTORY = "history"


@export("tfcold.towers.UserTower")
class UserTower(keras.layers.Layer):
    """Fuses a user's ID embedding, their pooled history and the features of their own words.

    `q_u = fusion(id_dropout(P[u]), {history: pool(h_1 .. h_n), words: fade(w_u, n)})`. To the fusion the pooled history
    is one more block; a user without any is masked there. Words count less the longer the history (`FadingWords`). A
    user that training never saw, row 0, has no ID embedding; only their history is shrunk and leant towards similar
    users: what training users did is what the item vectors were fitted to.

    Args:
        num_users: int. Users with a row; row 0 comes on top.
        dim: int, D > 0. Width of the ID embedding, of the pooled history and of the output.
        fusion: `Fusion`. How the parts become one vector.
        use_ids: bool, default True. False leaves the ID embedding out: a user is what they did and said.
        id_dropout: float in [0, 1), default 0. Share of warm users shown as cold in training.
        pooling_alpha: float in [0, 1], default 0. Pooled history is `sum_j h_j / n**alpha`.
        num_similar: int, default 0. Training users whose histories a newcomer's is compared with (`SimilarUsers`).
        seed: int or None.

    Call args:
        user_rows: int32 [B]; 0 is unseen.
        history: floating [B, H, D], the vectors of what they did.
        history_mask: bool [B, H].
        features: mapping of block name to floating [B, F]: their own words.
        masks: mapping of block name to bool [B].

    Returns: [B, D].
    """

    def __init__(
        self,
        num_users: int,
        dim: int,
        fusion: Fusion | Mapping[str, Any],
        use_ids: bool = True,
        id_dropout: float = 0.0,
        pooling_alpha: float = 0.0,
        num_similar: int = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("num_users", num_users), ("dim", dim)):
            if value < 1:
                raise InputError(f"`{name}` must be at least 1; received {value}")
        self.num_users = num_users
        self.dim = dim
        self.use_ids = use_ids
        self.id_dropout_rate = id_dropout
        self.pooling_alpha = pooling_alpha
        self.num_similar = num_similar
        self.seed = seed
        self.fusion: Fusion = (
            fusion if isinstance(fusion, Fusion) else keras.saving.deserialize_keras_object(dict(fusion))
        )
        if self.fusion.dim != dim:
            raise InputError(f"`fusion` must have width `dim` = {dim}; its `dim` is {self.fusion.dim}")
        # an ID starts as nothing and learns what history and words cannot say
        self.embedding = (
            keras.layers.Embedding(num_users + 1, dim, embeddings_initializer="zeros", name="user_embedding")
            if use_ids
            else None
        )
        self.id_dropout = IdDropout(rate=id_dropout, seed=seed, name="id_dropout")
        self.pooling = HistoryPooling(alpha=pooling_alpha, name="pooling")
        self.shrinkage = HistoryShrinkage(dim, name="shrinkage")
        self.similar = SimilarUsers(dim, num_similar, name="similar")
        self.fading = FadingWords(name="fading")

    def build(self, input_shape: Any = None) -> None:
        if self.embedding is not None and not self.embedding.built:
            self.embedding.build(())
        super().build(input_shape)

    def call(
        self,
        user_rows: tf.Tensor,
        history: tf.Tensor,
        history_mask: tf.Tensor,
        features: Mapping[str, tf.Tensor],
        masks: Mapping[str, tf.Tensor],
        training: bool | None = None,
    ) -> tf.Tensor:
        pooled = self.pooling(history, mask=history_mask)
        counts = tf.reduce_sum(tf.cast(history_mask, tf.float32), axis=1)
        return self.from_pooled(user_rows, pooled, counts, features, masks, training=training)

    def from_pooled(
        self,
        user_rows: tf.Tensor,
        pooled: tf.Tensor,
        counts: tf.Tensor,
        features: Mapping[str, tf.Tensor],
        masks: Mapping[str, tf.Tensor],
        training: bool | None = None,
    ) -> tf.Tensor:
        """The same [B, D] from a history that is pooled already, [B, D], of `counts` [B] items."""
        is_new = is_cold = tf.equal(user_rows, 0)
        if self.embedding is None:
            embedded = tf.zeros_like(pooled)
            is_cold = tf.ones_like(is_cold)
        else:
            embedded, is_cold = self.id_dropout(self.embedding(user_rows), is_cold, training=training)
        newcomer = self.similar(self.shrinkage(pooled, counts), pooled, counts)
        history = tf.where(is_new[:, None], newcomer, tf.cast(pooled, self.compute_dtype))
        words = {name: self.fading(feature, counts) for name, feature in features.items()}
        blocks = {HISTORY: history, **words}
        block_masks = {HISTORY: counts > 0, **masks}
        return self.fusion(embedded, blocks=blocks, block_masks=block_masks, is_cold=is_cold, training=training)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            num_users=self.num_users,
            dim=self.dim,
            fusion=keras.saving.serialize_keras_object(self.fusion),
            use_ids=self.use_ids,
            id_dropout=self.id_dropout_rate,
            pooling_alpha=self.pooling_alpha,
            num_similar=self.num_similar,
            seed=self.seed,
        )
        return config
