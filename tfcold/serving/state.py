"""What a recommender knows at one moment: a bundle, and what joined or left it in memory since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.columns import ITEM_ID
from tfcold.errors import BundleError
from tfcold.serving.conditions import matching
from tfcold.serving.ids import IdIndex, Ids
from tfcold.serving.newcomers import NewItems, Places
from tfcold.serving.opened import Opened
from tfcold.serving.ragged import Lists, Rows
from tfcold.serving.tables import LateLists, Table

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class State:
    """Never changes: `with_items`, `without_items` and `with_users` give the next one, and whoever reads one goes on.

    The tables of the bundle are shared by all states, so a change costs what it brings, and a few bytes an item.

    Args:
        opened: the bundle.
        items, users: rows by id: of the bundle, then of newcomers.
        candidates, history, queries: the tables of the bundle, with rows of newcomers.
        done: what each user did.
        listable: bool [I + 1]. May be listed.
        is_cold: bool [I + 1].
        says: bool [I + 1]. Counts in a history.
        left: int32 [L]. Rows of items that left in memory.
        late: newcomers among the items, oldest first; empty or of one entry for each change.
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
    late: NewItems | None = None
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
        )

    # -- the next state ------------------------------------------------------------------------------------------

    def with_items(self, new: NewItems, places: Places) -> State:
        """The state in which these items can be listed too."""
        return replace(
            self,
            items=self.items.extended(new.ids),
            candidates=self.candidates.extended(places.rounded(new.candidates, self.candidates.store)),
            history=self.history.extended(places.rounded(new.history, self.history.store)),
            listable=np.concatenate([self.listable, new.is_known]),
            is_cold=np.concatenate([self.is_cold, np.ones(len(new), np.bool_)]),
            says=np.concatenate([self.says, new.is_known]),
            late=new if self.late is None else _joined(self.late, new),
            places=places,
        )

    def without_items(self, rows: Rows) -> State:
        """The state in which these item rows are never listed."""
        listable = self.listable.copy()
        listable[rows] = False
        return replace(self, listable=listable, left=np.union1d(self.left, rows).astype(np.int32))

    def with_users(self, ids: Ids, done: Lists, places: Places) -> State:
        """The state that knows these users by what they did."""
        queries = self.queries.extended(places.rounded(self.query_of(done), self.queries.store))
        users, lists = self.users.extended(ids), self.done.extended(done)
        return replace(self, users=users, queries=queries, done=lists, places=places)

    # -- what it says --------------------------------------------------------------------------------------------

    @property
    def is_changed(self) -> bool:
        """Something joined or left, so the bundle's own graph no longer has the answer."""
        return self.late is not None or len(self.left) > 0 or len(self.users) > len(self.opened.users)

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
        rows = np.flatnonzero(self.says).astype(np.int32)
        query: Floats = self.query_of(Lists(rows, np.array([0, len(rows)])))[0]
        return query

    def query_of(self, lists: Lists) -> Floats:
        """Query vectors float32 [B, D + 1] of histories alone."""
        if not (lists.values >= self.history.num).any():
            model = self.opened.model
            query: Floats = model.query_of_histories(tf.constant(lists.values), tf.constant(lists.splits)).numpy()
            return query
        says = self.says[lists.values]
        owners = np.repeat(np.arange(len(lists)), np.diff(lists.splits))
        vectors = tf.constant(self.history.take(lists.values))
        summed = tf.math.unsorted_segment_sum(vectors, tf.constant(owners), len(lists)).numpy()
        counts = np.bincount(owners, weights=says, minlength=len(lists)).astype(np.float32)
        return self.the_places.query(summed, counts)

    @property
    def the_places(self) -> Places:
        if self.places is None:
            raise BundleError(f"`{self.opened.folder}` is open without the layers that place newcomers")
        return self.places

    # -- attributes ----------------------------------------------------------------------------------------------

    def titles(self, asked: Ids) -> pd.DataFrame:
        """Frame `item_id` and what is kept of each, a row for every id."""
        kept = self.opened.kept
        if kept is None:
            return pd.DataFrame({ITEM_ID: asked})
        rows = self.items.rows(asked)
        rows[np.isin(rows, self.left)] = 0
        num = len(kept)
        frame = kept.reindex(np.where((rows > 0) & (rows <= num), rows - 1, -1))
        if (rows > num).any() and self.late is not None:
            late = self._late_frame.reindex(np.where(rows > num, rows - num - 1, -1))
            pieces = {name: frame[name].where(rows <= num, late[name].to_numpy()) for name in frame.columns}
            frame = pd.DataFrame(pieces, columns=frame.columns)
        frame = frame.reset_index(drop=True)
        frame.insert(0, ITEM_ID, asked)
        return frame

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What is kept of the items, one row each in their order, `item_id` as index; nothing of those that left."""
        ids = pd.Index(self.items.names[1:], dtype=object, name=ITEM_ID)
        if self.opened.kept is None:
            return pd.DataFrame(index=ids)
        frame = self.opened.kept
        if self.late is not None:
            frame = pd.concat([frame, self._late_frame], ignore_index=True)
        if len(self.left):
            there = np.ones(len(frame), np.bool_)
            there[self.left - 1] = False
            frame = frame[there].reindex(range(len(there)))
        return frame.set_index(ids)

    def rows_where(self, condition: str) -> Rows:
        """int32 [N]: item rows of which a condition is true, ascending."""
        kept = self.opened.kept
        found = [matching(condition, pd.DataFrame(index=range(len(self.opened.items))) if kept is None else kept)]
        if self.late is not None:
            found.append(matching(condition, self._late_frame))
        return np.flatnonzero(np.concatenate(found)).astype(np.int32) + 1

    @cached_property
    def _late_frame(self) -> pd.DataFrame:
        return pd.DataFrame() if self.late is None else self.late.frame


def _joined(before: NewItems, after: NewItems) -> NewItems:
    def both(name: str) -> Any:
        return np.concatenate([getattr(before, name), getattr(after, name)])

    shown = {name: _cells(before.shown[name], after.shown[name]) for name in before.shown}
    return NewItems(**{name: both(name) for name in ("ids", "candidates", "history", "is_known", "raw")}, shown=shown)


def _cells(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if object in (before.dtype, after.dtype):
        return np.concatenate([before.astype(object), after.astype(object)])
    return np.concatenate([before, after])
