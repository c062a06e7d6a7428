"""The model: a user tower, an item tower, and the dot product between them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_recommenders as tfrs

from tfcold._keras import keras
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.layers import AdapterFusion, ConcatFusion, Fusion, GatedFusion, HeadsFusion, WeightedDot
from tfcold.models.feature_table import FeatureTable, Kernels, blocks_wanted
from tfcold.models.losses import full_loss, sampled_loss
from tfcold.models.prior import PopularityPrior
from tfcold.models.warm_items import WarmItems
from tfcold.objectives import FullSoftmax, Objective
from tfcold.registration import export
from tfcold.schema import Schema
from tfcold.towers import ItemTower, UserTower
from tfcold.towers.user_tower import HISTORY

FUSIONS: dict[str, type[Fusion]] = {
    "concat": ConcatFusion,
    "gated": GatedFusion,
    "heads": HeadsFusion,
    "adapter": AdapterFusion,
}
_PASS = 4096  # rows per step when a whole table is computed


@export("tfcold.models.TwoTower")
class TwoTower(tfrs.Model):
    """Scores users against items, warm or cold, by one dot product.

    A candidate is its ID embedding fused with its vectors, `c_i = fuse(E_i, t_i)`; a cold item is `fuse(-, t_i)`.
    A user is their ID embedding fused with the pooled vectors of what they did and with their own words,
    `q_u = fuse(P_u, pool_j(h_j), w_u)`; the history vectors `h_j = fuse(A_j, t_j)` come from an item tower of their
    own, so that a new user needs no training and may even have done things that are new themselves. Then

        score(u, i) = sum_d S_ud q_ud c_id + prior(n_u) * p_i

    where `S` is 1, or a learned function of the user (`user_weights`), and the last term leans on popularity the less
    is known of the user (`PopularityPrior`). Both fold into vectors of width D + 1 (`pooled_queries`,
    `searchable_candidates`), so that retrieval is a maximum inner product search.

    Args:
        schema: `Schema`. Sizes of the data.
        dim: int, D > 0, default 128. Width of the shared space.
        fusion: `"concat"` (default), `"gated"`, `"heads"` or `"adapter"`. How an item's parts become one vector.
        fusion_options: mapping or None. More arguments of that layer: `{"hidden_units": [256]}`.
        num_landmarks: mapping of item block to int >= 0, default none. Kernel landmarks (`BlockEncoder`).
        kernel_gamma: float > 0, default 0.5.
        kernel_dim: int > 0 or None. Width of the predictions of a kernel regression (`BlockEncoder`).
        num_user_landmarks: mapping of user block to int >= 0, default none. Landmarks of a kernel regression from the
            words of users to the shared space, which `adapt` is then given as `user_kernels`.
        user_kernel_gamma: float > 0, default 1.
        user_ids: bool, default True. False recommends from history and words alone.
        id_dropout: float in [0, 1), default 0. Share of items and users shown as cold in training.
        pooling_alpha: float in [0, 1], default 0. A pooled history is divided by its length to this power.
        num_similar_users: int, default 0. Training users that newcomers are compared with (`SimilarUsers`).
        user_weights: bool, default False. The per-user weights S of the similarity.
        normalise: bool, default False. L2-normalise both sides before the dot product.
        objective: `FullSoftmax`, `RetrievalObjective` or None: the full softmax. Its temperature divides the logits
            in training; the ranking does not change.
        seed: int or None. Fixes initial weights and dropout.

    Call args: a dict with `user_row` int32 [B], `history` int32 [B, H] item rows (0 pads), `item_row` int32 [B].

    Returns: scores float32 [B].

    References:
        Two towers: Yi et al. 2019, Sampling-bias-corrected neural modeling, RecSys. Users as the sum of input
        embeddings of their history: Kabbur et al. 2013, FISM, KDD; we keep a user ID beside it. Cold rows: Volkovs
        et al. 2017, DropoutNet, NeurIPS.
    """

    def __init__(
        self,
        schema: Schema | Mapping[str, Any],
        dim: int = 128,
        fusion: str = "concat",
        fusion_options: Mapping[str, Any] | None = None,
        num_landmarks: Mapping[str, int] | None = None,
        kernel_gamma: float = 0.5,
        kernel_dim: int | None = None,
        num_user_landmarks: Mapping[str, int] | None = None,
        user_kernel_gamma: float = 1.0,
        user_ids: bool = True,
        id_dropout: float = 0.0,
        pooling_alpha: float = 0.0,
        num_similar_users: int = 0,
        user_weights: bool = False,
        normalise: bool = False,
        objective: Objective | Mapping[str, Any] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schema = schema if isinstance(schema, Schema) else Schema(**schema)
        if dim < 1:
            raise InputError(f"`dim` must be at least 1; received {dim}")
        self.dim = dim
        self.num_landmarks = dict(num_landmarks or {})
        self.kernel_gamma = kernel_gamma
        self.kernel_dim = kernel_dim
        self.num_user_landmarks = dict(num_user_landmarks or {})
        self.user_kernel_gamma = user_kernel_gamma
        self.user_ids = user_ids
        self.id_dropout = id_dropout
        self.pooling_alpha = pooling_alpha
        self.num_similar_users = num_similar_users
        self.user_weights = user_weights
        self.normalise = normalise
        self.seed = seed
        if fusion not in FUSIONS:
            raise InputError(f"`fusion` must be one of {', '.join(map(repr, FUSIONS))}; received {fusion!r}")
        self.fusion = fusion
        self.fusion_options = dict(fusion_options or {})
        if isinstance(objective, Mapping):
            objective = keras.saving.deserialize_keras_object(dict(objective))
        self.objective: Any = objective if objective is not None else FullSoftmax()
        self.item_features = FeatureTable(
            num_rows=self.schema.num_items,
            widths=dict(self.schema.item_vectors),
            num_landmarks=num_landmarks,
            gamma=kernel_gamma,
            kernel_dim=kernel_dim,
            name="item_features",
        )
        self.user_features = FeatureTable(
            num_rows=self.schema.num_users,
            widths=dict(self.schema.user_vectors),
            num_landmarks=num_user_landmarks,
            gamma=user_kernel_gamma,
            kernel_dim=dim if self.num_user_landmarks else None,
            name="user_features",
        )
        self.candidate_tower = self._item_tower("candidate_tower", seed)
        self.history_tower = self._item_tower("history_tower", None if seed is None else seed + 1)
        self.user_tower = UserTower(
            num_users=self.schema.num_users,
            dim=dim,
            fusion=ConcatFusion(
                dim, {HISTORY: dim, **self.user_features.feature_widths}, identity_id=True, seed=seed, name="fusion"
            ),
            use_ids=user_ids,
            id_dropout=id_dropout,
            pooling_alpha=pooling_alpha,
            num_similar=num_similar_users,
            seed=seed,
            name="user_tower",
        )
        self.similarity = WeightedDot(per_user_weights=user_weights, normalise=normalise, name="similarity")
        self.prior = PopularityPrior(num_items=self.schema.num_items, dim=dim, name="prior")
        self._item_counts = self.add_weight(
            name="item_counts",
            shape=(self.schema.num_items + 1,),
            initializer="zeros",
            trainable=False,
            dtype=tf.float32,
            experimental_autocast=False,
        )
        self._warm_items: WarmItems | None = None
        # without a seed, one from `random`, which `keras.utils.set_random_seed` sets
        self._draws = tf.random.Generator.from_seed(random.getrandbits(31) if seed is None else seed)

    def _item_tower(self, name: str, seed: int | None) -> ItemTower:
        widths, options = self.item_features.feature_widths, {"identity_id": True} if self.fusion == "concat" else {}
        return ItemTower(
            num_items=self.schema.num_items,
            dim=self.dim,
            fusion=FUSIONS[self.fusion](self.dim, widths, name="fusion", **{**options, **self.fusion_options}),
            id_dropout=self.id_dropout if name == "candidate_tower" else 0.0,
            seed=seed,
            name=name,
        )

    # -- what the data fixes before training --------------------------------------------------------------------

    def adapt(
        self,
        features: Features,
        *,
        item_counts: npt.NDArray[np.integer[Any]],
        seed: int | None = None,
        kernels: Kernels | None = None,
        warm_users: npt.NDArray[np.bool_] | None = None,
        user_kernels: Kernels | None = None,
    ) -> None:
        """Takes from training data what is not learned by gradient: means, landmarks, the prior, who is cold.

        Args:
            features: `Features` with the blocks that the schema names.
            item_counts: integer [I + 1]. Training interactions of every item row; 0 means cold.
            seed: int or None. Draws the kernel landmarks.
            kernels: mapping of item block to the landmarks and coefficients of a kernel regression, where the model
                has a `kernel_dim`.
            warm_users: bool [U + 1] or None (default): everybody. Users whose words make the mean.
            user_kernels: as `kernels`, of the user blocks that have landmarks.

        Raises:
            InputError: a block of the schema is missing or has another width; counts of another number of items.
        """
        counts = np.asarray(item_counts)
        if counts.shape != (self.schema.num_items + 1,):
            raise InputError(
                f"`item_counts` must be integer [{self.schema.num_items + 1}], one for each item row and row 0; "
                f"received {counts.dtype} {list(counts.shape)}"
            )
        warm = counts > 0
        warm[0] = False
        self._item_counts.assign(np.where(warm, counts, 0).astype(np.float32))
        self.prior.adapt(counts)
        items = blocks_wanted(features.items, self.schema.item_vectors, "items")
        self.item_features.adapt(items, fit_rows=warm, seed=seed, kernels=kernels)
        users = blocks_wanted(features.users, self.schema.user_vectors, "users")
        fit_rows = np.ones(self.schema.num_users + 1, bool) if warm_users is None else warm_users
        self.user_features.adapt(users, fit_rows=fit_rows, seed=seed, kernels=user_kernels)
        self.ensure_built()

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes every weight of a model that is loaded; Keras would feed it floats."""
        self.ensure_built()

    def ensure_built(self) -> None:
        """Makes every weight, so that values can be assigned before the first step."""
        one = tf.ones((1,), tf.int32)
        self({"user_row": one, "history": one[:, None], "item_row": one})

    # -- vectors -------------------------------------------------------------------------------------------------

    def candidates(self, item_rows: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Candidate vectors [N, D] of item rows [N]."""
        features, masks = self.item_features.lookup(item_rows)
        is_cold = tf.gather(self._item_counts, item_rows) <= 0
        return self.candidate_tower(item_rows, features, masks, is_cold, training=training)

    def history_items(self, item_rows: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """History vectors [N, D] of item rows [N]: what having done something says of a user."""
        features, masks = self.item_features.lookup(item_rows)
        is_cold = tf.gather(self._item_counts, item_rows) <= 0
        return self.history_tower(item_rows, features, masks, is_cold, training=training)

    def queries(self, user_rows: tf.Tensor, history: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Query vectors [B, D] of user rows [B] with history item rows [B, H], 0 where there is none."""
        flat = tf.reshape(history, [-1])
        vectors = self.history_items(flat, training=training)
        vectors = tf.reshape(vectors, [tf.shape(history)[0], tf.shape(history)[1], self.dim])
        features, masks = self.user_features.lookup(user_rows)
        return self.user_tower(user_rows, vectors, history > 0, features, masks, training=training)

    def pooled_queries(
        self, user_rows: tf.Tensor, pooled: tf.Tensor, counts: tf.Tensor, word_rows: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Query vectors [B, D + 1] ready to be searched with, from summed history vectors.

        Args:
            user_rows: int32 [B].
            pooled: float32 [B, D]. `sum_j h_j` over the history.
            counts: float32 [B]. Length of the history.
            word_rows: int32 [B] or None, which is `user_rows`. The rows whose own words are read.
        """
        features, masks = self.user_features.lookup(user_rows if word_rows is None else word_rows)
        return self._finish_query(user_rows, pooled, counts, features, masks)

    def _finish_query(
        self,
        user_rows: tf.Tensor,
        pooled: tf.Tensor,
        counts: tf.Tensor,
        features: Mapping[str, tf.Tensor],
        masks: Mapping[str, tf.Tensor],
    ) -> tf.Tensor:
        pooled = pooled / tf.pow(tf.maximum(counts, 1.0), self.pooling_alpha)[:, None]
        query = self.user_tower.from_pooled(user_rows, pooled, counts, features, masks, training=False)
        folded = tf.cast(self.similarity.fold(query), tf.float32)
        return tf.concat([folded, self.prior.weight(counts)[:, None]], axis=1)

    def searchable_candidates(self, vectors: tf.Tensor, item_rows: tf.Tensor | None = None) -> tf.Tensor:
        """Candidate vectors [N, D + 1] ready to be searched: normalised where asked, the prior appended.

        Args:
            vectors: [N, D].
            item_rows: int32 [N], or None: nobody has touched the items.
        """
        unit = tf.cast(self.similarity.unit(vectors), tf.float32)
        prior = self.prior.cold(unit)
        if item_rows is not None:
            is_cold = tf.gather(self._item_counts, item_rows) <= 0
            prior = tf.where(is_cold, prior, tf.gather(self.prior.values, item_rows))
        return tf.concat([unit, prior[:, None]], axis=1)

    def from_vectors(
        self, vectors: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Candidate [N, D + 1] and history [N, D] vectors of items known by their raw vectors alone."""
        features, masks = self.item_features.encode(vectors, masks)
        candidate = self.candidate_tower.from_features(features, masks)
        history = tf.cast(self.history_tower.from_features(features, masks), tf.float32)
        return self.searchable_candidates(candidate), history

    def candidate_table(self) -> npt.NDArray[np.float32]:
        """float32 [I + 1, D + 1]: every candidate, ready to be searched. Row 0 is zeros."""
        table = np.zeros((self.schema.num_items + 1, self.dim + 1), np.float32)
        for rows in _passes(self.schema.num_items):
            vectors = self.candidates(tf.constant(rows), training=False)
            table[rows] = self.searchable_candidates(vectors, rows).numpy()
        return table

    def history_table(self) -> npt.NDArray[np.float32]:
        """float32 [I + 1, D]: every item as a part of a history. Row 0 is zeros."""
        table = np.zeros((self.schema.num_items + 1, self.dim), np.float32)
        for rows in _passes(self.schema.num_items):
            table[rows] = tf.cast(self.history_items(tf.constant(rows), training=False), tf.float32).numpy()
        return table

    # -- training ------------------------------------------------------------------------------------------------

    def call(self, inputs: Mapping[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        query = self.queries(inputs["user_row"], inputs["history"], training=training)
        candidate = self.candidates(inputs["item_row"], training=training)
        counts = tf.reduce_sum(tf.cast(inputs["history"] > 0, tf.float32), axis=1)
        prior = self.searchable_candidates(candidate, inputs["item_row"])[:, -1]
        return tf.cast(self.similarity.pair(query, candidate), tf.float32) + self.prior.weight(counts) * prior

    def compute_loss(self, inputs: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The objective over one batch, float32 [], in nats; the losses of layers are added by the training step.

        Args:
            inputs: a batch of `training.pipeline`. With `targets` int32 [B, P], what the user did besides the
                history: the full softmax over warm items, and a cold item in the history takes no part. With
                `item_row` int32 [B]: the softmax over the batch and as many uniform negatives.
            training: bool.

        Raises:
            InputError: no item is warm, as before `adapt`.
        """
        warm = self._warm()
        if "targets" in inputs:
            return full_loss(self, inputs, warm, training)
        drawn = self._draws.uniform(tf.shape(inputs["item_row"]), maxval=warm.count, dtype=tf.int32)
        return sampled_loss(self, inputs, warm, tf.gather(warm.rows, drawn), training)

    def with_prior(self, query: tf.Tensor, history: tf.Tensor) -> tf.Tensor:
        """Query vectors [B, D + 1] of queries [B, D] with padded histories [B, H], as a loss compares them."""
        counts = tf.reduce_sum(tf.cast(history > 0, tf.float32), axis=1)
        return tf.concat([tf.cast(self.similarity.fold(query), tf.float32), self.prior.weight(counts)[:, None]], axis=1)

    def train_step(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step down the objective and the losses of the layers.

        Under a `tf.distribute` strategy the gradient is that of the mean over replicas, whatever their number, and
        every replica has its own in-batch candidates. Loss scaling of a `mixed_float16` policy is the optimizer's.
        """
        with tf.GradientTape() as tape:
            figures = self._step(inputs, training=True)
        self.optimizer.minimize(figures["total_loss"], self.trainable_variables, tape=tape)
        return figures

    def test_step(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The losses of a batch."""
        return self._step(inputs, training=False)

    def _step(self, inputs: Mapping[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        # Keras sums gradients, and what a step returns, over replicas
        share = 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        loss = share * self.compute_loss(inputs, training=training)
        regularization = share * tf.add_n([tf.cast(one, tf.float32) for one in self.losses] or [tf.zeros(())])
        return {"loss": loss, "regularization_loss": regularization, "total_loss": loss + regularization}

    def _warm(self) -> WarmItems:
        """Who is warm, as the weights say; inside a graph, as they said when it was traced."""
        if tf.executing_eagerly() or self._warm_items is None:
            with tf.init_scope():
                self._warm_items = WarmItems.of(self._item_counts.numpy())
        return self._warm_items

    def make_train_function(self, force: bool = False) -> Any:
        self._warm()
        function = super().make_train_function(force)
        # TensorFlow counts tracings by the code of Keras' step, which all models share: the first steps of several fits
        # would look like one function that is traced over and over
        if self.train_tf_function is not None:
            self.train_tf_function._omit_frequent_tracing_warning = True
        return function

    def make_test_function(self, force: bool = False) -> Any:
        self._warm()
        return super().make_test_function(force)

    def searchable(self, item_rows: tf.Tensor, training: bool) -> tf.Tensor:
        """Candidate vectors [N, D + 1] of item rows [N], likewise."""
        return self.searchable_candidates(self.candidates(item_rows, training=training), item_rows)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "schema": self.schema.to_dict(),
            "dim": self.dim,
            "fusion": self.fusion,
            "fusion_options": dict(self.fusion_options),
            "num_landmarks": dict(self.num_landmarks),
            "kernel_gamma": self.kernel_gamma,
            "kernel_dim": self.kernel_dim,
            "num_user_landmarks": dict(self.num_user_landmarks),
            "user_kernel_gamma": self.user_kernel_gamma,
            "user_ids": self.user_ids,
            "id_dropout": self.id_dropout,
            "pooling_alpha": self.pooling_alpha,
            "num_similar_users": self.num_similar_users,
            "user_weights": self.user_weights,
            "normalise": self.normalise,
            "objective": keras.saving.serialize_keras_object(self.objective),
            "seed": self.seed,
        }


def _passes(num_rows: int) -> list[npt.NDArray[np.int32]]:
    return [
        np.arange(start, min(start + _PASS, num_rows + 1), dtype=np.int32) for start in range(1, num_rows + 1, _PASS)
    ]
