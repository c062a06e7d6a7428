"""Checks of arguments and shapes that several layers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError


def positive(name: str, value: int | float) -> None:
    """Raises InputError unless `value` is above 0."""
    if not value > 0:
        raise InputError(f"`{name}` must be positive; received {value}")


def rate(name: str, value: float) -> None:
    """Raises InputError unless `value` is in [0, 1)."""
    if not 0 <= value < 1:
        raise InputError(f"`{name}` must be in [0, 1); received {value}")


def last_axis(name: str, tensor: tf.Tensor, width: int, way_out: str = "") -> None:
    """Raises InputError where the last axis of `tensor` is known and is not `width`."""
    shape = tensor.shape
    if shape.rank is not None and (shape.rank == 0 or shape[-1] not in (None, width)):
        raise InputError(
            f"`{name}` must have shape [..., {width}]; received {list(shape)}. {way_out}".rstrip(". ") + "."
        )


def same_keys(name: str, received: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raises InputError unless both have the same names."""
    if set(received) != set(expected):
        raise InputError(
            f"`{name}` must have the blocks {sorted(expected)}; received {sorted(received)}. "
            "Name every block in `block_dims`, and feed each of them"
        )


def where_true(mask: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """`tensor` [..., T] with zeros in the rows where `mask` [...] is false, whatever stood there (NaN included)."""
    return tf.where(tf.cast(mask, tf.bool)[..., tf.newaxis], tensor, tf.zeros_like(tensor))


def build_named(layer: keras.layers.Layer, width: int) -> None:
    """Builds a layer inside a layer for [..., width], its weights named after it, as a call would name them."""
    with tf.name_scope(layer.name):
        layer.build([None, width])
