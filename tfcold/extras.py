"""Optional dependencies, imported on use."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, Final

from tfcold.errors import MissingExtraError

SCANN_OPS: Final = "Scann"  # their namespace in a SavedModel


def require(module: str, *, extra: str) -> ModuleType:
    """The module, imported now.

    Args:
        module: str. Dotted name, as in `import`.
        extra: str. The extra of tfcold that installs it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"`{module}` is not installed ({error}). Run `pip install 'tfcold[{extra}]'`"
        ) from error


def scann_ops() -> Any:
    """The TensorFlow ops of ScaNN, `scann.scann_ops.py.scann_ops`. They are made for one minor version of TensorFlow.

    Raises:
        MissingExtraError: ScaNN is not installed, or made for another TensorFlow.
    """
    import tensorflow as tf

    try:
        return require("scann.scann_ops.py.scann_ops", extra="scann")
    except tf.errors.NotFoundError as error:
        raise MissingExtraError(
            f"`scann` is made for another TensorFlow than {tf.__version__}. "
            "Run `pip install 'tfcold[scann]'`, which installs both together"
        ) from error
