"""Interactions, Items, Users: tables that were checked once, where they came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, RATING, TIMESTAMP, USER_ID, WEIGHT, WEIGHT_COLUMNS
from tfcold.data.checks import Floats, check_frame, empty_cells, id_column, number_column, seconds_column
from tfcold.data.ids import examples, string_column
from tfcold.data.report import Findings, TableReport
from tfcold.data.weights import weights_of
from tfcold.errors import InputError

__all__ = ["Interactions", "Items", "TableReport", "Users"]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Who did what. Made by `from_frame`, which checks.

    Args:
        frame: columns `user_id`, `item_id` (str objects), then `rating`, `timestamp` and `weight` (float64) where there
            are any; one row a pair of user and item; index 0..R-1.
        report: what the check found.
    """

    frame: pd.DataFrame
    report: TableReport

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        rating_range: tuple[float, float] | None = None,
        min_rating: float | None = None,
        argument: str = "interactions",
    ) -> Interactions:
        """The checked table of a frame.

        Of several rows of the same user and item the last stays: the one with the highest timestamp, among equal
        timestamps (or without any) the lowest one down. It weighs as much as all of them together (`weights_of`). Other
        columns are left out. All this is counted in the report.

        Args:
            frame: `user_id`, `item_id`, optionally `rating`, `timestamp` and `weight`; any ids, converted by
                `tfcold.data.as_ids`. Timestamps: numbers (kept as they are), datetimes or ISO 8601 text (become
                seconds since 1970).
            rating_range: lowest and highest rating there may be; None asks for finite numbers only.
            min_rating: rows rated below are left out, after the last of several rows was chosen; None keeps all.
            argument: str. What to call the table in errors.

        Raises:
            InputError: a column is missing, a row has no id, a rating, timestamp or weight that is none, a rating
                out of range, or no row (left).
        """
        check_frame(frame, (USER_ID, ITEM_ID), argument)
        found = Findings()
        found.count("rows_read", len(frame))
        users, items = id_column(frame, USER_ID, argument), id_column(frame, ITEM_ID, argument)
        (user_codes, users), (item_codes, items) = pd.factorize(users), pd.factorize(items)
        columns = {USER_ID: string_column(users[user_codes]), ITEM_ID: string_column(items[item_codes])}
        if RATING in frame.columns:
            columns[RATING] = pd.Series(number_column(frame, RATING, argument))
            _check_range(columns[RATING], rating_range, argument)
        elif rating_range is not None or min_rating is not None:
            raise InputError(
                f"`{argument}` must have a column {RATING} for `rating_range` or `min_rating`; it has none"
            )
        if TIMESTAMP in frame.columns:
            columns[TIMESTAMP] = pd.Series(seconds_column(frame, TIMESTAMP, argument))
        pairs = user_codes.astype(np.int64) * len(items) + item_codes
        last = _last_of_each_pair(pairs, columns[TIMESTAMP].to_numpy() if TIMESTAMP in columns else None)
        weights = weights_of(frame, pairs, last, argument, found)
        if weights is not None:
            columns[WEIGHT] = pd.Series(weights)
        kept = last if min_rating is None else last & (columns[RATING].to_numpy() >= min_rating)
        _count_rows(found, frame, last, kept, min_rating)
        if not kept.any():
            raise InputError(
                f"`{argument}` must keep at least one row; none of {len(frame)} has a {RATING} of {min_rating} or "
                "more. Lower `min_rating`"
            )
        table = pd.DataFrame(columns)[kept].reset_index(drop=True)
        found.count("rows", len(table))
        found.count("users", table[USER_ID].nunique())
        found.count("items", table[ITEM_ID].nunique())
        return cls(table, found.report(argument))


@dataclass(frozen=True, eq=False)
class Items:
    """What the items are. Made by `from_frame`, which checks.

    Args:
        frame: `item_id` (str objects, distinct) and the caller's other columns, in the caller's order; index 0..N-1.
        report: what the check found.
    """

    frame: pd.DataFrame
    report: TableReport

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, argument: str = "items") -> Items:
        """The checked table of a frame.

        Args:
            frame: `item_id` and columns of words, names and numbers, one row an item; items nobody touched belong
                here too.
            argument: str. What to call the table in errors.

        Raises:
            InputError: no column `item_id`, a row without id, an id twice, or no rows.
        """
        return cls(*_described(frame, ITEM_ID, argument))


