import numpy as np
import pytest

from tfcold import splits
from tfcold.errors import InputError


def grid(made, **columns):
    return made(*(f"u{user} i{item}" for user in range(20) for item in range(10)), **columns)


def users_of(split, positions):
    return set(split.dataset.user_rows[positions].tolist())


def test_users_have_their_shares(made):
    split = splits.cold_user(grid(made), test=0.2, validation=0.1)

    assert len(users_of(split, split.test["cold_user"])) == 4
    assert len(users_of(split, split.validation["cold_user"])) == 2
    assert [len(split.test["cold_user"]), len(split.validation["cold_user"]), len(split.train)] == [40, 20, 140]
    assert len(split.revealed) == 0


def test_earliest_rows_are_revealed(made):
    # everybody did i9 first, then i8, ...: revealed are i9, i8, i7
    dataset = grid(made, timestamp=[100 - item for _ in range(20) for item in range(10)])

    split = splits.cold_user(dataset, reveal=3)

    held = users_of(split, split.test["cold_user"]) | users_of(split, split.validation["cold_user"])
    assert users_of(split, split.revealed) == held
    assert len(split.revealed) == 3 * len(held)
    assert set(dataset.item_ids.ids_of(dataset.item_rows[split.revealed])) == {"i9", "i8", "i7"}


def test_revealed_rows_are_drawn_without_times(made):
    dataset = grid(made)

    split = splits.cold_user(dataset, reveal=3)

    counts = np.bincount(dataset.user_rows[split.revealed])
    assert set(counts.tolist()) == {0, 3}
    assert len(np.unique(dataset.item_rows[split.revealed])) > 3  # not the same three for everybody


def test_users_with_too_few_rows_stay_in_training(made):
    # u0..u4 have two rows, u5..u9 three: with two revealed only the latter have something left to find
    pairs = [f"u{user} i{item}" for user in range(10) for item in range(2 if user < 5 else 3)]
    dataset = made(*pairs)

    for seed in range(5):
        split = splits.cold_user(dataset, test=0.4, validation=0.2, reveal=2, seed=seed)
        light = dataset.user_ids.rows([f"u{user}" for user in range(5)])
        assert split.warm_users[light].all()
        assert len(split.revealed) == 6


def test_item_of_held_out_users_alone_is_cold_and_never_revealed(made):
    # every user has an item of their own
    dataset = made(*(f"u{user} own{user}" for user in range(10)), *(f"u{user} shared" for user in range(10)))

    split = splits.cold_user(dataset, test=0.2, validation=0, reveal=1)

    assert len(split.test["cold_both"]) == 2
    assert set(dataset.item_ids.ids_of(dataset.item_rows[split.revealed])) == {"shared"}


@pytest.mark.parametrize("reveal", [-1, 1.5, True])
def test_bad_reveal_is_refused(made, reveal):
    with pytest.raises(InputError, match=f"`reveal` must be a whole number of at least 0; received {reveal}"):
        splits.cold_user(grid(made), reveal=reveal)


def test_too_few_users_are_refused(made):
    with pytest.raises(InputError, match=r"users with more than 10 rows .* there are 0"):
        splits.cold_user(grid(made), reveal=10)
