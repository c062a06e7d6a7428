"""The tables of one job, with one row for every user and every item they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.columns import ITEM_ID, RATING, TIMESTAMP, USER_ID, WEIGHT
from tfcold.data.ids import IdMap, Ids, Mask, Rows, examples, string_column
from tfcold.data.report import Findings, TableReport
from tfcold.data.tables import Interactions, Items, Users
from tfcold.errors import InputError
from tfcold.schema import Schema

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DatasetReport(TableReport):
    """What was found when the tables were laid side by side, and what each table's own check found.

    Args:
        tables: the reports of interactions, items and users.
    """

    tables: tuple[TableReport, ...] = ()

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "tables": [table.to_dict() for table in self.tables]}

    def lines(self) -> list[str]:
        return [*super().lines(), *(line for table in self.tables for line in table.lines())]

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, eq=False)
class Dataset:
    """Checked tables and the rows of everybody in them. Made by `from_tables`.

    Items come in the order of the items table, then those that only interactions name, sorted; users likewise. Items
    that nobody touched have their row like all others.

    Args:
        interactions: R rows.
        items: the items table.
        users: the users table, or None.
        user_ids: U ids.
        item_ids: I ids.
        user_rows: int32 [R]. The user of each interaction; at least 1.
        item_rows: int32 [R]. The item of each interaction; at least 1.
        report: what was found.
    """

    interactions: Interactions
    items: Items
    users: Users | None
    user_ids: IdMap
    item_ids: IdMap
    user_rows: Rows
    item_rows: Rows
    report: DatasetReport

    @classmethod
    def from_tables(
        cls,
        interactions: Interactions | pd.DataFrame,
        items: Items | pd.DataFrame,
        users: Users | pd.DataFrame | None = None,
    ) -> Dataset:
        """The dataset of three tables; a frame is checked first.

        Args:
            interactions: who did what. An item without a row in `items` is kept: it has no words, but training sees it.
            items: what the items are; those nobody touched too.
            users: who the users are, or None.

        Raises:
            InputError: a frame breaks the rules of its table.
        """
        if not isinstance(interactions, Interactions):
            interactions = Interactions.from_frame(interactions)
        if not isinstance(items, Items):
            items = Items.from_frame(items)
        if users is not None and not isinstance(users, Users):
            users = Users.from_frame(users)
        user_ids = _ids_of_side(interactions.frame[USER_ID], None if users is None else users.frame[USER_ID])
        item_ids = _ids_of_side(interactions.frame[ITEM_ID], items.frame[ITEM_ID])
        user_rows = user_ids.rows(interactions.frame[USER_ID].to_numpy())
        item_rows = item_ids.rows(interactions.frame[ITEM_ID].to_numpy())
        return cls._of(interactions, items, users, user_ids, item_ids, user_rows, item_rows)

    @classmethod
    def _of(
        cls,
        interactions: Interactions,
        items: Items,
        users: Users | None,
        user_ids: IdMap,
        item_ids: IdMap,
        user_rows: Rows,
        item_rows: Rows,
    ) -> Dataset:
        user_rows.setflags(write=False)
        item_rows.setflags(write=False)
        report = _report(interactions, items, users, user_ids, item_ids, user_rows, item_rows)
        return cls(interactions, items, users, user_ids, item_ids, user_rows, item_rows, report)

    def with_rows(self, frames: Iterable[pd.DataFrame]) -> Dataset:
        """A dataset with more interactions after those of this one; every row of a user or item stays what it was.

        Users and items that only the new interactions name come last, sorted. Columns are those of this dataset's
        interactions; a rating, timestamp or weight that a new frame lacks is NaN.

        Args:
            frames: tables as in `Interactions.frame`.
        """
        frame = self.interactions.frame
        added = [more.reindex(columns=frame.columns) for more in frames]
        if not added:
            return self
        together = pd.concat([frame, *added], ignore_index=True)
        sides = []
        for column, id_map, rows in (
            (USER_ID, self.user_ids, self.user_rows),
            (ITEM_ID, self.item_ids, self.item_rows),
        ):
            more = np.concatenate([part[column].to_numpy() for part in added])
            together[column] = string_column(np.concatenate([frame[column].to_numpy(), more]))
            extended = id_map.extended(sorted(set(more)))
            sides.append((extended, np.concatenate([rows, extended.rows(more)])))
        (user_ids, user_rows), (item_ids, item_rows) = sides
        interactions = Interactions(together, self.interactions.report)
        return Dataset._of(interactions, self.items, self.users, user_ids, item_ids, user_rows, item_rows)

    def __len__(self) -> int:
        """R: interactions."""
        return len(self.user_rows)

    @property
    def num_users(self) -> int:
        """U, row 0 not counted."""
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        """I, row 0 not counted."""
        return len(self.item_ids)

    @cached_property
    def described_items(self) -> Mask:
        """Bool [I + 1]: true for items with a row in the items table."""
        return _described(self.num_items, self.item_ids.rows(self.items.frame[ITEM_ID].to_numpy()))

    @cached_property
    def described_users(self) -> Mask:
        """Bool [U + 1]: true for users with a row in the users table."""
        ids = np.empty(0, object) if self.users is None else self.users.frame[USER_ID].to_numpy()
        return _described(self.num_users, self.user_ids.rows(ids))

    @property
    def timestamps(self) -> npt.NDArray[np.float64] | None:
        """float64 [R], or None if the interactions have none."""
        frame = self.interactions.frame
        return frame[TIMESTAMP].to_numpy(np.float64) if TIMESTAMP in frame.columns else None

    @property
    def weights(self) -> npt.NDArray[np.float64] | None:
        """float64 [R]: how much was done, or else how it was rated; None if the interactions say neither."""
        frame = self.interactions.frame
        column = next((name for name in (WEIGHT, RATING) if name in frame.columns), None)
        return None if column is None else frame[column].to_numpy(np.float64)

    def schema(
        self, item_vectors: Mapping[str, int] | None = None, user_vectors: Mapping[str, int] | None = None
    ) -> Schema:
        """The sizes a model needs to know.

        Args:
            item_vectors: width by block name.
            user_vectors: width by block name.
        """
        return Schema(self.num_users, self.num_items, dict(item_vectors or {}), dict(user_vectors or {}))

    def weight_ranks(self, positions: Positions) -> npt.NDArray[np.float32]:
        """Rank of the weight of each row among those of its user, in (-1, 1), float32 [P].

        A rank says the same of somebody who plays a song a thousand times and of one who plays it thrice. The mean over
        a user is 0; rows of equal weight, those of unknown weight, and all where the dataset has no weights, have 0.

        Args:
            positions: int [P]. Rows of `interactions.frame`, ranked among themselves.
        """
        if self.weights is None:
            return np.zeros(len(positions), np.float32)
        by_user = pd.Series(self.weights[positions]).groupby(self.user_rows[positions])
        ranks = (2 * by_user.rank() - 1) / by_user.transform("count") - 1
        return ranks.fillna(0.0).to_numpy(np.float32)

    def matrix(
        self, positions: npt.NDArray[np.integer[Any]] | None = None, cells: npt.NDArray[np.float32] | None = None
    ) -> sp.csr_matrix:
        """float32 CSR [U + 1, I + 1]: 1 where a user touched an item, whatever the rating and however often.

        Args:
            positions: int [P]. Rows of `interactions.frame` to build it from; None takes all.
            cells: float32 [P] or None. What stands in place of the ones; those of a pair that comes twice add up.

        Raises:
            InputError: a position outside 0..R-1.
        """
        users, items = self.user_rows, self.item_rows
        if positions is not None:
            positions = np.asarray(positions, np.int64)
            if len(positions) and (positions.min() < 0 or positions.max() >= len(self)):
                bad = positions[(positions < 0) | (positions >= len(self))]
                raise InputError(f"`positions` must be in 0..{len(self) - 1}; received {examples(bad)}")
            users, items = users[positions], items[positions]
        shape = self.num_users + 1, self.num_items + 1
        if cells is not None:
            return sp.csr_matrix((cells, (users, items)), shape=shape)
        matrix = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix


def _ids_of_side(touched: pd.Series[Any], table: pd.Series[Any] | None) -> IdMap:
    listed: Ids = np.empty(0, object) if table is None else table.to_numpy()
    return IdMap(listed).extended(np.array(sorted(set(touched)), dtype=object))


def _described(num: int, rows: Rows) -> Mask:
    mask = np.zeros(num + 1, np.bool_)
    mask[rows] = True
    mask.setflags(write=False)
    return mask


def _report(
    interactions: Interactions,
    items: Items,
    users: Users | None,
    user_ids: IdMap,
    item_ids: IdMap,
    user_rows: Rows,
    item_rows: Rows,
) -> DatasetReport:
    found = Findings()
    found.count("interactions", len(interactions))
    found.count("users", len(user_ids))
    found.count("items", len(item_ids))
    per_user = np.bincount(user_rows, minlength=len(user_ids) + 1)[1:]
    per_item = np.bincount(item_rows, minlength=len(item_ids) + 1)[1:]
    found.count("users_without_interactions", int((per_user == 0).sum()))
    found.count("items_without_interactions", int((per_item == 0).sum()))
    _count_undescribed(found, "items", item_ids.ids, per_item, item_ids.rows(items.frame[ITEM_ID].to_numpy()))
    if users is not None:
        _count_undescribed(found, "users", user_ids.ids, per_user, user_ids.rows(users.frame[USER_ID].to_numpy()))
    tables = tuple(table.report for table in (interactions, items, users) if table is not None)
    return DatasetReport("dataset", found.counts, tuple(found.messages), tables)


def _count_undescribed(found: Findings, side: str, ids: Ids, per_id: npt.NDArray[np.int64], rows: Rows) -> None:
    """Counts those that interactions name and the table does not: warm, but without words."""
    unknown = ~_described(len(ids), rows)[1:]
    names, touches = ids[unknown], int(per_id[unknown].sum())
    message = f"{len(names)} {side} of the interactions have no row in `{side}`, so no words: {examples(names[:4])}"
    if len(names) and unknown[per_id > 0].all():
        message += f". Not one id of the interactions is in `{side}`: are they written alike?"
    found.count(f"{side}_not_in_table", len(names), message)
    found.count(f"interactions_of_{side}_not_in_table", touches)