@dataclass(frozen=True, eq=False)
class Users:
    """Who the users are. Made by `from_frame`, which checks.

    Args:
        frame: `user_id` (str objects, distinct) and the caller's other columns, in the caller's order; index 0..N-1.
        report: what the check found.
    """

    frame: pd.DataFrame
    report: TableReport

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, argument: str = "users") -> Users:
        """The checked table of a frame; `user_id` and one row a user. Rules and errors as in `Items.from_frame`."""
        return cls(*_described(frame, USER_ID, argument))


def _described(frame: pd.DataFrame, column: str, argument: str) -> tuple[pd.DataFrame, TableReport]:
    check_frame(frame, (column,), argument)
    ids = id_column(frame, column, argument)
    twice = string_column(ids).duplicated().to_numpy()
    if twice.any():
        again = pd.unique(ids[twice])
        raise InputError(
            f"`{argument}` must have one row for each {column}; {len(again)} ids stand in several rows: "
            f"{examples(again)}. Keep one of each"
        )
    table = frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)
    table[column] = string_column(ids)
    table = table[[column, *(name for name in table.columns if name != column)]]
    return table, _described_report(table, column, argument)


def _described_report(table: pd.DataFrame, column: str, argument: str) -> TableReport:
    found = Findings()
    found.count("rows", len(table))
    found.count("columns", table.shape[1] - 1)
    if table.shape[1] == 1:
        found.messages.append(f"no column beside {column}: nothing is known of them but who touched them")
    words = [name for name in table.columns[1:] if not pd.api.types.is_numeric_dtype(table[name])]
    empty = {name: empty_cells(table[name]) for name in words}
    silent = np.logical_and.reduce(list(empty.values())) if words else np.ones(len(table), np.bool_)
    some = table[column].to_numpy()[silent]
    found.count("rows_without_words", len(some), f"{len(some)} rows have no words in any column: {examples(some)}")
    for name, cells in empty.items():
        found.count(f"empty_{name}", int(cells.sum()))
    return found.report(argument)


def _check_range(ratings: pd.Series, rating_range: tuple[float, float] | None, argument: str) -> None:
    if rating_range is None:
        return
    low, high = rating_range
    if not low <= high:
        raise InputError(f"`rating_range` must be (low, high); received {rating_range}")
    rows = np.flatnonzero(~ratings.between(low, high))
    if len(rows):
        raise InputError(
            f"`{argument}` must have every {RATING} in {low}..{high}; {len(rows)} of {len(ratings)} are not: "
            f"{examples(ratings.iloc[rows[:4]])} at rows {examples(rows)} (counted from 0). "
            "Repair them, or widen `rating_range`"
        )


def _last_of_each_pair(pairs: npt.NDArray[np.int64], timestamps: Floats | None) -> npt.NDArray[np.bool_]:
    """Bool [R]: true for the one row of each pair that stays."""
    order = np.arange(len(pairs)) if timestamps is None else np.argsort(timestamps, kind="stable")
    last = np.empty(len(pairs), np.bool_)
    last[order] = ~pd.Series(pairs[order]).duplicated(keep="last").to_numpy()
    return last


def _count_rows(
    found: Findings,
    frame: pd.DataFrame,
    last: npt.NDArray[np.bool_],
    kept: npt.NDArray[np.bool_],
    min_rating: float | None,
) -> None:
    repeated = int((~last).sum())
    found.count("repeated_pairs", repeated, f"{repeated} rows repeat a pair of user and item; the last of each stays")
    low = int((last & ~kept).sum())
    found.count("rated_too_low", low, f"{low} rows have a {RATING} below {min_rating} and are left out")
    known = (USER_ID, ITEM_ID, RATING, TIMESTAMP, *WEIGHT_COLUMNS)
    others = [str(name) for name in frame.columns if name not in known]
    found.count("columns_left_out", len(others), f"columns that mean nothing here are left out: {examples(others, 8)}")
