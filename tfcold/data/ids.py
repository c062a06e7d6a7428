"""External ids <-> rows; row 0 is "unseen"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.errors import InputError

Ids = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


def as_ids(values: Iterable[Any]) -> tuple[Ids, Mask]:
    """Ids as strings, and where there was none.

    Strings stay as they are, whole numbers lose a `.0` (a column of ints with an empty cell arrives as floats), bytes
    are read as UTF-8, anything else goes through `str`. None, NaN, NaT and the empty string are no id.

    Args:
        values: a pandas or NumPy column, or any other iterable of ids; not one string.

    Returns: object [N] of str, `""` where there is no id, and bool [N], true there.

    Raises:
        TypeError: `values` is a single string.

    Example:
        >>> as_ids([7, 7.0, "07", None])[0].tolist()
        ['7', '7', '07', '']
    """
    if isinstance(values, (str, bytes)):
        raise TypeError(f"`values` must be several ids; received the single id {values!r}. Pass [{values!r}]")
    column = values if isinstance(values, (pd.Series, pd.Index, np.ndarray)) else pd.Series(list(values), dtype=object)
    cells = np.asarray(column, dtype=object)
    if pd.api.types.infer_dtype(cells, skipna=False) != "string":
        # few distinct values, so only those are converted; kinds that compare equal (1, 1.0, True) stay apart
        codes, distinct = pd.factorize(cells) if _is_plain(column) else (None, cells)
        converted = _objects([_as_id(cell) for cell in distinct])
        cells = converted if codes is None else np.append(converted, _objects([""]))[codes]
    return cells, np.asarray(cells == "", np.bool_)


def _is_plain(column: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype)) or isinstance(column.dtype, pd.StringDtype)


def _as_id(cell: Any) -> str:
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8")
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return ""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _objects(strings: Sequence[str]) -> Ids:
    cells = np.empty(len(strings), object)
    cells[:] = strings
    return cells


def string_column(strings: Ids) -> pd.Series[Any]:
    """A column that keeps `strings` as Python objects, whatever the pandas (version 3 would make them `str`)."""
    return pd.Series(strings.copy(), dtype=object)


def examples(values: Iterable[Any], limit: int = 3) -> str:
    """Up to `limit` of the values, for a message: `'a', 'b', 'c', ...`."""
    listed = [repr(value.item() if isinstance(value, np.generic) else value) for value in values]
    return ", ".join(listed[:limit]) + (", ..." if len(listed) > limit else "")


class IdMap:
    """Strings that the caller knows things by, and the row each has in every table of tfcold.

    Row `r >= 1` is `ids[r - 1]`. Row 0 stands for whatever is unknown, so a table of these ids has N + 1 rows.

    Args:
        ids: N distinct ids, in the order of the rows; converted as `as_ids` does.

    Attributes:
        ids: object [N] of str, read-only.

    Raises:
        InputError: an id is missing, or stands twice.

    Example:
        >>> items = IdMap(["m7", "m3"])
        >>> items.rows(["m3", "m9"])
        array([2, 0], dtype=int32)
        >>> items.ids_of([1]).tolist()
        ['m7']
    """

    ids: Ids

    def __init__(self, ids: Iterable[Any]) -> None:
        strings, missing = as_ids(ids)
        if missing.any():
            rows = np.flatnonzero(missing)
            raise InputError(
                f"`ids` must hold an id in every place; {len(rows)} of {len(strings)} are empty, "
                f"at {examples(rows)}. Leave them out"
            )
        twice = pd.Index(strings, dtype=object).duplicated()
        if twice.any():
            raise InputError(
                f"`ids` must be distinct; {int(twice.sum())} of {len(strings)} stand there a second time: "
                f"{examples(pd.unique(strings[twice]))}. Keep one of each"
            )
        self.ids = strings.copy()
        self.ids.setflags(write=False)

    def __len__(self) -> int:
        """N: ids, row 0 not counted."""
        return len(self.ids)

    def __contains__(self, value: object) -> bool:
        return bool(self.rows([value])[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and np.array_equal(self.ids, other.ids)

    def __hash__(self) -> int:
        return hash(tuple(self.ids))

    def __repr__(self) -> str:
        return f"IdMap([{examples(self.ids[:4])}], {len(self)} ids)"

    def rows(self, ids: Iterable[Any]) -> Rows:
        """int32 [M]: the row of each id, 0 where it is unknown or missing.

        Args:
            ids: M ids, converted as `as_ids` does.
        """
        strings, _ = as_ids(ids)
        return (self._index.get_indexer(pd.Index(strings, dtype=object)) + 1).astype(np.int32)

    def ids_of(self, rows: npt.ArrayLike) -> Ids:
        """Object array of str in the shape of `rows`; `""` for row 0.

        Args:
            rows: int, any shape, each in 0..N.

        Raises:
            InputError: a row is outside 0..N.
        """
        asked = np.asarray(rows)
        if asked.size == 0:
            return np.empty(asked.shape, object)
        good = (asked >= 0) & (asked <= len(self)) if asked.dtype.kind in "iu" else np.zeros(asked.shape, np.bool_)
        if not good.all():
            bad = f"{asked.dtype} {examples(asked[~good])}"
            raise InputError(f"`rows` must be whole numbers in 0..{len(self)}; received {bad}")
        found: Ids = self._names[asked]
        return found

    def extended(self, ids: Iterable[Any]) -> IdMap:
        """A map in which every id keeps its row, and those not yet known follow in the order of their first mention.

        Raises:
            InputError: an id is missing.
        """
        strings, _ = as_ids(ids)
        new = pd.unique(strings[self.rows(strings) == 0])
        return IdMap(np.concatenate([self.ids, new])) if len(new) else self

    @cached_property
    def _index(self) -> pd.Index[Any]:
        return pd.Index(self.ids, dtype=object)

    @cached_property
    def _names(self) -> Ids:
        names: Ids = np.concatenate([_objects([""]), self.ids])
        return names
