"""Optional dependencies, imported on use."""

from __future__ import annotations

import importlib
from types import ModuleType

from tfcold.errors import MissingExtraError


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
