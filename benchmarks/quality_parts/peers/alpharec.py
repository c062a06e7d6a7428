"""AlphaRec: frozen vectors of words through one network and a graph, contrasted by cosine.

Source: Sheng et al. 2024, Language Representations Can be What Recommenders Need (ICLR 2025), arXiv:2407.05441. An
item starts as its vectors, a user as the mean of those of their items; one network with one hidden layer maps both; two
layers of parameter-free graph convolution over the training rows average neighbours; the mean of the layers is
scored by cosine, with InfoNCE over uniform negatives. A new item has no neighbours: it is what the network makes of its
vectors. A new user takes the mean of the history, and neighbours' layers as any other. Departures: the vectors are
those of this benchmark (the paper: a large language model's); negatives are shared by the batch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant, mlp
from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import Tables
from quality_parts.peers.search import peer_system
from tfcold.ranking import Queries

LAYERS: Final = 2


class AlphaRec(GradientPeer):
    """Settings: `width`, `temperature`, `shared`: uniform negatives of a batch."""

    defaults: Final = {
        "width": 64, "temperature": 0.15, "shared": 512, "batch_size": 4096, "learning_rate": 2e-3, "look": 4,
        "max_epochs": 120,
    }  # fmt: skip

    def build(self, material: Material) -> None:
        how, train = self.settings, material.train
        self._content = material.content
        self._item_degrees = np.maximum(material.item_counts, 1)
        degrees = np.maximum(np.diff(train.indptr), 1)
        scaled = sp.diags(degrees**-0.5) @ train @ sp.diags(self._item_degrees**-0.5)
        self.graph = _tensor(scaled)
        self.graph_back = _tensor(scaled.T)
        self.content = constant(material.content)
        self.means = constant(self._mean(train))
        inputs = material.content.shape[1]
        self.net = mlp(inputs, inputs // 2, how["width"], activation="leaky_relu", seed=self.seed)

    def weights(self) -> list[tf.Variable]:
        return list(self.net.trainable_variables)

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        user_table, item_table = self._tables()
        shown = tf.concat([items, negatives[: self.settings["shared"], 0]], 0)
        user = tf.math.l2_normalize(tf.gather(user_table, users), 1)
        item = tf.math.l2_normalize(tf.gather(item_table, shown), 1)
        batch = tf.shape(items)[0]
        own = tf.reduce_sum(user * item[:batch], 1)
        others = tf.matmul(user, item[batch:], transpose_b=True)
        others = tf.where(items[:, None] == shown[batch:][None], -1e9, others)
        logits = tf.concat([own[:, None], others], 1) / self.settings["temperature"]
        return -tf.reduce_mean(tf.nn.log_softmax(logits)[:, 0])

    def _tables(self) -> tuple[tf.Tensor, tf.Tensor]:
        users, items = self.net(self.means), self.net(self.content)
        self.layers = [items]
        user_sum, item_sum = users, items
        for _ in range(LAYERS):
            users, items = (
                tf.sparse.sparse_dense_matmul(self.graph, items),
                tf.sparse.sparse_dense_matmul(self.graph_back, users),
            )
            self.layers.append(items)
            user_sum, item_sum = user_sum + users, item_sum + items
        return user_sum / (LAYERS + 1), item_sum / (LAYERS + 1)

    def snapshot(self) -> Tables:
        users, items = self._tables()
        self._neighbours = np.sum(self.layers[:-1], axis=0)  # what a new user's layers gather from items
        return Tables(_unit(users.numpy()), _unit(items.numpy()))

    def queries(self, queries: Queries) -> Floats:
        vectors = self.tables.users[queries.user_rows]
        new = queries.user_rows == 0
        if new.any():
            histories = queries.histories[new]
            scaled = sp.diags(np.maximum(np.diff(histories.indptr), 1) ** -0.5) @ histories
            gathered = scaled @ (self._neighbours / np.sqrt(self._item_degrees)[:, None])
            vectors[new] = _unit((self.net(tf.constant(self._mean(histories))).numpy() + gathered) / (LAYERS + 1))
        return vectors

    def _mean(self, histories: sp.csr_matrix) -> Floats:
        counts = np.maximum(np.diff(histories.indptr), 1)[:, None]
        return np.asarray(histories @ self._content / counts, np.float32)


def _tensor(matrix: sp.spmatrix) -> tf.SparseTensor:
    cells = matrix.tocsr().tocoo()
    places = np.stack([cells.row, cells.col], 1).astype(np.int64)
    return tf.SparseTensor(places, cells.data.astype(np.float32), cells.shape)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


SYSTEM: Final = peer_system(
    "AlphaRec",
    AlphaRec,
    [
        {"temperature": 0.15},
        {"temperature": 0.15, "width": 256},
        {"temperature": 0.1},
        {"temperature": 0.2},
        {"temperature": 0.15, "learning_rate": 5e-4},
    ],
)
