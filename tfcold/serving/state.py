"""What a recommender knows at one moment: a bundle, and what joined or left it in memory since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.columns import ITEM_ID
from tfcold.errors import BundleError
from tfcold.serving.attributes import with_cells
from tfcold.serving.conditions import matching
from tfcold.serving.ids import IdIndex, Ids
from tfcold.serving.newcomers import NewItems, Places
from tfcold.serving.opened import Opened
from tfcold.serving.ragged import Lists, Rows
from tfcold.serving.tables import LateLists, Table, inverse_norms

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class State:
    """Never changes: methods `with_...` and `without_...` give the next one, and whoever reads one goes on.

    The tables of the bundle are shared by all states, so a change costs what it brings, and a few bytes an item.

    Args:
        opened: the bundle.
        items, users: rows by id: of the bundle, then of newcomers.
        candidates, history, queries: the tables of the bundle, with rows anew and rows of newcomers.
        done: what each user did.
        listable: bool [I + 1]. May be listed.
        is_cold: bool [I + 1].
        says: bool [I + 1]. Counts in a history.
        left: int32 [L]. Rows of items that left in memory.
        kept: frame of what lists show of the bundle's items, a row each in their order; None where it keeps nothing.
        late: the same of newcomers, oldest first.
        raw: what `Places.split` takes, by the rows of items that got their place in memory.
        places: the layers that place newcomers, or None while nobody joined.
    """

    opened: Opened
    items: IdIndex
    users: IdIndex
    candidates: Table
    history: Table
    queries: Table
    done: LateLists
    listable: Mask
    is_cold: Mask
    says: Mask
    left: Rows
    kept: pd.DataFrame | None
    late: pd.DataFrame
    raw: Mapping[int, Any]
    places: Places | None = None

    @classmethod
    def of(cls, opened: Opened) -> State:
        """The bundle as it lies on disk."""
        num_items, num_users = len(opened.items) + 1, len(opened.users) + 1
        return cls(
            opened=opened,
            items=opened.items,
            users=opened.users,
            candidates=opened.table("candidates", "candidate_scales", num_items),
            history=opened.table("history", "history_scales", num_items),
            queries=opened.table("queries", "query_scales", num_users),
            done=LateLists(opened.done, Lists.empty(1)),
            listable=opened.is_known,
            is_cold=opened.is_cold,
            says=opened.says,
            left=np.zeros(0, np.int32),
            kept=opened.kept,
            late=pd.DataFrame(index=range(0)) if opened.kept is None else opened.kept.iloc[:0],
            raw={},
        )

    # -- the next state ------------------------------------------------------------------------------------------

    def with_items(self, new: NewItems, places: Places) -> State:
        """The state in which these items can be listed too."""
        if len(new) == 0:
            return self
        first = len(self.items) + 1
        return replace(
            self,
            items=self.items.extended(new.ids),
            candidates=self.candidates.extended(places.rounded(new.candidates, self.candidates.store)),
            history=self.history.extended(places.rounded(new.history, self.history.store)),
            listable=np.concatenate([self.listable, new.is_known]),
            is_cold=np.concatenate([self.is_cold, np.ones(len(new), np.bool_)]),
            says=np.concatenate([self.says, new.is_known]),
            late=_below(self.late, new.frame),
            raw={**self.raw, **dict(enumerate(new.raw, first))},
            places=places,
        )

    def with_places(self, rows: Rows, new: NewItems, places: Places) -> State:
        """The state in which these cold item rows stand where `new` says."""
        if len(new) == 0:
            return self
        listable, says = self.listable.copy(), self.says.copy()
        listable[rows] = says[rows] = new.is_known
        return replace(
            self,
            candidates=self.candidates.with_rows(rows, places.rounded(new.candidates, self.candidates.store)),
            history=self.history.with_rows(rows, places.rounded(new.history, self.history.store)),
            listable=listable,
            says=says,
            raw={**self.raw, **dict(zip(rows.tolist(), new.raw, strict=True))},
            places=places,
        )

    def with_cells(self, rows: Rows, cells: pd.DataFrame, given: Collection[str]) -> State:
        """The state in which lists show these cells, in the columns that are `given`, of these item rows."""
        if self.kept is None:
            return self
        num = len(self.opened.items)
        is_late = rows > num
        kept = with_cells(self.kept, rows[~is_late] - 1, cells[~is_late], given)
        return replace(self, kept=kept, late=with_cells(self.late, rows[is_late] - num - 1, cells[is_late], given))

    def without_items(self, rows: Rows) -> State:
        """The state in which these item rows are never listed."""
        listable = self.listable.copy()
        listable[rows] = False
        return replace(self, listable=listable, left=np.union1d(self.left, rows).astype(np.int32))

    def with_users(self, ids: Ids, done: Lists, places: Places, words: Any = None) -> State:
        """The state that knows these users by what they did, and by what `Places.words` gives."""
        found = replace(self, places=places).query_of(done, words)
        queries = self.queries.extended(places.rounded(found, self.queries.store))
        users, lists = self.users.extended(ids), self.done.extended(done)
        return replace(self, users=users, queries=queries, done=lists, places=places)

    # -- what it says --------------------------------------------------------------------------------------------

    @property
    def is_changed(self) -> bool:
        """Something joined, moved or left, so the bundle's own graph no longer has the answer."""
        return len(self.beside) > 0 or len(self.left) > 0 or self.late_users > 0

    @property
    def late_items(self) -> int:
        return len(self.items) - len(self.opened.items)

    @cached_property
    def beside(self) -> Rows:
        """int32 [N], ascending: rows of items that do not stand where the bundle's graph has them."""
        late = np.arange(len(self.opened.items) + 1, len(self.items) + 1, dtype=np.int32)
        return np.concatenate([self.candidates.moved, late])

    @cached_property
    def gone(self) -> Rows:
        """int32 [N], ascending: rows of the bundle that its graph must not list: what left, and what moved."""
        left = self.left[self.left <= len(self.opened.items)]
        return np.union1d(left, self.candidates.moved).astype(np.int32)

    @cached_property
    def inverse_norms(self) -> Floats:
        """float32 [I + 1]: `inverse_norms` of the candidates."""
        covariance = self.opened.query_covariance
        found: Floats = np.concatenate([self.opened.inverse_norms, inverse_norms(self.candidates.late, covariance)])
        found[self.candidates.moved] = inverse_norms(self.candidates.anew, covariance)
        return found

    @property
    def late_users(self) -> int:
        return len(self.users) - len(self.opened.users)

    @cached_property
    def removed(self) -> Mask:
        """Bool [I + 1]: cannot be listed, and yet says something in a history."""
        mask: Mask = ~self.listable & self.says
        return mask

    @cached_property
    def listed_candidates(self) -> Floats:
        """Candidates float32 [N, D + 1] of the items that can be listed."""
        listed: Floats = self.candidates.take(np.flatnonzero(self.listable))
        return listed

    @cached_property
    def common_query(self) -> Floats:
        """Query vector float32 [D + 1] of somebody who did everything there is, and so wants nothing in particular."""
        rows, model = np.flatnonzero(self.says).astype(np.int32), self.opened.model
        if not hasattr(model, "query_of_known_sums"):  # a bundle of an earlier version
            found = self.query_of(Lists(rows, np.array([0, len(rows)])))
        else:  # without what similar users did: nobody is like them
            summed = self.history.take(rows).sum(axis=0, keepdims=True)
            found = model.query_of_known_sums(tf.constant(summed), tf.constant([len(rows)], tf.float32)).numpy()
        common: Floats = found[0]
        return common

    def query_of(self, lists: Lists, words: Any = None) -> Floats:
        """Query vectors float32 [B, D + 1] of histories, and of what `Places.words` gives, without IDs."""
        if words is None and not np.isin(lists.values, self.beside).any():
            model = self.opened.model
            query: Floats = model.query_of_histories(tf.constant(lists.values), tf.constant(lists.splits)).numpy()
            return query
        says = self.says[lists.values]
        owners = np.repeat(np.arange(len(lists)), np.diff(lists.splits))
        vectors = tf.constant(self.history.take(lists.values))
        summed = tf.math.unsorted_segment_sum(vectors, tf.constant(owners), len(lists)).numpy()
        counts = np.bincount(owners, weights=says, minlength=len(lists)).astype(np.float32)
        return self.the_places.query(summed, counts, words)

    @property
    def the_places(self) -> Places:
        if self.places is None:
            raise BundleError(f"`{self.opened.folder}` is open without the layers that place newcomers")
        return self.places

    # -- attributes ----------------------------------------------------------------------------------------------

    def titles(self, asked: Ids) -> pd.DataFrame:
        """Frame `item_id` and what is kept of each, a row for every id."""
        kept = self.kept
        if kept is None:
            return pd.DataFrame({ITEM_ID: asked})
        rows = self.items.rows(asked)
        rows[np.isin(rows, self.left)] = 0
        num = len(kept)
        frame = kept.reindex(np.where((rows > 0) & (rows <= num), rows - 1, -1))
        if (rows > num).any():
            late = self.late.reindex(np.where(rows > num, rows - num - 1, -1))
            pieces = {name: frame[name].where(rows <= num, late[name].to_numpy()) for name in frame.columns}
            frame = pd.DataFrame(pieces, columns=frame.columns)
        frame = frame.reset_index(drop=True)
        frame.insert(0, ITEM_ID, asked)
        return frame

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What is kept of the items, one row each in their order, `item_id` as index; nothing of those that left."""
        ids = pd.Index(self.items.names[1:], dtype=object, name=ITEM_ID)
        if self.kept is None:
            return pd.DataFrame(index=ids)
        frame = self.kept
        if self.late_items:
            frame = pd.concat([frame, self.late], ignore_index=True)
        if len(self.left):
            there = np.ones(len(frame), np.bool_)
            there[self.left - 1] = False
            frame = frame[there].reindex(range(len(there)))
        return frame.set_index(ids)

    def rows_where(self, condition: str) -> Rows:
        """int32 [N]: item rows of which a condition is true, ascending."""
        kept = pd.DataFrame(index=range(len(self.opened.items))) if self.kept is None else self.kept
        found = [matching(condition, kept)]
        if self.late_items:
            found.append(matching(condition, self.late))
        return np.flatnonzero(np.concatenate(found)).astype(np.int32) + 1


def _below(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The rows of two frames with the same columns."""
    return pd.concat([before, after], ignore_index=True) if len(before) else after
