"""Ids as callers hold them -> strings -> rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.errors import InputError

Ids = npt.NDArray[np.object_]


def strings(ids: Iterable[Any]) -> Ids:
    """Object array of str: strings as they are, whole numbers without `.0`, `""` for what is missing.

    Raises:
        InputError: something that holds no ids, or an id that UTF-8 cannot write.
    """
    if not isinstance(ids, Iterable):
        raise InputError(f"`ids` must be a list of ids; received {ids!r:.40}. Pass `[{ids!r:.40}]`")
    values = [ids] if isinstance(ids, (str, bytes)) else list(ids)
    texts = np.empty(len(values), object)
    texts[:] = [_string(value) for value in values]
    check_utf8(texts, "ids")
    return texts


def check_utf8(ids: Ids, argument: str) -> None:
    """Nothing, where a bundle can keep the ids: half of a surrogate pair alone is no character."""
    try:
        "".join(ids).encode("utf-8")
    except UnicodeEncodeError:
        odd = [name for name in ids if any("\ud800" <= letter <= "\udfff" for letter in name)]
        raise InputError(
            f"`{argument}` must be text that UTF-8 can write; {len(odd)} of {len(ids)} are not: "
            f"{', '.join(map(ascii, odd[:3]))}. Mend the encoding of the file"
        ) from None


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
    """The rows of a bundle's ids; row 0 is unknown. Never changes: `extended` gives another one.

    Args:
        ids: object [N] of str, distinct; row r is `ids[r - 1]`.

    Attributes:
        names: object [N + 1] of str, `""` first.
    """

    def __init__(self, ids: Ids) -> None:
        self.names: Ids = np.concatenate([np.array([""], object), ids])
        self._first = self._late = pd.Index(ids, dtype=object)  # ids of the first index, and those that came later
        self._late = self._late[:0]

    @classmethod
    def of_bytes(cls, names: npt.NDArray[np.object_]) -> IdIndex:
        """The index of object [N + 1] of UTF-8 bytes, `b""` first, as a bundle keeps its ids."""
        return cls(strings(names[1:]))

    def __len__(self) -> int:
        return len(self.names) - 1

    def rows(self, ids: Ids) -> npt.NDArray[np.int32]:
        """int32 [M] of object [M]; 0 where unknown."""
        asked = pd.Index(ids, dtype=object)
        rows = self._first.get_indexer(asked) + 1
        if len(self._late) and (rows == 0).any():
            late = self._late.get_indexer(asked)
            rows = np.where(late >= 0, late + len(self._first) + 1, rows)
        return rows.astype(np.int32)

    def extended(self, ids: Ids) -> IdIndex:
        """The index with more ids after the others; what it costs goes by all that came late, not by N."""
        more = object.__new__(IdIndex)
        more.names = np.concatenate([self.names, ids])
        more._first = self._first
        more._late = pd.Index(more.names[len(self._first) + 1 :], dtype=object)
        return more
