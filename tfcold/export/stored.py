"""Tables of a bundle in 4, 2 or 1 bytes a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.serving.tables import inverse_norms

Store = Literal["float32", "float16", "int8"]
STORES: Final[tuple[Store, ...]] = get_args(Store)

Floats = npt.NDArray[np.float32]
_STEPS: Final = 127
_BLOCK: Final = 1 << 13  # rows rounded at once


@dataclass(frozen=True)
class Stored:
    """A table as a bundle keeps it, and its rows in float32.

    Args:
        values: float32, float16 or int8 [N, W].
        scales: float32 [N], what the numbers of each row are multiplied with; None unless int8.
    """

    values: tf.Variable
    scales: tf.Variable | None = None

    @classmethod
    def of(cls, table: Floats, store: Store, name: str, multiple: int = 1) -> Stored:
        """The table with zeros below it, up to a multiple of rows. It is written in blocks: no second copy is made."""
        full = -(-len(table) // multiple) * multiple
        values = variable(tf.zeros([full, table.shape[1]], store), name)
        scales = variable(tf.zeros([full], tf.float32), f"{name}_scales") if store == "int8" else None
        for start in range(0, len(table), _BLOCK):
            numbers, factors = rounded(table[start : start + _BLOCK], store)
            at = tf.range(start, start + len(numbers))
            values.scatter_update(tf.IndexedSlices(numbers, at))  # in place; a slice of a variable would copy it first
            if scales is not None:
                scales.scatter_update(tf.IndexedSlices(factors, at))
        return cls(values, scales)

    @property
    def num_rows(self) -> int:
        """N. The handle knows it; reading what was written in parts would copy the table."""
        return int(tf.raw_ops.VariableShape(input=self.values.handle)[0])

    def rows(self, at: tf.Tensor) -> tf.Tensor:
        """Float32 [*at.shape, W]."""
        rows = tf.cast(tf.gather(self.values, at), tf.float32)
        return rows if self.scales is None else rows * tf.gather(self.scales, at)[..., None]


def stored_inverse_norms(table: Floats, covariance: Floats, store: Store, multiple: int = 1) -> Floats:
    """[N]: `inverse_norms` of the rows as they are kept, and zeros up to a multiple of rows."""
    found = np.zeros(-(-len(table) // multiple) * multiple, np.float32)
    for start in range(0, len(table), _BLOCK):
        block = restored(*rounded(table[start : start + _BLOCK], store))
        found[start : start + len(block)] = inverse_norms(block, covariance)
    return found


def rounded(table: Floats, store: Store) -> tuple[npt.NDArray[Any], Floats | None]:
    """The numbers to keep [N, W], and for int8 the factor of each row [N].

    An int8 row is spread over -127 to 127. To round again what was rounded changes nothing but the last digit.
    """
    if store != "int8":
        return table.astype(store, copy=False), None
    most = np.abs(table).max(axis=1)
    steps = np.rint(table * (_STEPS / np.where(most > 0, most, 1))[:, None]).astype(np.int8)
    return steps, (most / _STEPS).astype(np.float32)


def restored(values: npt.NDArray[Any], scales: Floats | None) -> Floats:
    """Float32 of what `rounded` gave."""
    table = values.astype(np.float32, copy=False)
    return table if scales is None else table * scales[:, None]


def variable(value: Any, name: str) -> tf.Variable:
    """A variable that is not trained; a graph that reads it does not count on the length of its first axis."""
    value = tf.convert_to_tensor(value)
    shape = [None, *value.shape[1:]] if value.shape.rank else []
    return tf.Variable(value, trainable=False, name=name, shape=shape)
