"""Semantic profile by hand."""

from collections.abc import Callable

import numpy as np

from tfcold.baselines import SemanticProfile
from tfcold.baselines.vectors import centred_unit, unit
from tfcold.blocks import Features, VectorBlock
from tfcold.ranking import Queries
from tfcold.splits.split import Split

ITEMS = {"x": "one", "y": "two", "new": "three", "mute": "four"}


def test_centred_unit_takes_the_mean_over_training_items_only(make_block: Callable[..., VectorBlock]) -> None:
    block = make_block("text", [[1, 1], [3, 1], [2, 5], [9, 9]], missing=[4])
    vectors = centred_unit(block, np.array([False, True, True, False, True]))
    # mean of rows 1 and 2 (row 4 has no vector): [2, 1]; less it: [-1, 0], [1, 0], [0, 4]; length 1 each
    assert vectors.tolist() == [[0, 0], [-1, 0], [1, 0], [0, 1], [0, 0]]


def test_unit_keeps_a_row_of_zeros() -> None:
    np.testing.assert_allclose(unit(np.array([[3, 4], [0, 0]], np.float32)), [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_scores_are_cosines_to_the_mean_of_the_history(
    make_split: Callable[..., Split], make_block: Callable[..., VectorBlock]
) -> None:
    # mean over the warm x, y: [0, 1]; so x -> [1, 0], y -> [-1, 0], new -> [1, 1] / sqrt 2
    split = make_split({"ann": "x", "bob": "x y"}, ITEMS)
    features = Features({"text": make_block("text", [[2, 1], [-2, 1], [3, 4], [0, 0]], missing=[4])})
    baseline = SemanticProfile().fit(split, features)
    users = np.array([1], np.int32)
    scores = baseline.scores(Queries(users, split.history_matrix()[users]), np.array([1, 2, 3, 4]))
    np.testing.assert_allclose(scores, [[1, -1, 0.5**0.5, -np.inf]], rtol=1e-6)


def test_history_without_vectors_falls_back_to_popularity(
    make_split: Callable[..., Split], make_block: Callable[..., VectorBlock]
) -> None:
    split = make_split({"ann": "mute", "bob": "x y", "cat": "y"}, ITEMS)
    features = Features({"text": make_block("text", [[2, 1], [-2, 1], [3, 4], [0, 0]], missing=[4])})
    users = np.array([1], np.int32)
    scores = (
        SemanticProfile()
        .fit(split, features)
        .scores(Queries(users, split.history_matrix()[users]), np.array([1, 2, 3]))
    )
    assert scores.tolist() == [[1, 2, 0]]


def test_another_block_can_be_read(make_split: Callable[..., Split], make_block: Callable[..., VectorBlock]) -> None:
    split = make_split({"ann": "x", "bob": "y"}, {"x": "one", "y": "two"})
    baseline = SemanticProfile("image").fit(split, Features({"image": make_block("image", [[1, 0], [0, 1]])}))
    assert baseline.name == "semantic profile (image)"
