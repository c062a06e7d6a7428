"""What a bundle keeps of its items, and rows of newcomers brought to the same columns."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.errors import InputError
from tfcold.manifest import EXTRA, ITEMS_FILE, check_files, read_manifest
from tfcold.serving.ids import strings

Cells = npt.NDArray[Any]

_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def kept_items(version: Path) -> pd.DataFrame | None:
    """What the version folder keeps of its items, `item_id` among the columns as str; None where it keeps nothing.

    Raises:
        BundleError: the file is damaged.
    """
    path = version / EXTRA / ITEMS_FILE
    if not path.is_file():
        return None
    check_files(version, read_manifest(version), under=f"{EXTRA}/{ITEMS_FILE}")
    frame = pd.read_parquet(path)
    return frame.assign(**{ITEM_ID: pd.Series(strings(frame[ITEM_ID]), dtype=object)})


def fitted_columns(shown: pd.DataFrame, kept: pd.DataFrame | None) -> dict[str, Cells]:
    """The columns of `kept` with the cells of newcomers: numbers stay numbers, flags flags, everything else text.

    A column that the newcomers lack is empty for them; one that the bundle does not keep is left out.

    Args:
        shown: frame of N newcomers.
        kept: frame of what the bundle keeps, without ids, or None where it keeps nothing.

    Returns: arrays [N] by column: of the column's dtype where no cell is empty, else float64 or object.

    Raises:
        InputError: a cell that is no number, or neither true nor false, in such a column.
    """
    columns = {} if kept is None else {str(name): kept[name] for name in kept.columns}
    return {name: _fitted(name, shown.get(name), column, len(shown)) for name, column in columns.items()}


def with_cells(
    frame: pd.DataFrame, at: npt.NDArray[np.integer[Any]], cells: pd.DataFrame, given: Collection[str]
) -> pd.DataFrame:
    """The frame with other cells in some rows; columns that are not given are shared.

    Args:
        frame: rows 0 to N - 1 of what is kept.
        at: int [R], distinct. The rows.
        cells: frame of R rows, as `fitted_columns` gives them.
        given: names of the columns that change; those that the frame does not have are left out.
    """
    if len(at) == 0:
        return frame
    order = np.arange(len(frame))
    order[at] = len(frame) + np.arange(len(at))
    anew = {
        name: pd.concat([frame[name], cells[name]], ignore_index=True).iloc[order].reset_index(drop=True)
        for name in frame.columns
        if name in given
    }
    return frame.assign(**anew)


def _fitted(name: str, cells: pd.Series[Any] | None, column: pd.Series[Any], num: int) -> Cells:
    is_flag = pd.api.types.is_bool_dtype(column.dtype) or _holds_flags(column)
    is_number = pd.api.types.is_numeric_dtype(column.dtype) and not is_flag
    if cells is None:
        return np.full(num, np.nan) if is_number else np.full(num, None, object)
    there = cells.notna().to_numpy(np.bool_)
    if is_number:
        numbers = pd.to_numeric(cells, errors="coerce")
        _check(name, cells, there & numbers.isna().to_numpy(np.bool_), "numbers")
        values: Cells = numbers.to_numpy(np.float64, na_value=np.nan)
        whole = pd.api.types.is_integer_dtype(column.dtype) and there.all() and (values == np.round(values)).all()
        return values.astype(np.int64) if whole else values
    if is_flag:
        flags = [_FLAGS.get(str(cell).strip().lower().removesuffix(".0")) for cell in cells]
        _check(name, cells, there & np.array([flag is None for flag in flags], np.bool_), "true or false")
        return np.array(flags, np.bool_ if there.all() else object)
    texts = np.full(num, None, object)
    texts[there] = [str(cell) for cell in cells[there]]
    return texts


def _holds_flags(column: pd.Series[Any]) -> bool:
    """A column of flags with empty cells is one of objects."""
    return column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean"


def _check(name: str, cells: pd.Series[Any], is_odd: npt.NDArray[np.bool_], rule: str) -> None:
    if is_odd.any():
        raise InputError(
            f"`items` must hold {rule} in column {name!r}, as the bundle's do; {int(is_odd.sum())} of {len(cells)} "
            f"cells are not, such as {cells[is_odd].iloc[0]!r}. Correct them, or leave the column out"
        )
