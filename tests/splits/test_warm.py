import numpy as np
import pytest

from tfcold import splits


def test_parts_have_their_shares(made):
    # 20 users who all did the same 20 items: 400 rows, nobody can be left without a training row
    dataset = made(*(f"u{user} i{item}" for user in range(20) for item in range(20)))

    split = splits.warm(dataset, test=0.2, validation=0.05)

    assert len(split.test["warm"]) == 80
    assert len(split.validation["warm"]) == 20
    assert len(split.train) == 300


@pytest.mark.parametrize("seed", range(20))
def test_everybody_keeps_a_training_row(made, seed):
    # users with one row each and items with one row each: those rows cannot be held out, u9's i1..i3 and such can
    dataset = made("u1 a", "u2 a", "u3 b", "u9 a", "u9 b", "u9 c", "u8 a", "u8 b")

    split = splits.warm(dataset, test=0.4, validation=0.4, seed=seed)

    assert split.warm_users[1:].all()
    assert split.warm_items[1:].all()
    assert {0, 1, 2, 5} <= set(split.train.tolist())
    assert len(split.describe()) > 1


def test_rows_go_back_only_where_needed(made):
    # u0 did 10 items that u1 did too, so at most 10 + 1 rows (one of each item, one of each user) must be trained on
    dataset = made(*(f"u{user} i{item}" for user in range(2) for item in range(10)))

    split = splits.warm(dataset, test=0.5, validation=0)

    held = len(split.test["warm"])
    twice = np.bincount(dataset.item_rows[split.train], minlength=11)[1:]
    assert twice.min() == 1
    assert 5 <= held <= 10


def test_nothing_held_out(world):
    split = splits.warm(world, test=0, validation=0)

    assert split.train.tolist() == list(range(len(world)))
