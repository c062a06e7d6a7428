"""What to recommend to somebody of whom little is known."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.ops import fading
from tfcold.registration import export

FLOOR: Final = 1e-3  # weight for users of whom nothing is known, whatever is chosen


@export("tfcold.models.PopularityPrior")
class PopularityPrior(keras.layers.Layer):
    """Adds popularity to the score, the less the more is known: `prior(n) * p_i`.

    `p_i = log(1 + count_i)`, scaled to mean 0 and standard deviation 1 over warm items; a cold item has what its vector
    says along `direction`, and 0, the average item, until one is set. `prior(n) = strength / (1 + n) ** decay` for a
    user with n known interactions. A user of whom nothing is known gets the popular list, and `strength = floor` keeps
    that true when the prior is switched off.

    Args:
        num_items: int. Items with a row; row 0 comes on top.
        floor: float > 0, default 1e-3. Weight for n = 0 whatever `strength` is.
        dim: int >= 0, default 0. Width D of candidates; with 0 there is no direction.
    """

    def __init__(self, num_items: int, floor: float = FLOOR, dim: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_items = num_items
        self.floor = floor
        self.dim = dim
        # float32 whatever the policy, as the scores they are added to
        constant = {"trainable": False, "dtype": tf.float32, "experimental_autocast": False}
        self.values = self.add_weight(name="values", shape=(num_items + 1,), initializer="zeros", **constant)
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros", **constant)
        self.decay = self.add_weight(name="decay", shape=(), initializer="ones", **constant)
        self.direction = (
            self.add_weight(name="direction", shape=(dim,), initializer="zeros", **constant) if dim else None
        )

    def cold(self, candidates: tf.Tensor) -> tf.Tensor:
        """`p_i` float32 [N] of items that nobody has touched, from their vectors [N, D] as they are searched."""
        if self.direction is None:
            return tf.zeros(tf.shape(candidates)[:1])
        return tf.linalg.matvec(tf.cast(candidates, tf.float32), self.direction)

    def adapt(self, item_counts: npt.NDArray[np.integer[Any]]) -> None:
        """Sets `p` from training interactions, integer [I + 1]."""
        self.values.assign(popularity(item_counts))

    def set_weights_of(self, strength: float, decay: float) -> None:
        """Chooses `prior(n)`; see the class."""
        self.strength.assign(strength)
        self.decay.assign(decay)

    def set_direction(self, direction: Any) -> None:
        """What cold vectors say of popularity, floating [D]; see the class."""
        if self.direction is None:
            raise InputError("`direction` needs a prior with `dim`; this one has none")
        self.direction.assign(direction)

    def weight(self, counts: tf.Tensor) -> tf.Tensor:
        """`prior(n)` float32 [B] of history lengths [B]."""
        weight = fading(counts, self.strength, self.decay)
        return tf.where(counts > 0, weight, tf.maximum(weight, self.floor))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(num_items=self.num_items, floor=self.floor, dim=self.dim)
        return config


def popularity(item_counts: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
    """`p` float32 [I + 1] of training interactions [I + 1], see `PopularityPrior`; zeros where there are none."""
    counts = np.asarray(item_counts, np.float64)
    logs = np.log1p(counts)
    warm = counts > 0
    warm[0] = False
    if not warm.any():
        return np.zeros(len(counts), np.float32)
    spread = float(logs[warm].std()) or 1.0
    return np.where(warm, (logs - logs[warm].mean()) / spread, 0.0).astype(np.float32)
