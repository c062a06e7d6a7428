"""Rows of a table -> data that may be sent: chosen columns, masked, short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from tfcold.errors import InputError
from tfcold.remote import Mask, Masker
from tfcold.text.kinds import cell_text, column_kinds

LONGEST_CELL: Final = 600  # characters of a cell that are sent
_LONGEST_READ: Final = 20_000  # and that are looked at at all


@dataclass(frozen=True)
class Row:
    """What is sent of one row.

    Args:
        data: text by column; empty cells left out.
        masks: what was masked in it.
    """

    data: dict[str, str]
    masks: tuple[tuple[str, Mask], ...] = ()


def chosen_columns(
    frame: pd.DataFrame, id_column: str, columns: Sequence[str] | None, *, is_remote: bool
) -> tuple[str, ...]:
    """The columns that may be read.

    Args:
        frame: the table.
        id_column: str. Never sent.
        columns: the allow-list, or None: all columns of words, for a model on this machine only.
        is_remote: bool. Whether text leaves this machine.

    Raises:
        InputError: no allow-list where there must be one, a column that is not there, the column of ids, or no words.
    """
    if columns is None:
        if is_remote:
            raise InputError("`columns` must say which columns may leave this machine, as the model is on another one")
        columns = [name for name, kind in column_kinds(frame, id_column).items() if kind != "numeric"]
        if not columns:
            raise InputError(f"`columns`: the table has no column of words beside {id_column}")
    if isinstance(columns, str) or not columns:
        raise InputError(f"`columns` must be a list of at least one name; received {columns!r}")
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(
            f"`columns` must name columns of the table; it has no {', '.join(map(repr, missing))}, its columns are "
            f"{', '.join(map(repr, map(str, frame.columns)))}"
        )
    if id_column in columns:
        raise InputError(f"`columns` must not name {id_column!r}: ids are never sent")
    return tuple(columns)


def rows_of(frame: pd.DataFrame, columns: Sequence[str], masker: Masker) -> list[Row]:
    """What may be sent of each row: the columns' words, masked, then cut to 600 characters a cell."""
    cells = [frame[name].tolist() for name in columns]
    return [_row(columns, values, masker) for values in zip(*cells, strict=True)]


def masked(text: str, masker: Masker) -> tuple[str, list[Mask]]:
    """A text as it may be sent, and what was masked in it."""
    clean, masks = masker.found(text[:_LONGEST_READ])
    return clean[:LONGEST_CELL], masks


def _row(columns: Sequence[str], values: Sequence[Any], masker: Masker) -> Row:
    data, masks = {}, []
    for name, value in zip(columns, values, strict=True):
        if text := cell_text(value):
            data[name], found = masked(text, masker)
            masks += [(name, mask) for mask in found]
    return Row(data, tuple(masks))
