"""Checks that every table shares: columns, rows, ids, numbers, empty cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.data.ids import Ids, as_ids, examples
from tfcold.errors import InputError

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_OTHER_SEPARATOR = re.compile(r"[;,|\t]")  # in the one name of a table that was cut at another
_SECONDS = np.timedelta64(1, "s")


def check_frame(frame: pd.DataFrame, columns: tuple[str, ...], argument: str) -> None:
    """Nothing, if `frame` is a table that has `columns` and at least one row.

    Raises:
        TypeError: it is no frame.
        InputError: a column is missing, a name stands twice, or there are no rows.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"`{argument}` must be a pandas DataFrame; received {type(frame).__name__}")
    names = [str(name) for name in frame.columns]
    missing = [column for column in columns if column not in names]
    if missing:
        way_out = f"Name the column that holds it {missing[0]!r}"
        if len(names) == 1 and _OTHER_SEPARATOR.search(names[0]):
            way_out = "The separator must be a comma, or a tab in a file that ends in .tsv"
        raise InputError(
            f"`{argument}` must have columns {', '.join(columns)}; {', '.join(missing)} is missing, there are "
            f"{examples(names, 8) or 'none'}. {way_out}"
        )
    check_names(names, argument)
    if len(frame) == 0:
        raise InputError(f"`{argument}` must have at least one row; received 0 rows")


def check_names(names: Sequence[str], argument: str) -> None:
    """Nothing, if no column has the name of another.

    Raises:
        InputError: two have.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"`{argument}` must name each column once; twice or more: {examples(twice)}. Drop one of them")


def id_column(frame: pd.DataFrame, column: str, argument: str) -> Ids:
    """Ids of the rows, object [R] of str.

    Raises:
        InputError: a row has no id.
    """
    strings, missing = as_ids(frame[column])
    if missing.any():
        rows = np.flatnonzero(missing)
        raise InputError(
            f"`{argument}` must have a {column} in every row; {len(rows)} of {len(frame)} rows have none, "
            f"at rows {examples(rows)} (counted from 0). Drop these rows, or give them one"
        )
    return strings


def number_column(frame: pd.DataFrame, column: str, argument: str) -> Floats:
    """Numbers of the rows, float64 [R], finite.

    Raises:
        InputError: a cell is no finite number.
    """
    numbers = _numbers(frame[column])
    _check_cells(np.isfinite(numbers), frame[column], column, argument, "a finite number")
    return numbers


def seconds_column(frame: pd.DataFrame, column: str, argument: str) -> Floats:
    """Moments of the rows, float64 [R].

    Numbers stay as they are; dates (also as ISO 8601 text) become seconds since 1970, in UTC where they name no zone.

    Raises:
        InputError: a cell is neither a finite number nor a date.
    """
    cells = frame[column]
    if pd.api.types.is_datetime64_any_dtype(cells):
        seconds = _seconds(cells)
    else:
        seconds = _numbers(cells)
        if not np.isfinite(seconds).any():  # no number among them: dates
            seconds = _seconds(cells)
    _check_cells(np.isfinite(seconds), cells, column, argument, "a number, a datetime or an ISO 8601 date")
    return seconds


def empty_cells(cells: pd.Series[Any]) -> Mask:
    """Bool [R]: true where a cell holds nothing: null, white space, an empty list."""
    empty = np.asarray(cells.isna(), np.bool_)
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return empty
    blank = [not cell.strip() if isinstance(cell, str) else _holds_nothing(cell) for cell in cells]
    return np.asarray(empty | np.asarray(blank, np.bool_), np.bool_)


def _holds_nothing(cell: Any) -> bool:
    return isinstance(cell, (list, tuple, set, frozenset, dict, np.ndarray)) and len(cell) == 0


def _numbers(cells: pd.Series[Any]) -> Floats:
    numbers = pd.to_numeric(cells, errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def _seconds(cells: pd.Series[Any]) -> Floats:
    if not pd.api.types.is_datetime64_any_dtype(cells):
        cells = pd.to_datetime(cells, errors="coerce", utc=True, format="ISO8601")
    if cells.dt.tz is not None:
        cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
    since = cells.to_numpy() - np.datetime64(0, "s")
    return np.asarray(np.where(cells.isna(), np.nan, since / _SECONDS), np.float64)


def _check_cells(good: Mask, cells: pd.Series[Any], column: str, argument: str, rule: str) -> None:
    if good.all():
        return
    rows = np.flatnonzero(~good)
    raise InputError(
        f"`{argument}` must hold {rule} in every cell of {column}; {len(rows)} of {len(cells)} do not: "
        f"{examples(cells.iloc[rows[:4]])} at rows {examples(rows)} (counted from 0). Repair or drop these rows, "
        f"or drop the column"
    )
