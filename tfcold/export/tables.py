"""Everything a bundle looks up: one row a user, one row an item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import tensorflow as tf

from tfcold.export.stored import restored
from tfcold.ranking import Queries

if TYPE_CHECKING:
    from tfcold.training.trained import TrainedModel

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.object_]

_MOST_NUMBERS: Final = 2**24  # of the queries whose covariance is worked out: 128 MB of float64


@dataclass(frozen=True)
class ServingTables:
    """The arrays behind the signatures. Row 0 is whoever or whatever is not known.

    Args:
        item_ids: object [I] of str; row r is `item_ids[r - 1]`.
        user_ids: object [U] of str.
        candidates: float32 [I + 1, D + 1]. What queries are multiplied with; zeros where unknown.
        history: float32 [I + 1, D]. What having done an item says of a user; zeros where unknown.
        queries: float32 [U + 1, D + 1]. Row 0 is a user of whom nothing is known.
        done_splits: int64 [U + 2]. What user row r did is `done_rows[done_splits[r]:done_splits[r + 1]]`.
        done_rows: int32 [R]. Item rows.
        is_known: bool [I + 1]. Warm or with vectors: what may be listed.
        is_cold: bool [I + 1]. Not seen in training.
        query_covariance: float32 [D, D]. How the queries of users vary, `query_covariance_of`; who joins later changes
            nothing of it. None (default), the identity, in bundles of earlier versions.
    """

    item_ids: Ids
    user_ids: Ids
    candidates: Floats
    history: Floats
    queries: Floats
    done_splits: npt.NDArray[np.int64]
    done_rows: npt.NDArray[np.int32]
    is_known: Mask
    is_cold: Mask
    query_covariance: Floats | None = None

    @property
    def dim(self) -> int:
        """D."""
        return int(self.history.shape[1])

    @property
    def sizes(self) -> dict[str, int]:
        """Users and items by kind, for the manifest."""
        known, cold, says = self.is_known[1:], self.is_cold[1:], self.says[1:]
        sizes = {
            "users": len(self.user_ids),
            "items": int((known | ~says).sum()),
            "warm_items": int((known & ~cold).sum()),
            "cold_items": int((known & cold).sum()),
            "unknown_items": int((~says).sum()),
        }
        removed = len(self.item_ids) - sizes["items"]
        return {**sizes, "removed_items": removed} if removed else sizes

    @property
    def says(self) -> Mask:
        """Bool [I + 1]: known, or removed: what counts in a history. A removed item keeps its history vector."""
        return self.is_known | self.history.any(axis=1)

    def without_items(self, rows: npt.NDArray[np.integer[Any]]) -> ServingTables:
        """The same with these items never to be listed; to have done one still says what it said."""
        candidates, is_known = self.candidates.copy(), self.is_known.copy()
        candidates[rows], is_known[rows] = 0, False
        return replace(self, candidates=candidates, is_known=is_known)

    def with_places(
        self, rows: npt.NDArray[np.integer[Any]], candidates: Floats, history: Floats, is_known: Mask
    ) -> ServingTables:
        """The same with these items in other places."""
        if len(rows) == 0:
            return self
        tables = {name: getattr(self, name).copy() for name in ("candidates", "history", "is_known")}
        for name, values in (("candidates", candidates), ("history", history), ("is_known", is_known)):
            tables[name][rows] = values
        return replace(self, **tables)

    def with_users(self, user_ids: Ids, queries: Floats, done: sp.csr_matrix) -> ServingTables:
        """The same with N users after the others, who did the columns of `done` [N, I + 1]."""
        return replace(
            self,
            user_ids=np.concatenate([self.user_ids, user_ids]),
            queries=np.concatenate([self.queries, queries]),
            done_splits=np.concatenate([self.done_splits, self.done_splits[-1] + done.indptr[1:].astype(np.int64)]),
            done_rows=np.concatenate([self.done_rows, done.indices.astype(np.int32)]),
        )

    def users_of_items(self) -> sp.csr_matrix:
        """CSR [I + 1, U + 1] of who did what, the other way round."""
        ones = np.ones(len(self.done_rows), np.int8)
        shape = (len(self.user_ids) + 1, len(self.item_ids) + 1)
        found = sp.csr_matrix((ones, self.done_rows, self.done_splits), shape=shape).T.tocsr()
        found.sort_indices()
        return found

    def in_order(self, rows: npt.NDArray[np.int64]) -> ServingTables:
        """The same with item row `rows[r]` as row r, int64 [I + 1]; row 0 stays."""
        now = np.argsort(rows).astype(np.int32)
        shape = (len(self.user_ids) + 1, len(rows))
        ones = np.ones(len(self.done_rows), np.int8)
        done = sp.csr_matrix((ones, now[self.done_rows], self.done_splits), shape=shape)
        done.sort_indices()
        return replace(
            self,
            item_ids=self.item_ids[rows[1:] - 1],
            candidates=self.candidates[rows],
            history=self.history[rows],
            done_rows=done.indices.astype(np.int32),
            is_known=self.is_known[rows],
            is_cold=self.is_cold[rows],
        )

    def with_items(self, item_ids: Ids, candidates: Floats, history: Floats, is_known: Mask) -> ServingTables:
        """The same with N cold items after the others."""
        return replace(
            self,
            item_ids=np.concatenate([self.item_ids, item_ids]),
            candidates=np.concatenate([self.candidates, candidates]),
            history=np.concatenate([self.history, history]),
            is_known=np.concatenate([self.is_known, is_known]),
            is_cold=np.concatenate([self.is_cold, np.ones(len(item_ids), np.bool_)]),
        )


def tables_of_model(trained: TrainedModel) -> ServingTables:
    """The tables of a trained model; every user gets the query that the model itself would ask for them."""
    histories = trained.histories.tocsr()
    histories.sort_indices()
    is_known = np.array(trained.can_score, np.bool_)
    is_known[0] = False
    queries = trained.query_vectors(queries_of(trained, np.arange(len(trained.user_ids) + 1)))
    return ServingTables(
        item_ids=trained.item_ids.ids,
        user_ids=trained.user_ids.ids,
        candidates=trained.candidate_table,
        history=trained.history_table,
        queries=queries,
        done_splits=np.asarray(histories.indptr, np.int64),
        done_rows=np.asarray(histories.indices, np.int32),
        is_known=is_known,
        is_cold=~np.asarray(trained.warm_items, np.bool_),
        query_covariance=query_covariance_of(queries[np.diff(histories.indptr) > 0, :-1]),
    )


def query_covariance_of(queries: Floats) -> Floats:
    """How queries vary over users, float32 [D, D], of mean 1 along its diagonal; the identity where they do not.

    Of as many users, evenly spread, as have 2^24 numbers together. With few users it is drawn towards the identity, as
    far as their number asks. The identity, too, where a query is not finite: what is wrong then shows elsewhere.

    Args:
        queries: float32 [U, D]. Of users who did something.

    References:
        Ledoit & Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices, Journal of
        Multivariate Analysis 88.
    """
    from sklearn.covariance import ledoit_wolf

    dim = queries.shape[1]
    if len(queries) < 2:
        return np.eye(dim, dtype=np.float32)
    rows = np.unique(np.linspace(0, len(queries) - 1, max(2, _MOST_NUMBERS // dim)).astype(np.int64))
    asked = queries[rows].astype(np.float64)
    if not np.isfinite(asked).all():
        return np.eye(dim, dtype=np.float32)
    covariance = np.asarray(ledoit_wolf(asked)[0])
    mean = float(np.trace(covariance)) / dim
    return (covariance / mean if mean > 0 else np.eye(dim)).astype(np.float32)


def queries_of(trained: TrainedModel, user_rows: npt.NDArray[np.integer[Any]]) -> Queries:
    """What to ask the model for these users: their row where training saw them, and what they did."""
    rows = np.where(trained.warm_users[user_rows], user_rows, 0).astype(np.int32)
    return Queries(rows, trained.histories[user_rows], np.asarray(user_rows, np.int32))


def tables_of_bundle(loaded: Any) -> ServingTables:
    """The tables of a bundle that `tf.saved_model.load` opened."""

    def read(name: str) -> Any:
        found = getattr(loaded, name, None)
        return None if found is None else found.numpy()

    return _tables(read)


def tables_of_files(version: Path) -> ServingTables:
    """The same of a version folder: its variables are read, and not its functions, which take far longer."""
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    shapes = reader.get_variable_to_shape_map()

    def read(name: str) -> Any:
        key = f"{name}/.ATTRIBUTES/VARIABLE_VALUE"
        return reader.get_tensor(key) if key in shapes else None

    return _tables(read)


def _tables(read: Callable[[str], Any]) -> ServingTables:
    """Of a function that gives a variable by its name, None where there is none."""
    item_ids, user_ids = _texts(read("item_ids"))[1:], _texts(read("user_ids"))[1:]
    return ServingTables(
        item_ids=item_ids,
        user_ids=user_ids,
        candidates=restored(read("candidates"), read("candidate_scales"))[: len(item_ids) + 1],
        history=restored(read("history"), read("history_scales")),
        queries=restored(read("queries"), read("query_scales"))[: len(user_ids) + 1],
        done_splits=read("done_splits"),
        done_rows=read("done_rows"),
        is_known=read("is_known"),
        is_cold=read("is_cold"),
        query_covariance=read("query_covariance"),
    )


def _texts(raw: npt.NDArray[np.object_]) -> Ids:
    texts = np.empty(len(raw), object)
    texts[:] = [value.decode("utf-8") for value in raw]
    return texts
