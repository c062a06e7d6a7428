"""Two towers as the tutorials of TensorFlow Recommenders build them.

Source: tensorflow.org/recommenders, "Movie recommendation: retrieval", "Using side features" and "Building deep
retrieval models": an embedding for each user; for each item an embedding of its identity beside the mean embedding of
its words (`TextVectorization`, 10,000 words); a dense layer on each; `tfrs.tasks.Retrieval` on batches of 8,192,
Adagrad at 0.1. A new item has the identity that stands for all unknown ones, and its words. A new user has only the
vector that stands for all unknown users, so the system is not asked about them. Departures: validation says when to
stop; smaller batches are among the settings.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, embedding
from quality_parts.peers.material import Material
from quality_parts.peers.peer import Tables
from quality_parts.peers.search import peer_system
from tfcold._keras import keras

MAX_WORDS: Final = 10_000
LONGEST: Final = 64


class TFRSTutorial(GradientPeer):
    """Settings: `width`, `deep`: widths of dense layers after the embeddings, as in the third tutorial."""

    defaults: Final = {
        "width": 32, "deep": (32,), "batch_size": 8192, "learning_rate": 0.1, "look": 5, "max_epochs": 200,
    }  # fmt: skip

    def _scorable(self, material: Material) -> Any:
        self._texts = material.words()
        return material.warm_items | np.array([bool(text.strip()) for text in self._texts])

    def optimizer(self) -> Any:
        return keras.optimizers.legacy.Adagrad(self.settings["learning_rate"])

    def build(self, material: Material) -> None:
        import tensorflow_recommenders as tfrs

        width = self.settings["width"]
        vectorizer = keras.layers.TextVectorization(max_tokens=MAX_WORDS, output_sequence_length=LONGEST)
        vectorizer.adapt([self._texts[row] for row in material.warm_rows])
        self.tokens = tf.constant(np.asarray(vectorizer(tf.constant(self._texts)), np.int32))
        self.known = tf.constant(np.where(material.warm_items, np.arange(material.num_items), 0).astype(np.int32))
        self.users = embedding(material.num_users, width, seed=self.seed, scale=0.05)
        self.items = embedding(material.num_items, width, seed=self.seed + 1, scale=0.05)
        self.words = embedding(vectorizer.vocabulary_size(), width, seed=self.seed + 2, scale=0.05)
        self.user_net, self.item_net = (
            keras.Sequential([
                keras.layers.Input((inputs,)),
                *(keras.layers.Dense(one, "relu") for one in self.settings["deep"][:-1]),
                *(keras.layers.Dense(one) for one in self.settings["deep"][-1:]),
            ])
            for inputs in (width, 2 * width)
        )  # fmt: skip
        self.task = tfrs.tasks.Retrieval()

    def weights(self) -> list[tf.Variable]:
        nets = [*self.user_net.trainable_variables, *self.item_net.trainable_variables]
        return [self.users, self.items, self.words, *nets]

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        # a sum over the batch, as the task has it: Adagrad's first steps depend on the size of the gradients
        return self.task(self._users(users), self._items(items), compute_metrics=False)

    def _users(self, rows: tf.Tensor) -> tf.Tensor:
        return self.user_net(tf.gather(self.users, rows))

    def _items(self, rows: tf.Tensor) -> tf.Tensor:
        tokens = tf.gather(self.tokens, rows)
        mask = tf.cast(tokens > 0, tf.float32)[..., None]
        words = tf.reduce_sum(tf.gather(self.words, tokens) * mask, 1) / tf.maximum(tf.reduce_sum(mask, 1), 1)
        return self.item_net(tf.concat([tf.gather(self.items, tf.gather(self.known, rows)), words], 1))

    def snapshot(self) -> Tables:
        users, items = tf.range(self.users.shape[0]), tf.range(self.items.shape[0])
        return Tables(self._users(users).numpy(), self._items(items).numpy())


SYSTEM: Final = peer_system(
    "TFRS tutorial",
    TFRSTutorial,
    [
        {"batch_size": 1024, "look": 2},
        {"width": 64, "deep": (64,), "batch_size": 1024, "look": 2},
        {},
        {"deep": (64, 32)},
        {"batch_size": 1024, "look": 2, "learning_rate": 0.03},
    ],
    new_users=False,
)
