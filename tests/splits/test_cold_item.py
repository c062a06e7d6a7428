import numpy as np
import pytest

from tfcold import splits
from tfcold.errors import InputError


def items_of(split, positions):
    return set(split.dataset.item_rows[positions].tolist())


def test_items_and_rows_have_their_shares(made):
    # 20 users x 30 items: 6 test items (120 rows), 3 validation items (60); of the other 420 rows 42 and 84 as warm
    dataset = made(*(f"u{user} i{item}" for user in range(20) for item in range(30)))

    split = splits.cold_item(dataset, test=0.2, validation=0.1, warm_test=0.2, warm_validation=0.1)

    assert len(items_of(split, split.test["cold_item"])) == 6
    assert len(items_of(split, split.validation["cold_item"])) == 3
    assert [len(split.test["cold_item"]), len(split.validation["cold_item"])] == [120, 60]
    assert [len(split.test["warm"]), len(split.validation["warm"])] == [84, 42]
    assert len(split.train) == 294


def test_item_without_words_is_never_held_out(made):
    pairs = [f"u{user} i{item}" for user in range(4) for item in range(8)]
    dataset = made(*pairs, words=["i0", "i1", "i2", "nobody"])

    split = splits.cold_item(dataset, test=0.4, validation=0.3)

    held = items_of(split, split.test["cold_item"]) | items_of(split, split.validation["cold_item"])
    assert len(held) == 2
    assert set(dataset.item_ids.ids_of(list(held))) <= {"i0", "i1", "i2"}


def test_user_of_held_out_items_alone_is_cold_too(made):
    # whichever of the ten items is held out, its own user u<item> did nothing else
    dataset = made(*(f"u{item} i{item}" for item in range(10)), *(f"all i{item}" for item in range(10)))

    split = splits.cold_item(dataset, test=0.2, validation=0, warm_test=0, warm_validation=0)

    assert len(split.test["cold_item"]) == 2  # those of `all`
    assert len(split.test["cold_both"]) == 2
    assert len(split.train) == 16


def test_too_few_items_are_refused(made):
    with pytest.raises(InputError, match=r"more than 2 items .* to hold out 1 \+ 1 of them; there are 2"):
        splits.cold_item(made("u1 a", "u1 b", "u2 a"))


def test_draw_does_not_favour_popular_items(made):
    # i0 has ten rows, the others one each: over 60 draws of 2 of 10 items i0 is held out about 12 times (sd 3.1)
    dataset = made(*(f"u{user} i0" for user in range(10)), *(f"u{item} i{item}" for item in range(1, 10)))
    popular = dataset.item_ids.rows(["i0"])[0]

    drawn = [
        popular in np.unique(dataset.item_rows[np.concatenate(list(split.test.values()))])
        for split in (
            splits.cold_item(dataset, validation=0, warm_test=0, warm_validation=0, seed=seed) for seed in range(60)
        )
    ]

    assert 2 <= sum(drawn) <= 24
