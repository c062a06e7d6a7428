"""User kNN by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from tfcold.baselines import UserKNN
from tfcold.errors import InputError
from tfcold.ranking import Queries
from tfcold.splits.split import Split

ITEMS = {"x": "one", "y": "two", "z": "three"}


def test_scores_sum_the_cosines_of_those_who_did_it(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "x", "cat": "y z"}, ITEMS)
    new = Queries(np.zeros(1, np.int32), split.history_matrix()[2])  # someone new who did what bob did: x
    scores = UserKNN().fit(split).scores(new, np.array([1, 2, 3]))
    # cosine to ann 1/sqrt 2, to bob 1, to cat 0: x = 1.7071, y = 0.7071, z = 0
    np.testing.assert_allclose(scores, [[1 + 0.5**0.5, 0.5**0.5, 0]], rtol=1e-6)


def test_a_training_user_is_not_their_own_neighbour(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "x", "cat": "y z"}, ITEMS)
    bob = Queries(np.array([2], np.int32), split.history_matrix()[2])
    scores = UserKNN().fit(split).scores(bob, np.array([1, 2, 3]))
    np.testing.assert_allclose(scores, [[0.5**0.5, 0.5**0.5, 0]], rtol=1e-6)


def test_only_the_nearest_count(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "x", "cat": "y z"}, ITEMS)
    new = Queries(np.zeros(1, np.int32), split.history_matrix()[2])
    scores = UserKNN(neighbours=1).fit(split).scores(new, np.array([1, 2, 3]))
    np.testing.assert_allclose(scores, [[1, 0, 0]], rtol=1e-6)


def test_neighbours_must_be_positive() -> None:
    with pytest.raises(InputError, match="`neighbours` must be at least 1; received 0"):
        UserKNN(0)
