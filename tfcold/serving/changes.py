"""What may join a bundle and what may leave it, checked: the same rules in memory and on disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.errors import InputError
from tfcold.progress import logger
from tfcold.serving.ids import IdIndex, Ids, check_utf8, strings
from tfcold.serving.ragged import Lists, Rows

Mask = npt.NDArray[np.bool_]
Replace = bool | Literal["shown"]

SHOWN: Final = "shown"


def checked_replace(replace: Replace, vectors: Mapping[str, Any] | None) -> Replace:
    """What is to become of items that are there already.

    Raises:
        InputError: another value than False, True and `"shown"`, vectors where none are read, or none that are.
    """
    check_vectors(vectors)
    if replace not in (False, True, SHOWN):
        raise InputError(f"`replace` must be False, True or {SHOWN!r}; received {replace!r}")
    if replace == SHOWN and vectors is not None:
        raise InputError(
            f"`vectors` must be None with `replace={SHOWN!r}`, which moves no item; received {list(vectors)}. "
            "Leave them out, or pass `replace=True`"
        )
    return replace


def check_vectors(vectors: Mapping[str, Any] | None) -> None:
    """Nothing, where there are none, or vectors with their ids by block.

    Raises:
        InputError: something else.
    """
    if vectors is None:
        return
    given = vectors if isinstance(vectors, Mapping) else {"text": vectors}
    for block, one in given.items():
        if given is not vectors or not (hasattr(one, "ids") and hasattr(one, "vectors")):
            raise InputError(
                f"`vectors` must be `TextVectors` by block; received {type(one).__name__} for block {block!r}. "
                f"Pass `{{{block!r}: tfcold.text.TextVectors(ids, vectors)}}`"
            )


def check_frame(frame: Any, argument: str) -> None:
    """Raises `InputError` for what is no table."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"`{argument}` must be a frame, one row each; received {type(frame).__name__}")


def check_items(items: IdIndex, removed: Mask, ids: Ids, *, replace: Replace) -> None:
    """Nothing, where all of these ids may join, or be described anew.

    Args:
        items: rows by id.
        removed: bool [I + 1]. Those that left before: an id is never given twice.
        ids: the ids.
        replace: whether ids that are there may be among them.

    Raises:
        InputError: one may not.
    """
    check_utf8(ids, "items")
    if replace:
        _check_not_removed(items, removed, ids)
        return
    known = ids[items.rows(ids) > 0]
    if len(known):
        raise InputError(
            f"`items` must be new to the bundle; it knows {len(known)} of {len(ids)} ids already: {_examples(known)}. "
            "Leave them out"
        )


def warn_of_columns(given: Collection[str], kept: pd.DataFrame | None) -> None:
    """Says which columns of a table, by their names, lists will not show, as the bundle does not keep them."""
    if kept is None:
        return
    ours, others = _columns_beside_id(kept), sorted(set(given) - {ITEM_ID, *map(str, kept.columns)})
    if others:
        logger.warning(
            "`items` has columns that the bundle does not keep, so lists will not show them: %s; it keeps %s",
            ", ".join(map(repr, others)), ", ".join(map(repr, ours)) or "none",
        )  # fmt: skip


def checked_shown(
    items: IdIndex, removed: Mask, ids: Ids, kept: pd.DataFrame | None, given: Collection[str]
) -> pd.DataFrame:
    """`kept`, what lists show of items, where it can change for all of these by the columns given.

    Raises:
        InputError: one is not there, the bundle keeps nothing of its items, or none of the columns.
    """
    leaving_items(items, removed, ids)
    if kept is None:
        raise InputError("`items` cannot be shown: the bundle was exported without an items table. Export it with one")
    ours, others = _columns_beside_id(kept), sorted(set(given) - {ITEM_ID})
    if not set(ours) & set(others):
        raise InputError(
            f"`items` must have a column that lists show, of {', '.join(map(repr, ours)) or 'none'}; it has "
            f"{', '.join(map(repr, others)) or 'nothing'} beside {ITEM_ID}. Correct the names of its columns"
        )
    warn_of_columns(given, kept)
    return kept


def _columns_beside_id(kept: pd.DataFrame) -> list[str]:
    return [str(name) for name in kept.columns if name != ITEM_ID]


