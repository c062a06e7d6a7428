"""CLCRec: content and collaborative vectors of an item brought together by contrast.

Source: Wei et al. 2021, Contrastive Learning for Cold-Start Recommendation, ACM MM. An item has a free vector and one
that a network reads off its content. Two InfoNCE losses, the second weighted by 1 - `balance`: a user against items
(each shown by its content with probability `swap`), and an item's free vector against the contents. A new item is its
content; a warm one its free vector. Departures: negatives are the other items of the batch beside uniform ones, with
cosines (as the authors' code has them for the second loss) in both; new users go by `FoldIn`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant, embedding, mlp
from quality_parts.peers.material import Material
from quality_parts.peers.peer import Tables
from quality_parts.peers.search import peer_system


class CLCRec(GradientPeer):
    """Settings: `width`, `hidden`, `temperature`, `balance` of the two losses, `swap`, `penalty` (L2)."""

    defaults: Final = {
        "width": 64, "hidden": 256, "temperature": 0.2, "balance": 0.5, "swap": 0.5, "penalty": 1e-4, "negatives": 1,
        "learning_rate": 3e-3,
    }  # fmt: skip

    def build(self, material: Material) -> None:
        width = self.settings["width"]
        self.warm = material.warm_items
        self.content = constant(material.content)
        self.users = embedding(material.num_users, width, seed=self.seed)
        self.items = embedding(material.num_items, width, seed=self.seed + 1)
        self.net = mlp(material.content.shape[1], self.settings["hidden"], width, seed=self.seed)

    def weights(self) -> list[tf.Variable]:
        return [self.users, self.items, *self.net.trainable_variables]

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        how = self.settings
        shown = tf.concat([items, tf.reshape(negatives, [-1])], 0)
        free, user = tf.gather(self.items, shown), tf.gather(self.users, users)
        read = self.net(tf.gather(self.content, shown))
        swapped = tf.random.uniform([tf.shape(shown)[0], 1]) < how["swap"]
        by_user = _contrast(user, tf.where(swapped, read, free), items, shown, how["temperature"])
        batch = tf.shape(items)[0]
        by_item = _contrast(free[:batch], read, items, shown, how["temperature"])
        norms = tf.reduce_mean(tf.reduce_sum(tf.square(user), 1)) + tf.reduce_mean(tf.reduce_sum(tf.square(free), 1))
        return how["balance"] * by_user + (1 - how["balance"]) * by_item + how["penalty"] * norms

    def snapshot(self) -> Tables:
        read = self.net(self.content).numpy()
        items = np.where(self.warm[:, None], self.items.numpy(), read)
        return Tables(_unit(self.users.numpy()), _unit(items))


def _contrast(
    queries: tf.Tensor, candidates: tf.Tensor, own: tf.Tensor, shown: tf.Tensor, temperature: float
) -> tf.Tensor:
    """InfoNCE of queries [B] against candidates [N], the first B of which are theirs; the same item is no negative."""
    logits = (
        tf.matmul(tf.math.l2_normalize(queries, 1), tf.math.l2_normalize(candidates, 1), transpose_b=True) / temperature
    )
    batch = tf.shape(own)[0]
    twin = (own[:, None] == shown[None]) & ~tf.eye(batch, tf.shape(shown)[0], dtype=tf.bool)
    logits = tf.where(twin, -1e9, logits)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(batch), logits))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


SYSTEM: Final = peer_system(
    "CLCRec",
    CLCRec,
    [
        {"temperature": 0.2},
        {"temperature": 0.1},
        {"temperature": 0.2, "width": 128, "hidden": 512},
        {"temperature": 0.2, "balance": 0.8},
        {"temperature": 0.2, "learning_rate": 1e-3},
        {"temperature": 0.3},
        {"temperature": 0.2, "swap": 0.2},
    ],
)
