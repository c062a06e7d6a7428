"""Ids as callers hold them -> strings -> rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ids = npt.NDArray[np.object_]


def strings(ids: Iterable[Any]) -> Ids:
    """Object array of str: strings as they are, whole numbers without `.0`, `""` for what is missing."""
    values = [ids] if isinstance(ids, (str, bytes)) else list(ids)
    texts = np.empty(len(values), object)
    texts[:] = [_string(value) for value in values]
    return texts


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


class IdIndex:
    """The rows of a bundle's ids; row 0 is unknown.

    Args:
        names: object [N + 1] of UTF-8 bytes, `b""` first, as the bundle keeps them.

    Attributes:
        names: object [N + 1] of str.
    """

    def __init__(self, names: npt.NDArray[np.object_]) -> None:
        self.names: Ids = np.empty(len(names), object)
        self.names[:] = [name.decode("utf-8") for name in names]
        self._index = pd.Index(self.names[1:], dtype=object)

    def __len__(self) -> int:
        return len(self._index)

    def rows(self, ids: Ids) -> npt.NDArray[np.int32]:
        """int32 [M] of object [M]; 0 where unknown."""
        return (self._index.get_indexer(pd.Index(ids, dtype=object)) + 1).astype(np.int32)
