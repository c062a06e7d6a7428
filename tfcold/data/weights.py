"""How much an interaction may count beside the others of its user: what a table says of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import RATING, WEIGHT, WEIGHT_COLUMNS
from tfcold.data.checks import Floats, number_column
from tfcold.data.report import Findings


def weights_of(
    frame: pd.DataFrame,
    pairs: npt.NDArray[np.int64],
    last: npt.NDArray[np.bool_],
    argument: str,
    found: Findings,
) -> Floats | None:
    """What the rows of each pair of user and item weigh together, float64 [R]; None where nothing is said.

    The sum of `weight`, or else of the first of `plays`, `count`, `quantity`, `views` and `clicks` that holds numbers.
    Without any of these, and without ratings (one given again is no second one), how many rows a pair has. What is the
    same of all says nothing.

    Args:
        frame: interactions, R rows.
        pairs: int64 [R]. One number a pair of user and item.
        last: bool [R]. True for one row of each pair.
        argument: str. What to call the table in errors.
        found: gets a sentence on what was read, or could not be.

    Raises:
        InputError: a cell of `weight` is no finite number.
    """
    column = _column(frame, found)
    if column is None and (RATING in frame.columns or last.all()):
        return None
    weights = np.ones(len(frame)) if column is None else number_column(frame, column, argument)
    if not last.all():
        weights = pd.Series(weights).groupby(pairs, sort=False).transform("sum").to_numpy(np.float64)
        found.messages.append(f"a pair weighs what all its rows do: {column or 'one each'}")
    if (weights == weights[0]).all():
        return None
    if column not in (None, WEIGHT):
        found.messages.append(f"{column} is read as {WEIGHT}: how much a row may count beside the others of its user")
    low = int((weights <= 0).sum())
    found.count("weights_not_above_0", low, f"{low} rows weigh 0 or less; they count as done all the same")
    return weights


def _column(frame: pd.DataFrame, found: Findings) -> str | None:
    """`weight`, or the first of its other names that holds numbers."""
    for name in WEIGHT_COLUMNS:
        if name in frame.columns:
            if name == WEIGHT or _holds_numbers(frame[name]):
                return name
            found.messages.append(f"{name} is left out: not every cell is a finite number")
    return None


def _holds_numbers(cells: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(cells) or pd.api.types.is_timedelta64_dtype(cells):
        return False
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return bool(np.isfinite(numbers).all())
