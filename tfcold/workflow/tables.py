"""Files -> checked tables -> a split; ready vectors from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data import Dataset, Interactions, Items, Users
from tfcold.data.readers import read_interactions, read_items, read_users
from tfcold.errors import InputError, LeakageError
from tfcold.splits import Split, given
from tfcold.text import TextVectors, read_vectors


@dataclass(frozen=True)
class Tables:
    """The checked tables of a fit.

    Args:
        interactions: rows to learn from.
        items: what the items are.
        users: who the users are, or None.
        validation: rows to choose settings by, never fitted on, or None.
    """

    interactions: Interactions
    items: Items
    users: Users | None = None
    validation: Interactions | None = None


def read_tables(
    interactions: str | Path,
    items: str | Path,
    users: str | Path | None = None,
    validation: str | Path | None = None,
    *,
    prefix: str = "",
) -> Tables:
    """The checked tables in files.

    Args:
        interactions, items, users, validation: paths, see `tfcold.data.read_table`.
        prefix: str. Goes before the names of these arguments in errors: `"--"` on the command line.

    Raises:
        InputError: a file or a table breaks a rule.
    """
    return Tables(
        read_interactions(interactions, argument=f"{prefix}interactions"),
        read_items(items, argument=f"{prefix}items"),
        None if users is None else read_users(users, argument=f"{prefix}users"),
        None if validation is None else read_interactions(validation, argument=f"{prefix}validation"),
    )


def split_of(tables: Tables) -> Split:
    """Everything in `interactions` to train on, `validation` to choose settings by.

    Raises:
        LeakageError: a pair of user and item stands in both.
    """
    dataset = Dataset.from_tables(tables.interactions, tables.items, tables.users)
    try:
        return given(dataset, validation=tables.validation)
    except LeakageError as error:
        assert tables.validation is not None
        both = tables.validation.frame.merge(tables.interactions.frame, on=[USER_ID, ITEM_ID])
        pairs = [f"user {user!r} and item {item!r}" for user, item in both[[USER_ID, ITEM_ID]].head(3).to_numpy()]
        raise LeakageError(
            f"`validation` must hold no pair of user and item that `interactions` hold; {len(both)} stand in two "
            f"tables: {', '.join(pairs)}{', ...' if len(both) > 3 else ''}. Take them out of one"
        ) from error


def read_item_vectors(files: Mapping[str, str | Path], items: Items, *, argument: str) -> dict[str, TextVectors]:
    """Vectors of blocks from files; see `tfcold.text.read_vectors` for formats and errors.

    Args:
        files: path by block name.
        items: whose rows an `.npy` file follows.
        argument: str. What to call the files in errors; the block's name follows.
    """
    ids = items.frame[ITEM_ID].to_numpy()
    return {name: read_vectors(path, ids, f"{argument} {name}") for name, path in files.items()}


def check_columns(frame: pd.DataFrame, columns: Sequence[str] | None, argument: str) -> None:
    """Nothing, if the frame has all of the columns.

    Raises:
        InputError: it lacks one.
    """
    missing = [column for column in columns or () if column not in frame.columns]
    if missing:
        raise InputError(
            f"`{argument}` must name columns of the table; it has no {', '.join(map(repr, missing))}, "
            f"its columns are {', '.join(map(repr, map(str, frame.columns)))}"
        )
