"""ALDI: a student that reads content learns how a teacher of behaviour rates, ranks and tells items apart.

Source: Huang et al. 2023, Aligning Distillation For Cold-start Item Recommendation, SIGIR. The teacher is a
factorisation by pairs (implicit's BPR). The student maps content to an item vector and the teacher's user vector to a
user vector, by networks with tanh and batch normalisation; beside its own ranking loss it is drawn to the teacher's
scores (`gamma`), differences between a liked and another item (`alpha`), and between an item itself and others
(`beta`); the latter two count less for rare items, tanh(frequency / `rare`). Warm items are scored by the teacher, new
ones by the student. Departures: frequencies are scaled by their mean; new users go by `FoldIn` to the teacher's space
and from there as the student does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.gradient import GradientPeer, constant
from quality_parts.peers.implicit_bpr import ImplicitBPR
from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import Tables, Watch
from quality_parts.peers.search import peer_system
from tfcold._keras import keras
from tfcold.ranking import Queries


class ALDI(GradientPeer):
    """Settings: `factors` of the teacher, `hidden`, `alpha`, `beta`, `gamma`, `rare`."""

    defaults: Final = {
        "factors": 64, "hidden": 200, "alpha": 1.0, "beta": 0.1, "gamma": 0.1, "rare": 1.0, "max_epochs": 40,
    }  # fmt: skip

    def build(self, material: Material) -> None:
        how = self.settings
        self.teacher = ImplicitBPR(
            seed=self.seed, factors=how["factors"], learning_rate=0.05, regularization=0.01, iterations=150
        ).fit(material, Watch())
        self.warm = material.warm_items
        self.content = constant(material.content)
        self.user_vectors = constant(self.teacher.tables.users)
        self.item_vectors = constant(self.teacher.tables.items)
        counts = material.item_counts
        self.trust = constant(np.tanh(counts / (how["rare"] * counts[self.warm].mean())))
        width = self.teacher.tables.items.shape[1]
        self.item_net = _student(material.content.shape[1], how["hidden"], width, self.seed)
        self.user_net = _student(width, how["hidden"], width, self.seed + 1)

    def weights(self) -> list[tf.Variable]:
        return [*self.item_net.trainable_variables, *self.user_net.trainable_variables]

    def state(self) -> list[tf.Variable]:
        return [*self.item_net.variables, *self.user_net.variables]

    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        how, others = self.settings, negatives[:, 0]
        user, liked, other = (
            tf.gather(self.user_vectors, users), tf.gather(self.item_vectors, items),
            tf.gather(self.item_vectors, others),
        )  # fmt: skip
        contents = self.item_net(tf.gather(self.content, tf.concat([items, others], 0)), training=True)
        own_liked, own_other = tf.split(contents, 2)
        own_user = self.user_net(user, training=True)
        teacher = _dot(user, liked), _dot(user, other)
        student = _dot(own_user, own_liked), _dot(own_user, own_other)
        ranks = student[0] - student[1]
        trust = tf.gather(self.trust, items)
        ranking = trust * _match(ranks, teacher[0] - teacher[1])
        tell_apart = trust * _match(_apart(own_liked, own_other), _apart(liked, other))
        rating = tf.abs(teacher[0] - student[0]) + tf.abs(teacher[1] - student[1])
        supervised = tf.nn.softplus(-ranks)
        return tf.reduce_mean(supervised + how["alpha"] * ranking + how["beta"] * tell_apart + how["gamma"] * rating)

    def snapshot(self) -> Tables:
        student = self.item_net(self.content, training=False).numpy()
        users = self.user_net(self.user_vectors, training=False).numpy()
        return Tables(
            np.hstack([self.teacher.tables.users, users]),
            np.hstack([
                np.where(self.warm[:, None], self.teacher.tables.items, 0),
                np.where(self.warm[:, None], 0, student),
            ]),
        )  # fmt: skip

    def queries(self, queries: Queries) -> Floats:
        vectors = self.tables.users[queries.user_rows]
        new = queries.user_rows == 0
        if new.any():
            users = self.teacher.queries(Queries(queries.user_rows[new], queries.histories[new]))
            student = self.user_net(tf.constant(users), training=False).numpy()
            vectors[new] = np.hstack([users, student])
        return vectors


def _student(inputs: int, hidden: int, outputs: int, seed: int) -> keras.Model:
    initial = keras.initializers.GlorotUniform
    return keras.Sequential([
        keras.layers.Input((inputs,)),
        keras.layers.Dense(hidden, kernel_initializer=initial(seed)),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("tanh"),
        keras.layers.Dense(outputs, kernel_initializer=initial(seed + 1)),
    ])  # fmt: skip


def _dot(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(left * right, 1)


def _apart(liked: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """[B]: an item's product with itself, less its mean product with others."""
    return _dot(liked, liked) - tf.linalg.matvec(liked, tf.reduce_mean(others, 0))


def _match(student: tf.Tensor, teacher: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(tf.nn.sigmoid(teacher), student)


SYSTEM: Final = peer_system(
    "ALDI",
    ALDI,
    [
        {"alpha": 1.0, "beta": 0.1, "gamma": 0.1},
        {"alpha": 1.0, "beta": 0.1, "gamma": 1.0},
        {"alpha": 1.0, "beta": 0.1, "gamma": 0.1, "factors": 128},
        {"alpha": 0.3, "beta": 0.05, "gamma": 0.1},
        {"alpha": 1.0, "beta": 0.1, "gamma": 0.1, "learning_rate": 3e-4},
        {"alpha": 3.0, "beta": 0.3, "gamma": 0.3},
    ],
)
