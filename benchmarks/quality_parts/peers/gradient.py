"""Peers that learn by gradient steps: batches of pairs with uniform negatives, stopped by validation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import tensorflow as tf

from quality_parts.peers.material import Material
from quality_parts.peers.peer import ContentPeer, Tables, Watch
from tfcold._keras import keras

PATIENCE: Final = 3  # looks without gain


class GradientPeer(ContentPeer):
    """A child makes its weights in `build`, its `loss` for a batch of pairs, and `snapshot`, its tables as they stand.

    Training runs until `PATIENCE` looks at validation brought nothing, `max_epochs` are over or the clock is; the best
    weights are kept. A look is taken after every `look` epochs.

    Args:
        seed: int.
        settings: of the child; those read here: `learning_rate` (0.001, Adam), `batch_size` (1024), `max_epochs`
            (60), `look` (2), `negatives` (1) for each pair, drawn uniformly from warm items.
    """

    defaults: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, *, seed: int = 0, **settings: Any) -> None:
        common = {"learning_rate": 1e-3, "batch_size": 1024, "max_epochs": 60, "look": 2, "negatives": 1}
        super().__init__(seed=seed, **{**common, **self.defaults, **settings})

    @abstractmethod
    def build(self, material: Material) -> None:
        """Makes the weights, as attributes."""

    @abstractmethod
    def loss(self, users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
        """Scalar loss of pairs [B] and [B], and negatives [B, n], all int32 rows."""

    @abstractmethod
    def snapshot(self) -> Tables:
        """The tables that score, as the weights stand."""

    @abstractmethod
    def weights(self) -> list[tf.Variable]:
        """What is trained."""

    def optimizer(self) -> Any:
        return keras.optimizers.legacy.Adam(self.settings["learning_rate"])

    def state(self) -> list[tf.Variable]:
        """What is kept of the best epoch."""
        return self.weights()

    def _fit(self, material: Material, watch: Watch) -> None:
        keras.utils.set_random_seed(self.seed)
        self.build(material)
        optimizer = self.optimizer()
        weights = self.weights()
        optimizer._create_all_weights(weights)

        @tf.function(reduce_retracing=True)
        def step(users: tf.Tensor, items: tf.Tensor, negatives: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = self.loss(users, items, negatives)
            gradients = tape.gradient(loss, weights)
            optimizer.apply_gradients((g, w) for g, w in zip(gradients, weights, strict=True) if g is not None)
            return loss

        self._train(material, watch, step)

    def _train(self, material: Material, watch: Watch, step: Any) -> None:
        rng = np.random.default_rng(self.seed)
        epochs = watch.epochs or self.settings["max_epochs"]
        best, highest, idle, worth = None, -1.0, 0, epochs
        for epoch in range(1, epochs + 1):
            for batch in self._batches(material, rng):
                step(*batch)
                if watch.late() and best is not None:
                    break
            if watch.judge is None or (epoch % self.settings["look"] and not watch.late()):
                continue
            self.tables = self.snapshot()
            reached = watch.judge(self)
            if reached > highest:
                best, highest, idle, worth = [one.numpy() for one in self.state()], reached, 0, epoch
            else:
                idle += 1
            if idle >= PATIENCE or watch.late():
                break
        if best is not None:
            for one, value in zip(self.state(), best, strict=True):
                one.assign(value)
        self.tables = self.snapshot()
        self.settings["epochs"] = worth

    def _batches(self, material: Material, rng: np.random.Generator) -> Any:
        """Users [B], items [B] and negatives [B, n] of an epoch, the pairs shuffled."""
        users, items = material.pairs
        order = rng.permutation(len(users))
        size = self.settings["batch_size"]
        for start in range(0, len(order), size):
            part = order[start : start + size]
            negatives = rng.choice(material.warm_rows, (len(part), self.settings["negatives"]))
            yield tf.constant(users[part]), tf.constant(items[part]), tf.constant(negatives)


def mlp(inputs: int, *widths: int, activation: str = "relu", seed: int = 0, name: str = "mlp") -> Any:
    """A plain network; the last layer is linear."""
    layers = [keras.layers.Input((inputs,))]
    for number, width in enumerate(widths):
        last = number == len(widths) - 1
        initial = keras.initializers.GlorotUniform(seed + number)
        layers.append(keras.layers.Dense(width, None if last else activation, kernel_initializer=initial))
    return keras.Sequential(layers, name=name)


def embedding(rows: int, width: int, *, seed: int, scale: float = 0.1) -> tf.Variable:
    """[rows, width], normal; trained."""
    return tf.Variable(tf.random.stateless_normal([rows, width], [seed, 7], 0.0, scale))


def constant(array: Any) -> tf.Tensor:
    """A float32 tensor that the graph takes from memory, not from its own text."""
    return tf.Variable(np.asarray(array, np.float32), trainable=False)
