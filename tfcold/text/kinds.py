"""What a column of an items or users table holds: words, names from a small set, or numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from tfcold.columns import MADE_AT, MADE_BY, MADE_WITH

Kind = Literal["text", "categorical", "numeric"]

TITLE_LIKE: Final = ("title", "name", "plot", "description", "text", "abstract")
SAMPLED_ROWS: Final = 5_000
MAX_WORDS_OF_A_NAME: Final = 3.0
MAX_SHARE_OF_DISTINCT_NAMES: Final = 0.7

_FLAGS: Final = {"true": 1.0, "false": 0.0}
_SEPARATORS = re.compile(r"\s*[|,]\s*")


def column_kinds(frame: pd.DataFrame, id_column: str) -> dict[str, Kind]:
    """The kind of every column but the id, in the order of the table.

    A column of numbers (also of numbers written as text, as a csv read for its ids gives them), or of true and false in
    any case, is `numeric`: it is no words, unless somebody names it. A column whose cells, split at commas and bars,
    are short names that repeat from row to row (genres, brand, actors) is `categorical`. Everything else is `text`; a
    column called title, name, plot, description, text or abstract always is. A column without a single value has no
    kind and is left out, and so is one that says where others come from (`llm_made_by`, see `tfcold.columns`).

    Args:
        frame: a table with one row an item (or a user).
        id_column: str. The column of ids, which is no feature.
    """
    kinds: dict[str, Kind] = {}
    for column in frame.columns:
        if column == id_column or str(column).endswith((MADE_BY, MADE_WITH, MADE_AT)):
            continue
        kind = _kind(str(column), frame[column])
        if kind is not None:
            kinds[str(column)] = kind
    return kinds


def _kind(name: str, column: pd.Series[Any]) -> Kind | None:
    sample = column.head(SAMPLED_ROWS)
    cells = [cell for cell in map(cell_text, sample) if cell]
    if not cells:
        cells = [cell for cell in map(cell_text, column) if cell][:SAMPLED_ROWS]
    if not cells:
        return None
    if name.lower() in TITLE_LIKE:
        return "text"
    if pd.api.types.is_numeric_dtype(column):  # bool too
        return "numeric"
    if np.isfinite(numbers(cells)).all():
        return "numeric"
    names = [value for cell in cells for value in cell_names(cell)]
    if not names:
        return "text"
    words = sum(len(value.split()) for value in names) / len(names)
    distinct = len(set(names)) / len(names)
    return "categorical" if words <= MAX_WORDS_OF_A_NAME and distinct <= MAX_SHARE_OF_DISTINCT_NAMES else "text"


def cell_text(cell: Any) -> str:
    """The cell as one line of text; `""` where it holds nothing.

    None, NaN and NaT are nothing; members of a list, tuple, set or array are joined by commas, empty ones left out; a
    float that is a whole number loses its `.0`; runs of white space become one space.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return " ".join(cell.split())
    if isinstance(cell, (list, tuple, np.ndarray)):
        return ", ".join(text for text in map(cell_text, cell) if text)
    if isinstance(cell, (set, frozenset)):
        return ", ".join(sorted(text for text in map(cell_text, cell) if text))
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return ""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def cell_names(cell: Any) -> list[str]:
    """The names in a cell, lower case: a string is split at commas and bars, a list as its members stand."""
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        parts: Iterable[str] = map(cell_text, sorted(cell, key=str))
    else:
        parts = _SEPARATORS.split(cell_text(cell))
    return [part.lower() for part in parts if part]


def numbers(cells: Iterable[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """float64 [N]; 1 for true and 0 for false, NaN where a cell is empty or no finite number."""
    known = [_FLAGS.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell for cell in cells]
    values = pd.to_numeric(pd.Series(known, dtype=object), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
