"""What holds for every protocol, checked by sets of ids and not by the code under test."""

import numpy as np
import pytest

from tfcold import splits
from tfcold.data import Dataset, synthetic_world

PROTOCOLS = {
    "warm": lambda dataset, seed: splits.warm(dataset, seed=seed),
    "cold_item": lambda dataset, seed: splits.cold_item(dataset, seed=seed),
    "cold_user": lambda dataset, seed: splits.cold_user(dataset, seed=seed),
    "cold_user revealed": lambda dataset, seed: splits.cold_user(dataset, reveal=3, warm_test=0.1, seed=seed),
    "cold_both": lambda dataset, seed: splits.cold_both(dataset, reveal=2, seed=seed),
    "temporal": lambda dataset, seed: splits.temporal(dataset),
    "k_shot_items": lambda dataset, seed: splits.k_shot_items(dataset, shots=(0, 1, 4), validation=0.1, seed=seed),
    "k_shot_users": lambda dataset, seed: splits.k_shot_users(dataset, shots=(0, 1, 4), validation=0.1, seed=seed),
}
DRAWN = [name for name in PROTOCOLS if name != "temporal"]


@pytest.fixture(scope="module", params=PROTOCOLS)
def split(request, world):
    return PROTOCOLS[request.param](world, 7)


def ids(split, positions):
    frame = split.dataset.interactions.frame.iloc[positions]
    return list(zip(frame["user_id"], frame["item_id"], strict=True))


def test_no_position_and_no_pair_is_in_two_parts(split):
    together = np.concatenate([positions for _, _, positions in split.parts()])
    pairs = ids(split, together)

    assert len(set(together.tolist())) == len(together)
    assert len(set(pairs)) == len(pairs)


def test_every_row_is_in_the_regime_that_training_gives_it(split):
    users, items = ({pair[side] for pair in ids(split, split.train)} for side in (0, 1))
    expected = {
        "warm": (True, True),
        "cold_item": (True, False),
        "cold_user": (False, True),
        "cold_both": (False, False),
        "items_0": (True, False),
        "items_1": (True, True),
        "items_4": (True, True),
        "users_0": (False, True),
        "users_1": (False, True),
        "users_4": (False, True),
    }

    rows = 0
    for held in (split.validation, split.test):
        for regime, positions in held.items():
            rows += len(positions)
            assert {(user in users, item in items) for user, item in ids(split, positions)} <= {expected[regime]}
    assert rows > 100


def test_revealed_rows_are_of_users_unseen_and_items_seen(split):
    users, items = ({pair[side] for pair in ids(split, split.train)} for side in (0, 1))

    assert all(user not in users and item in items for user, item in ids(split, split.revealed))


def test_every_item_and_user_keeps_its_row(split, world):
    assert split.warm_items.shape == (world.num_items + 1,)
    assert split.warm_users.shape == (world.num_users + 1,)
    assert not split.warm_items[0]
    assert split.train_matrix().shape == (world.num_users + 1, world.num_items + 1)


@pytest.mark.parametrize("name", DRAWN)  # in a split by time, who is new in validation may still be there in the test
def test_validation_and_test_hold_out_other_items_and_users(name, world):
    split = PROTOCOLS[name](world, 7)
    for regime, side in (("cold_item", 1), ("cold_user", 0)):
        validated, tested = (
            {pair[side] for pair in ids(split, held[regime])} for held in (split.validation, split.test)
        )
        assert not validated & tested


@pytest.mark.parametrize("name", PROTOCOLS)
def test_same_seed_is_the_same_split(name, world):
    again = Dataset.from_tables(*synthetic_world(seed=5))  # nothing shared with `world`

    first, second = PROTOCOLS[name](world, 7), PROTOCOLS[name](again, 7)

    assert first.fingerprint == second.fingerprint
    assert first.train.tolist() == second.train.tolist()


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_is_another_split(name, world):
    first, second = PROTOCOLS[name](world, 7), PROTOCOLS[name](world, 8)

    assert first.fingerprint != second.fingerprint
    assert first.train.tolist() != second.train.tolist()


def test_description_adds_up(split, world):
    table = split.describe()

    assert table["rows"].sum() == len(world)
    assert table["share"].sum() == pytest.approx(1)
    assert table.iloc[0]["part"] == "train"
    assert (table["rows"] > 0).all()


@pytest.mark.parametrize("shares", [{"test": 1.0}, {"test": -0.1}, {"test": 0.5, "validation": 0.5}])
@pytest.mark.parametrize(
    "protocol", [splits.warm, splits.cold_item, splits.cold_user, splits.cold_both, splits.temporal]
)
def test_shares_out_of_range_are_refused(protocol, shares, world):
    with pytest.raises(ValueError, match=r"test.*(1\.0|-0\.1|0\.5)"):
        protocol(world, **shares)
