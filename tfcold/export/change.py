"""Items taken out of a bundle and users let into one, without training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import tensorflow as tf

from tfcold.columns import ITEM_ID
from tfcold.export.encoders import encoder_of
from tfcold.export.next_version import Standing
from tfcold.export.user_words import words_of_users
from tfcold.serving.changes import joining_users, leaving_items
from tfcold.text.vectors import TextVectors


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


def add_users(
    folder: str | Path,
    histories: pd.DataFrame | None,
    out: str | Path | None = None,
    *,
    users: pd.DataFrame | None = None,
    vectors: Mapping[str, TextVectors] | None = None,
) -> Path:
    """The version folder of a bundle that knows these users by what they did and by their words. Nothing is trained.

    Each gets the lists that the fit would have given to a user of its tables without training rows: by history alone
    those of `recommend_from_history`.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        histories: frame `user_id, item_id`, all users new. Items that the bundle does not have are ignored. None where
            nobody did anything yet.
        out: as in `remove_items`.
        users: frame `user_id` and the columns of words that the users of the fit had, all users new, those without a
            history among them; default None, nobody has words.
        vectors: `TextVectors` of users by block, instead of encoding `users` (default None) as the bundle's own were. A
            block may be left out, a user may lack some of them.

    Raises:
        InputError: no rows, a column is missing, an id that is empty or stands twice in `users`, a user that the bundle
            has already, or words for a model that was fitted without words of users.
        EncoderMismatchError: vectors of another encoder or width.
        BundleError: as in `remove_items`; words for a bundle of an earlier version, or one that does not say what
            encodes them.
    """
    before = Standing.of(folder, out)
    tables = before.tables
    ids, lists = joining_users(before.users, before.items, histories, users)
    words = None
    if users is not None or vectors is not None:
        said = before.manifest.user_text
        words = words_of_users(
            ids, users, vectors, before.manifest, before.parts,
            lambda block: encoder_of(before.version, block, said[block]),
        )  # fmt: skip
    ones = np.ones(len(lists.values), np.float32)
    done = sp.csr_matrix((ones, lists.values, lists.splits), shape=(len(ids), len(tables.item_ids) + 1))
    counts = done @ tables.says.astype(np.float32)
    queries = before.parts.query(tf.constant(done @ tables.history), tf.constant(counts), words).numpy()
    return before.written(tables.with_users(ids, queries, done), before.kept, before.split, {"users": len(ids)})
