"""`@export`: a Keras-serialisable name and a public registry, in one act."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfcold._keras import keras

T = TypeVar("T", bound=type)

REGISTRY: dict[str, type] = {}


def export(name: str) -> Callable[[T], T]:
    """Class decorator that registers a Keras object under its public name.

    Args:
        name: str, dotted, as users import it: `"tfcold.layers.GatedFusion"`. Its last part is the class name.

    Raises:
        ValueError: the name ends in another class name, or is taken.
    """

    def register(cls: T) -> T:
        if name.rsplit(".", 1)[-1] != cls.__name__:
            raise ValueError(f"`name` must end in the class name {cls.__name__!r}; received {name!r}")
        if name in REGISTRY:
            raise ValueError(f"`name` must be new; {name!r} is {REGISTRY[name]!r} already")
        REGISTRY[name] = cls
        keras.saving.register_keras_serializable(package="tfcold", name=cls.__name__)(cls)
        return cls

    return register
