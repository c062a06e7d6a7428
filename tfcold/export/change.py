"""Items taken out of a bundle and users let into one, without training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import tensorflow as tf

from tfcold.columns import ITEM_ID
from tfcold.export.next_version import Standing
from tfcold.serving.changes import joining_users, leaving_items


def remove_items(folder: str | Path, item_ids: Iterable[Any], out: str | Path | None = None) -> Path:
    """The version folder of a bundle in which these items are listed no more, in no signature. Nothing is trained.

    Their attributes go. What somebody did with one still says of that person what it said: histories may go on naming
    it. Its id cannot be given to another item.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        item_ids: ids that the bundle has.
        out: name folder of the bundle to write; None is the one that `folder` is in, which gets its next version.

    Raises:
        InputError: no ids, or one that the bundle does not have.
        BundleError: `folder` is no bundle, or `out` exists and is none.
    """
    before = Standing.of(folder, out)
    tables = before.tables
    gone, rows = leaving_items(before.items, tables.says & ~tables.is_known, item_ids)
    kept = before.kept
    if kept is not None:
        kept = kept[~kept[ITEM_ID].isin(set(gone))].reset_index(drop=True)
    return before.written(tables.without_items(rows), kept, before.split, {"removed": len(gone)})


def add_users(folder: str | Path, histories: pd.DataFrame, out: str | Path | None = None) -> Path:
    """The version folder of a bundle that knows these users by what they did so far. Nothing is trained.

    Each gets the lists that `recommend_from_history` gives for the same items.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        histories: frame `user_id, item_id`, all users new. Items that the bundle does not have are ignored.
        out: as in `remove_items`.

    Raises:
        InputError: no rows, a column is missing, or a user that the bundle has already.
        BundleError: as in `remove_items`.
    """
    before = Standing.of(folder, out)
    tables = before.tables
    ids, lists = joining_users(before.users, before.items, histories)
    ones = np.ones(len(lists.values), np.float32)
    done = sp.csr_matrix((ones, lists.values, lists.splits), shape=(len(ids), len(tables.item_ids) + 1))
    counts = done @ tables.says.astype(np.float32)
    queries = before.parts.query(tf.constant(done @ tables.history), tf.constant(counts)).numpy()
    return before.written(tables.with_users(ids, queries, done), before.kept, before.split, {"users": len(ids)})