def _check_not_removed(items: IdIndex, removed: Mask, ids: Ids) -> None:
    gone = ids[removed[items.rows(ids)]]
    if len(gone):
        raise InputError(
            f"`items` must not come back once removed; {len(gone)} of {len(ids)} ids did: {_examples(gone)}. "
            "Give such an item another id"
        )


def leaving_items(items: IdIndex, removed: Mask, item_ids: Iterable[Any]) -> tuple[Ids, Rows]:
    """Distinct ids of items that are there, and their rows.

    Args:
        items: rows by id.
        removed: bool [I + 1]. Those that left before.
        item_ids: the ids asked for.

    Raises:
        InputError: no ids, or one that the bundle does not have.
    """
    gone = np.array(sorted(set(strings(item_ids))), object)
    if len(gone) == 0:
        raise InputError("`items` must have at least one row; received 0")
    rows = items.rows(gone)
    strange = (rows == 0) | removed[rows]
    if strange.any():
        raise InputError(
            f"`items` must be in the bundle; it does not have {strange.sum()} of {len(gone)} ids: "
            f"{_examples(gone[strange])}. Leave them out"
        )
    return gone, rows


def joining_users(
    users: IdIndex, items: IdIndex, histories: pd.DataFrame | None, described: pd.DataFrame | None = None
) -> tuple[Ids, Lists]:
    """Ids of new users, and the item rows of what each did: those with a history first, as they come.

    Args:
        users, items: rows by id.
        histories: frame `user_id, item_id`, or None.
        described: frame with one row a `user_id`, or None. Users who did nothing may be among them.

    Raises:
        InputError: no rows at all, a column is missing, an id that is empty or stands twice in `described`, or a user
            that the bundle has already.
    """
    if histories is None and described is None:
        raise InputError("`history` or `users` must be given; received neither")
    queries, done, asked = _history_of(items, histories)
    more = _described(described)
    if len(asked) + len(more) == 0:
        given = "`users`" if histories is None else "`history`"
        raise InputError(f"{given} must have at least one row; received 0")
    for argument, ids in (("history", asked), ("users", more)):
        known = ids[users.rows(ids) > 0]
        if len(known):
            raise InputError(
                f"`{argument}` must be of users new to the bundle; it knows {len(known)} of {len(ids)} already: "
                f"{_examples(known)}. Leave them out"
            )
    ids = np.asarray(pd.unique(np.concatenate([asked, more])), object)
    return ids, Lists.of_pairs(queries, done, len(ids))


def _history_of(items: IdIndex, histories: pd.DataFrame | None) -> tuple[npt.NDArray[np.integer[Any]], Rows, Ids]:
    """For every row the place of its user among the distinct ones, and its item row; and those users."""
    if histories is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, object)
    check_frame(histories, "history")
    if missing := [column for column in (USER_ID, ITEM_ID) if column not in histories.columns]:
        raise InputError(f"`history` must have columns {USER_ID}, {ITEM_ID}; {', '.join(missing)} is missing")
    queries, found = pd.factorize(strings(histories[USER_ID]))
    ids = np.asarray(found, object)
    if "" in ids:
        raise InputError(f"`history` must name a user in every row; {int((ids[queries] == '').sum())} rows do not")
    rows = items.rows(strings(histories[ITEM_ID]))
    if (rows == 0).any():
        logger.warning("%d of %d rows name items that the bundle does not have", (rows == 0).sum(), len(rows))
    return queries, rows, ids


def _described(users: pd.DataFrame | None) -> Ids:
    """The ids of a table of users."""
    if users is None:
        return np.zeros(0, object)
    check_frame(users, "users")
    if USER_ID not in users.columns:
        raise InputError(
            f"`users` must have a column {USER_ID!r}; its columns are {[str(name) for name in users.columns]}"
        )
    ids = strings(users[USER_ID])
    empty, again = int((ids == "").sum()), len(ids) - len(set(ids))
    if empty or again:
        raise InputError(
            f"`users` must hold one id a row, each once; {empty} of {len(ids)} are empty, {again} come again"
        )
    return ids


def _examples(ids: Ids) -> str:
    return ", ".join(map(repr, ids[:3])) + (", ..." if len(ids) > 3 else "")
