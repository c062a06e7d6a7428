"""Popularity by hand."""

from collections.abc import Callable

import numpy as np

from tfcold.baselines import Popularity
from tfcold.ranking import Queries
from tfcold.splits.split import Split


def test_scores_count_training_rows(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "y"}, {"x": "one", "y": "two", "new": "three"})
    queries = Queries(np.array([1], np.int32), split.history_matrix()[1])
    scores = Popularity().fit(split).scores(queries, np.array([3, 2, 1]))
    assert scores.tolist() == [[-np.inf, 2.0, 1.0]]


def test_recommend_is_the_same_list_less_the_history(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "y", "cat": "y z"}, {"x": "one", "y": "two", "z": "three"})
    listed = Popularity().fit(split).recommend(["bob", "nobody"], k=5)
    # x and z have one row each: the tie goes to the earlier item
    assert listed["user_id"].tolist() == ["bob", "bob", "nobody", "nobody", "nobody"]
    assert listed["item_id"].tolist() == ["x", "z", "y", "x", "z"]
