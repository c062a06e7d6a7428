"""What may join a bundle and what may leave it, checked: the same rules in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.errors import InputError
from tfcold.progress import logger
from tfcold.serving.ids import IdIndex, Ids, check_utf8, strings
from tfcold.serving.ragged import Lists, Rows

Mask = npt.NDArray[np.bool_]


def check_new_items(items: IdIndex, ids: Ids) -> None:
    """Nothing, where the bundle has none of the ids. Removed ones count as well: an id is never given twice."""
    check_utf8(ids, "items")
    known = ids[items.rows(ids) > 0]
    if len(known):
        raise InputError(
            f"`items` must be new to the bundle; it knows {len(known)} of {len(ids)} ids already: {_examples(known)}. "
            "Leave them out"
        )


def check_not_removed(items: IdIndex, removed: Mask, ids: Ids) -> None:
    """Nothing, where none of the ids is of an item that left the bundle."""
    check_utf8(ids, "items")
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


def joining_users(users: IdIndex, items: IdIndex, histories: pd.DataFrame) -> tuple[Ids, Lists]:
    """Ids of new users, in the order of their first row, and the item rows of what each did.

    Raises:
        InputError: no rows, a column is missing, an empty id, or a user that the bundle has already.
    """
    if missing := [column for column in (USER_ID, ITEM_ID) if column not in histories.columns]:
        raise InputError(f"`history` must have columns {USER_ID}, {ITEM_ID}; {', '.join(missing)} is missing")
    if len(histories) == 0:
        raise InputError("`history` must have at least one row; received 0")
    queries, ids = pd.factorize(strings(histories[USER_ID]))
    ids = np.asarray(ids, object)
    if "" in ids:
        raise InputError(f"`history` must name a user in every row; {int((ids[queries] == '').sum())} rows do not")
    known = ids[users.rows(ids) > 0]
    if len(known):
        raise InputError(
            f"`history` must be of users new to the bundle; it knows {len(known)} of {len(ids)} already: "
            f"{_examples(known)}. Leave them out"
        )
    rows = items.rows(strings(histories[ITEM_ID]))
    if (rows == 0).any():
        logger.warning("%d of %d rows name items that the bundle does not have", (rows == 0).sum(), len(rows))
    return ids, Lists.of_pairs(queries, rows, len(ids))


def _examples(ids: Ids) -> str:
    return ", ".join(map(repr, ids[:3])) + (", ..." if len(ids) > 3 else "")
