"""The items that training has seen, as a training step asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.errors import InputError


@dataclass(frozen=True)
class WarmItems:
    """Warm items in a row, and where each is found.

    Args:
        rows: int32 [W]. Item rows, rising.
        place: int32 [I + 1]. 1..W of a warm item, 0 of any other: its row in a table of warm items after a row 0.
        share: float32 [I + 1]. Of the training rows; they sum to 1.
        count: int, W.
    """

    rows: tf.Tensor
    place: tf.Tensor
    share: tf.Tensor
    count: int

    @classmethod
    def of(cls, counts: npt.NDArray[np.floating[Any]]) -> WarmItems:
        """From training rows of every item, [I + 1].

        Raises:
            InputError: none is warm.
        """
        warm = counts > 0
        if not warm.any():
            raise InputError("the model has no warm item to learn from. Call `adapt` with `item_counts` first")
        return cls(
            rows=tf.constant(np.flatnonzero(warm), tf.int32),
            place=tf.constant(np.where(warm, np.cumsum(warm), 0), tf.int32),
            share=tf.constant(counts / counts.sum(dtype=np.float64), tf.float32),
            count=int(warm.sum()),
        )
