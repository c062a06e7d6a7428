"""DropoutNet: a network over factors and content that learns to do without the factors.

Source: Volkovs, Yu, Poutanen 2017, DropoutNet: Addressing Cold Start in Recommender Systems, NeurIPS. Two towers read
the factors of a trained factorisation (here iALS) and content, and are fitted to the dot products of the factors,
for pairs seen and pairs drawn. A share of the items is shown without factors, a share of the users with the mean of
their items' factors in place of their own, as in the paper. A new item has no factors, a new user the mean of their
items' factors. Departures: users have no content here; the towers have one hidden layer; half the pairs are drawn
uniformly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant, mlp
from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import Tables
from quality_parts.peers.search import peer_system
from tfcold.baselines import IALS
from tfcold.ranking import Queries


class DropoutNet(GradientPeer):
    """Settings: `factors` and `width` of the towers' output, `hidden`, `rate` of dropped inputs, `alpha` of iALS."""

    defaults: Final = {"factors": 64, "width": 64, "hidden": 256, "rate": 0.5, "alpha": 10.0, "max_epochs": 40}

    def build(self, material: Material) -> None:
        how = self.settings
        teacher = IALS(how["factors"], alpha=how["alpha"], seed=self.seed).fit(material.split, material.features)
        rows = np.arange(material.num_users, dtype=np.int32)
        users = teacher.user_factors(Queries(rows, material.train))
        self._scale = float(np.sqrt((users**2).sum(axis=1).mean()) + 1e-9)
        self._item_factors = teacher.item_factors * self._scale  # the dot products stay as they are
        self.user_factors = constant(users / self._scale)
        self.item_factors = constant(self._item_factors)
        self.means = constant(self._means(material.train))
        self.content = constant(material.content)
        self.user_net = mlp(how["factors"], how["hidden"], how["width"], activation="tanh", seed=self.seed)
        self.item_net = mlp(
            how["factors"] + material.content.shape[1], how["hidden"], how["width"], activation="tanh", seed=self.seed
        )

    def weights(self) -> list[tf.Variable]:
        return [*self.user_net.trainable_variables, *self.item_net.trainable_variables]

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        users, items = tf.tile(users, [2]), tf.concat([items, negatives[:, 0]], 0)
        own, theirs = tf.gather(self.user_factors, users), tf.gather(self.item_factors, items)
        target = tf.reduce_sum(own * theirs, 1)
        shape = [tf.shape(users)[0], 1]
        means = tf.random.uniform(shape) < self.settings["rate"] / 2
        hidden = tf.random.uniform(shape) < self.settings["rate"]
        own = tf.where(means, tf.gather(self.means, users), own)
        theirs = tf.where(hidden, tf.zeros_like(theirs), theirs)
        found = tf.reduce_sum(
            self.user_net(own) * self.item_net(tf.concat([theirs, tf.gather(self.content, items)], 1)), 1
        )
        return tf.reduce_mean(tf.square(found - target))

    def snapshot(self) -> Tables:
        items = self.item_net(tf.concat([self.item_factors, self.content], 1)).numpy()
        return Tables(self.user_net(self.user_factors).numpy(), items)

    def queries(self, queries: Queries) -> Floats:
        vectors = self.tables.users[queries.user_rows]
        new = queries.user_rows == 0
        if new.any():
            vectors[new] = self._tower(self._means(queries.histories[new]))
        return vectors

    def _means(self, histories: object) -> Floats:
        counts = np.maximum(np.diff(histories.indptr), 1)[:, None]
        return np.asarray(histories @ self._item_factors / counts, np.float32)

    def _tower(self, inputs: Floats) -> Floats:
        return np.asarray(self.user_net(tf.constant(inputs)).numpy())


SYSTEM: Final = peer_system(
    "DropoutNet",
    DropoutNet,
    [
        {"rate": 0.5},
        {"rate": 0.5, "factors": 128, "width": 128, "hidden": 512},
        {"rate": 0.3},
        {"rate": 0.8},
        {"rate": 0.5, "alpha": 3.0},
        {"rate": 0.5, "learning_rate": 3e-4},
    ],
)
