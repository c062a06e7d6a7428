"""Two towers of identities with the layers of Keras RS.

Source: keras.io, Keras RS, "Recommending movies: retrieval": an embedding for each user and for each item, 32 wide,
Adagrad at 0.1. Its loss there is the error of ratings, of which there are none here; in its place the package's own
layers for softmax over a batch: `SamplingProbabilityCorrection` and `RemoveAccidentalHits`. New items and new users
have no vector in it. Departures: validation says when to stop; the loss is summed over a batch, since Adagrad hardly
moves from a mean.
"""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant
from quality_parts.peers.material import Material
from quality_parts.peers.peer import Tables, required
from quality_parts.peers.search import peer_system


class KerasRSTutorial(GradientPeer):
    """Settings: `width`, and those of `GradientPeer`."""

    defaults: Final = {"width": 32, "batch_size": 1024, "learning_rate": 0.1, "max_epochs": 100}

    def _scorable(self, material: Material) -> Any:
        return material.warm_items

    def optimizer(self) -> Any:
        from tfcold._keras import keras

        return keras.optimizers.legacy.Adagrad(self.settings["learning_rate"])

    def build(self, material: Material) -> None:
        layers = required("keras_rs.layers", "keras-rs")
        keras3 = required("keras", "keras")
        initial = [keras3.initializers.RandomUniform(-0.05, 0.05, seed=self.seed + number) for number in range(2)]
        self.user_embedding = keras3.layers.Embedding(material.num_users, self.settings["width"], initial[0])
        self.item_embedding = keras3.layers.Embedding(material.num_items, self.settings["width"], initial[1])
        self.user_embedding.build(None)
        self.item_embedding.build(None)
        self.correct, self.drop_hits = layers.SamplingProbabilityCorrection(), layers.RemoveAccidentalHits()
        self.shares = constant(material.item_counts / material.item_counts.sum())

    def weights(self) -> list[tf.Variable]:
        layers = (self.user_embedding, self.item_embedding)
        return [variable.value for layer in layers for variable in layer.trainable_variables]

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        logits = tf.matmul(self.user_embedding(users), self.item_embedding(items), transpose_b=True)
        labels = tf.eye(tf.shape(users)[0])
        logits = self.correct(logits, tf.gather(self.shares, items))
        logits = self.drop_hits(logits, labels, items)
        return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(labels, logits))

    def snapshot(self) -> Tables:
        users, items = (one.numpy() for one in self.weights())
        return Tables(users, items)


SYSTEM: Final = peer_system(
    "Keras RS tutorial",
    KerasRSTutorial,
    [
        {},
        {"width": 64},
        {"learning_rate": 0.3},
        {"batch_size": 4096},
        {"learning_rate": 0.03, "width": 64},
    ],
    new_users=False,
)
