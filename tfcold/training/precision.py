"""Half precision for a fit and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from tfcold._keras import keras
from tfcold.models import TwoTower


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Sets the global policy of Keras inside the block; the one before is back after it, whatever happens."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def half_policy() -> str:
    """`"mixed_float16"` where TensorFlow sees a GPU, `"mixed_bfloat16"` elsewhere."""
    return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"


def half_precision_twin(model: TwoTower, name: str | None = None) -> TwoTower:
    """A model of the same weights, in float32 as before, whose towers compute in half precision.

    Args:
        model: built and adapted.
        name: a mixed policy, default `half_policy()`.
    """
    with policy(name or half_policy()):
        twin = TwoTower.from_config(model.get_config())
        twin.ensure_built()
    copy_weights(model, twin)
    return twin


def copy_weights(source: TwoTower, target: TwoTower) -> None:
    """Gives a model of the same config the weights of another, and says the same of what is trained."""
    for name in ("user_tower", "candidate_tower", "history_tower", "similarity"):
        layers = (getattr(model, name)._flatten_layers() for model in (source, target))
        for one, other in zip(*layers, strict=True):  # parents before children
            other.trainable = one._trainable
    target.set_weights(source.get_weights())
