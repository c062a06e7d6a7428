"""The tables of a bundle as the variables that its SavedModel holds, by the names under which they lie in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.export.search import CHUNK, fits_one_block
from tfcold.export.stored import Store, Stored, stored_inverse_norms, variable
from tfcold.export.tables import ServingTables


@dataclass(frozen=True)
class TableVariables:
    """Variables of users and items. None says how many there are: the next version may have others.

    Args:
        candidates, history, queries: of `ServingTables`; candidates and queries with zeros up to a multiple of `CHUNK`
            rows.
        others: the rest, by name.
    """

    candidates: Stored
    history: Stored
    queries: Stored
    others: dict[str, tf.Variable]

    @classmethod
    def of(cls, tables: ServingTables, store: Store) -> TableVariables:
        """The variables of tables, kept in `store`."""
        candidates = Stored.of(tables.candidates, store, "candidates", CHUNK)
        history = Stored.of(tables.history, store, "history")
        queries = Stored.of(tables.queries, store, "queries", CHUNK)
        is_user = np.arange(len(tables.user_ids) + 1) > 0
        doers = tables.users_of_items()
        lengths = np.sqrt(np.einsum("ij,ij->i", tables.history, tables.history))  # no copy of the table
        clicks = lengths[tables.says & ~tables.is_cold]
        covariance = tables.query_covariance
        if covariance is None:
            covariance = np.eye(tables.dim, dtype=np.float32)
        values = {
            "unlisted": _unlisted(tables.is_known, candidates.num_rows),
            "no_users": _unlisted(is_user, queries.num_rows),
            "done_splits": tables.done_splits,
            "done_rows": tables.done_rows,
            "is_known": tables.is_known,
            "is_cold": tables.is_cold,
            "inverse_norms": stored_inverse_norms(tables.candidates, covariance, store, CHUNK),
            "query_covariance": covariance,
            "says": tables.says,
            "doer_splits": doers.indptr.astype(np.int64),
            "doer_rows": doers.indices.astype(np.int32),
            "typical_norm": np.float32(np.median(clicks) if len(clicks) else 1),
            "item_ids": _names(tables.item_ids),
            "user_ids": _names(tables.user_ids),
        }
        return cls(candidates, history, queries, {name: variable(value, name) for name, value in values.items()})

    def named(self) -> dict[str, tf.Variable]:
        """Every variable by its name in the SavedModel."""
        stored = {"candidate": self.candidates, "history": self.history, "query": self.queries}
        values = {"candidates": self.candidates.values, "history": self.history.values, "queries": self.queries.values}
        scales = {f"{name}_scales": table.scales for name, table in stored.items() if table.scales is not None}
        return {**values, **scales, **self.others}


def in_one_block(tables: ServingTables) -> dict[str, bool]:
    """Whether scores of all `items`, and of all `users`, are held at once: what a graph of these tables depends on."""
    sides = {"items": len(tables.is_known), "users": len(tables.user_ids) + 1}
    return {side: fits_one_block(num, tables.dim + 1) for side, num in sides.items()}


def _unlisted(listed: npt.NDArray[np.bool_], num: int) -> npt.NDArray[np.int32]:
    """Which of `num` rows no query finds: those that say so, and those that only fill up."""
    return np.flatnonzero(~np.pad(listed, (0, num - len(listed)))).astype(np.int32)


def _names(ids: Iterable[str]) -> Any:
    return tf.constant([b"", *(text.encode("utf-8") for text in ids)], tf.string)
