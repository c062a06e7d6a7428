"""SEMCo: items by their content alone, a user by the mean of their items, and a loss that leaves weak negatives out.

Source: Meehan, Pauwels 2026, Sparse Contrastive Learning for Content-Based Cold Item Recommendation, SIGIR,
arXiv:2604.12990. A network maps content to vectors of length 1; a user is the mean of the vectors of their history;
the loss is the entmax counterpart (alpha = 1.5) of softmax over the items of a batch, at a temperature. There are no
identities, so warm and new items, known and new users are all one kind. Departures: blocks of content stand side by
side and go through one network, without the attention over modalities; the target is left out of the user's mean
while training; negatives are the batch and uniform draws; the distilled variant is not built.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant, mlp
from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import Tables
from quality_parts.peers.search import peer_system
from tfcold.ops import entmax15
from tfcold.ranking import Queries


class SEMCo(GradientPeer):
    """Settings: `width`, `hidden`, `temperature`, `most`: rows of a history that training averages."""

    defaults: Final = {
        "width": 128, "hidden": 512, "temperature": 0.1, "most": 20, "batch_size": 512, "negatives": 1,
    }  # fmt: skip

    def build(self, material: Material) -> None:
        self.content = constant(material.content)
        self.net = mlp(material.content.shape[1], self.settings["hidden"], self.settings["width"], seed=self.seed)
        self._histories = np.split(material.train.indices, material.train.indptr[1:-1])
        self._mask = material.has_content

    def weights(self) -> list[tf.Variable]:
        return list(self.net.trainable_variables)

    def _batches(self, material: Material, rng: np.random.Generator) -> Any:
        """Users are given by rows of their histories, [B, most], 0 where there are fewer."""
        most = self.settings["most"]
        for users, items, negatives in super()._batches(material, rng):
            drawn = np.zeros((len(users), most), np.int32)
            for place, user in enumerate(users.numpy()):
                history = self._histories[user]
                part = history if len(history) <= most else rng.choice(history, most, replace=False)
                drawn[place, : len(part)] = part
            drawn[drawn == items.numpy()[:, None]] = 0
            yield tf.constant(drawn), items, negatives

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        rows, place = tf.unique(tf.concat([tf.reshape(users, [-1]), items, tf.reshape(negatives, [-1])], 0))
        vectors = self._vectors(tf.gather(self.content, rows))
        batch = tf.shape(items)[0]
        shown = place[tf.size(users) :]
        known = tf.cast(users > 0, tf.float32)[..., None]
        histories = tf.gather(vectors, tf.reshape(place[: tf.size(users)], tf.shape(users)))
        means = tf.reduce_sum(histories * known, 1) / tf.maximum(tf.reduce_sum(known, 1), 1)
        candidates, which = tf.unique(shown)
        logits = tf.matmul(means, tf.gather(vectors, candidates), transpose_b=True) / self.settings["temperature"]
        target = tf.one_hot(which[:batch], tf.shape(candidates)[0])
        # the Fenchel-Young loss of entmax has the gradient p - y; its own value plays no part in training
        gradient = tf.stop_gradient(entmax15(logits) - target)
        return tf.reduce_mean(tf.reduce_sum(gradient * logits, 1))

    def _vectors(self, content: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(self.net(content), 1)

    def snapshot(self) -> Tables:
        items = self._vectors(self.content).numpy()
        items[~self._mask] = 0
        return Tables(None, items)

    def queries(self, queries: Queries) -> Floats:
        counts = np.maximum(np.diff(queries.histories.indptr), 1)[:, None]
        return np.asarray(queries.histories @ self.tables.items / counts, np.float32)


SYSTEM: Final = peer_system(
    "SEMCo",
    SEMCo,
    [
        {"temperature": 0.1},
        {"temperature": 0.05},
        {"temperature": 0.1, "width": 256, "hidden": 1024},
        {"temperature": 0.2},
        {"temperature": 0.1, "learning_rate": 3e-4},
    ],
)
