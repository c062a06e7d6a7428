import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import ConcatFusion
from tfcold.towers import UserTower

ROWS = np.array([1, 0, 0], np.int32)
HISTORY = np.array([[[1, 0], [0, 3], [9, 9]], [[2, 2], [9, 9], [9, 9]], [[9, 9], [9, 9], [9, 9]]], np.float32)
MASK = np.array([[True, True, False], [True, False, False], [False, False, False]])
WORDS = {"words": np.array([[1], [2], [0]], np.float32)}
WORDS_MASK = {"words": np.array([True, True, False])}


def make_tower(**options: float) -> UserTower:
    fusion = ConcatFusion(2, {"history": 2, "words": 1}, identity_id=True)
    fusion.set_linear(block_kernels={"history": np.eye(2), "words": [[10, 100]]})
    fusion.prior.assign([-1, -2])
    tower = UserTower(2, 2, fusion, **options)
    tower.build()
    if tower.embedding is not None:
        tower.embedding.set_weights([np.array([[7, 7], [0.5, 0.25], [0, 0]], np.float32)])
    return tower


def test_user_is_id_and_history_and_words() -> None:
    # user 1: [0.5, 0.25] + [1, 3] + [10, 100]; a new one: [2, 2] + [20, 200]; one of whom nothing is known: the prior
    expected = [[11.5, 103.25], [22, 202], [-1, -2]]
    np.testing.assert_allclose(make_tower()(ROWS, HISTORY, MASK, WORDS, WORDS_MASK), expected)


def test_user_without_ids_is_history_and_words() -> None:
    received = make_tower(use_ids=False)(ROWS, HISTORY, MASK, WORDS, WORDS_MASK)
    np.testing.assert_allclose(received, [[11, 103], [22, 202], [-1, -2]])


def test_history_is_divided_by_its_length_to_alpha() -> None:
    # two items and alpha 1: [1, 3] / 2
    received = make_tower(pooling_alpha=1.0)(ROWS, HISTORY, MASK, WORDS, WORDS_MASK)
    np.testing.assert_allclose(received[0], [0.5 + 0.5 + 10, 0.25 + 1.5 + 100])


def test_from_pooled_is_the_call_after_pooling() -> None:
    tower = make_tower(pooling_alpha=0.5)
    whole = tower(ROWS, HISTORY, MASK, WORDS, WORDS_MASK)
    pooled = np.array([[1, 3], [2, 2], [0, 0]]) / np.array([[2**0.5], [1], [1]])
    counts = np.array([2, 1, 0], np.float32)
    received = tower.from_pooled(ROWS, pooled.astype(np.float32), counts, WORDS, WORDS_MASK)
    np.testing.assert_allclose(received, whole, rtol=1e-6)


def test_ids_start_as_nothing() -> None:
    tower = UserTower(2, 2, ConcatFusion(2, {"history": 2}, identity_id=True))
    tower.build()
    assert not tower.embedding.get_weights()[0].any()


def test_bad_arguments_name_what_came() -> None:
    with pytest.raises(InputError, match="`num_users` must be at least 1; received 0"):
        UserTower(0, 2, ConcatFusion(2, {"history": 2}))
    with pytest.raises(InputError, match="`fusion` must have width `dim` = 4; its `dim` is 2"):
        UserTower(1, 4, ConcatFusion(2, {"history": 2}))


def test_only_users_that_training_never_saw_are_shrunk() -> None:
    tower = make_tower()
    plain = tower(ROWS, HISTORY, MASK, WORDS, WORDS_MASK).numpy()
    tower.shrinkage.set_weights_of([2.0, 1.0], shrinkage=1.0, decay=0.0)
    shrunk = tower(ROWS, HISTORY, MASK, WORDS, WORDS_MASK).numpy()
    alone = tower(0 * ROWS, HISTORY, MASK, WORDS, WORDS_MASK).numpy()

    np.testing.assert_allclose(shrunk[ROWS > 0], plain[ROWS > 0])
    # user 0 did two things that sum up to [1, 3]; m = 1/2 and g = [1, 1/2]: the second keeps 0.5 * 1.5 / 1 = 3/4
    np.testing.assert_allclose(alone[0], [1 + 10, 2.25 + 100], rtol=1e-6)
