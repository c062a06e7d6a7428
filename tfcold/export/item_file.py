"""What lists may show of an item, kept beside the model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.data.ids import as_ids
from tfcold.errors import InputError


def as_shown(items: pd.DataFrame) -> pd.DataFrame:
    """The frame fit for parquet: ids as strings, numbers as they are, everything else as text, lists joined by commas.

    Raises:
        InputError: no column `item_id`, or an id is missing or stands twice.
    """
    if ITEM_ID not in items.columns:
        raise InputError(
            f"`items` must have a column {ITEM_ID!r}; its columns are {[str(name) for name in items.columns]}"
        )
    ids, missing = as_ids(items[ITEM_ID])
    if missing.any() or len(set(ids)) < len(ids):
        raise InputError(
            f"`items` must hold one id a row, each once; {int(missing.sum())} of {len(ids)} are empty, "
            f"{len(ids) - len(set(ids))} come again"
        )
    shown = {ITEM_ID: pd.Series(ids, dtype=object)}
    for column in items.columns:
        if column != ITEM_ID:
            cells = items[column].reset_index(drop=True)
            is_number = pd.api.types.is_numeric_dtype(cells.dtype)
            shown[str(column)] = cells if is_number else pd.Series([_text(cell) for cell in cells], dtype=object)
    return pd.DataFrame(shown)


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, np.ndarray | Collection):
        return ", ".join(map(str, cell))
    return None if cell is None or pd.isna(cell) else str(cell)
