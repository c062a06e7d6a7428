"""From scores to lists, by a scorer whose scores are written out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tfcold.data.ids import IdMap
from tfcold.data.lists import candidate_rows, recommend_frame
from tfcold.errors import InputError
from tfcold.ranking import Queries


@dataclass
class Written:
    """Items w, x, y, z score 4, 3, 2, 1 and z is unknown; ann did w, ben is not warm; it notes what it was asked."""

    name: str = "written"
    user_ids: IdMap = field(default_factory=lambda: IdMap(["ann", "ben"]))
    item_ids: IdMap = field(default_factory=lambda: IdMap(["w", "x", "y", "z"]))
    warm_users: np.ndarray = field(default_factory=lambda: np.array([False, True, False]))
    can_score: np.ndarray = field(default_factory=lambda: np.array([False, True, True, True, False]))
    asked: list[Queries] = field(default_factory=list)

    @property
    def histories(self) -> sp.csr_matrix:
        return sp.csr_matrix(np.array([[0] * 5, [0, 1, 0, 0, 0], [0] * 5], np.float32))

    def scores(self, queries: Queries, item_rows: np.ndarray) -> np.ndarray:
        self.asked.append(queries)
        known = np.array([-np.inf, 4, 3, 2, -np.inf], np.float32)
        return np.tile(known[item_rows], (len(queries), 1))


def test_lists_come_in_the_order_asked_best_first() -> None:
    scorer = Written()
    listed = recommend_frame(scorer, ["ben", "ann", "who"], k=2)
    expected = [("ben", "w", 1, 4), ("ben", "x", 2, 3), ("ann", "x", 1, 3), ("ann", "y", 2, 2)]
    expected += [("who", "w", 1, 4), ("who", "x", 2, 3)]
    assert list(listed.itertuples(index=False, name=None)) == expected
    assert listed["rank"].dtype == np.int64
    assert scorer.asked[0].user_rows.tolist() == [0, 1, 0]  # ben has an id, but no row that training saw


def test_lists_are_shorter_where_candidates_run_out() -> None:
    assert recommend_frame(Written(), ["ann"], k=9)["item_id"].tolist() == ["x", "y"]
    assert recommend_frame(Written(), [], k=9).empty


def test_one_user_may_be_a_string() -> None:
    assert recommend_frame(Written(), "ann", k=1)["item_id"].tolist() == ["x"]


def test_candidates_are_kept_to_and_count_once() -> None:
    assert recommend_frame(Written(), ["who"], candidates=["y", "w", "y", "z"])["item_id"].tolist() == ["w", "y"]
    assert candidate_rows(Written(), ["y", "w", "y"]).tolist() == [3, 1]
    assert candidate_rows(Written(), None).tolist() == [1, 2, 3]


def test_exclude_leaves_out_pairs_and_ignores_what_it_alone_knows() -> None:
    pairs = pd.DataFrame({"user_id": ["who", "ann", "who"], "item_id": ["w", "unheard", "y"]})
    listed = recommend_frame(Written(), ["ann", "who"], exclude=pairs)
    assert listed.loc[listed["user_id"] == "ann", "item_id"].tolist() == ["x", "y"]
    assert listed.loc[listed["user_id"] == "who", "item_id"].tolist() == ["x"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "`k` must be at least 1; received 0"),
        ({"k": 2.5}, "`k` must be a whole number of at least 1; received 2.5"),
        ({"candidates": ["w", "v", "u"]}, "`candidates` holds 2 of 3 ids that no item has: 'v', 'u'"),
        (
            {"exclude": pd.DataFrame({"item_id": ["w"]})},
            r"`exclude` must have columns user_id, item_id; .*\['item_id'\]",
        ),
    ],
)
def test_bad_arguments_name_what_came(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recommend_frame(Written(), ["ann"], **arguments)
