import numpy as np
import pytest

from tfcold import splits
from tfcold.errors import InputError


def grid(made, users, items, **columns):
    return made(*(f"u{user} i{item}" for user in range(users) for item in range(items)), **columns)


def test_items_keep_k_rows_and_groups_are_of_one_size(made):
    # 10 users x 20 items; 0.3 of 20 items are 6: two for each k. A group tests 2 x (10 - k) rows
    dataset = grid(made, 10, 20)

    split = splits.k_shot_items(dataset, shots=(0, 1, 4), share=0.3)

    trained = np.bincount(dataset.item_rows[split.train], minlength=21)
    for k in (0, 1, 4):
        rows = split.test[f"items_{k}"]
        assert len(rows) == 2 * (10 - k)
        assert set(trained[dataset.item_rows[rows]].tolist()) == {k}
    assert len(split.train) == 14 * 10 + 2 * (0 + 1 + 4)


def test_earliest_rows_of_an_item_are_kept(made):
    # u9 was always first, then u8, ...
    dataset = grid(made, 10, 20, timestamp=[50 - user for user in range(10) for _ in range(20)])

    split = splits.k_shot_items(dataset, shots=(2,), share=0.3)

    held = np.unique(dataset.item_rows[split.test["items_2"]])
    kept = split.train[np.isin(dataset.item_rows[split.train], held)]
    assert len(held) == 6
    assert set(dataset.user_ids.ids_of(dataset.user_rows[kept])) == {"u9", "u8"}


def test_items_with_few_rows_or_no_words_are_not_dealt(made):
    # i0..i4 have three rows, i5 and i6 one, i7 three but no words
    pairs = [f"u{user} i{item}" for item in (0, 1, 2, 3, 4, 7) for user in range(3)] + ["u0 i5", "u1 i6"]
    dataset = made(*pairs, words=[f"i{item}" for item in range(7)])

    for seed in range(5):
        split = splits.k_shot_items(dataset, shots=(0, 2), share=0.8, seed=seed)
        tested = np.concatenate([split.test["items_0"], split.test["items_2"]])
        assert set(dataset.item_ids.ids_of(dataset.item_rows[tested])) <= {"i0", "i1", "i2", "i3", "i4"}


def test_users_reveal_k_rows_and_train_on_none(made):
    dataset = grid(made, 20, 10, timestamp=[item for _ in range(20) for item in range(10)])

    split = splits.k_shot_users(dataset, shots=(0, 1, 4), share=0.3)

    shown = np.bincount(dataset.user_rows[split.revealed], minlength=21)
    for k in (0, 1, 4):
        rows = split.test[f"users_{k}"]
        assert len(rows) == 2 * (10 - k)
        assert set(shown[dataset.user_rows[rows]].tolist()) == {k}
        assert not split.warm_users[dataset.user_rows[rows]].any()
    assert set(dataset.item_ids.ids_of(dataset.item_rows[split.revealed])) == {"i0", "i1", "i2", "i3"}


def test_user_who_has_too_few_known_items_is_left_out(made):
    # everybody has two items of their own and one that all share; with two to reveal, nobody has anything left
    pairs = [f"u{user} {item}" for user in range(10) for item in (f"x{user}", f"y{user}", "shared")]

    split = splits.k_shot_users(made(*pairs), shots=(0, 2), share=0.4)

    assert len(split.test["users_0"]) == 2  # the shared item of both users
    assert len(split.test["users_2"]) == 0
    assert len(split.revealed) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shots": (1, 1)}, r"none twice; received \[1, 1\]"),
        ({"shots": ()}, r"at least one number .*received \[\]"),
        ({"shots": (-1,)}, "`shots` must be a whole number of at least 0; received -1"),
        ({"shots": (0, 16)}, "with more than 16 rows .* there are 0"),
        ({"shots": (0, 1, 2), "share": 0.1}, "to each of 3 shots; 0.1 of 10 is 1. Raise `share`"),
    ],
)
@pytest.mark.parametrize("protocol", [splits.k_shot_items, splits.k_shot_users])
def test_bad_arguments_are_refused(made, protocol, arguments, said):
    with pytest.raises(InputError, match=said):
        protocol(grid(made, 10, 10), **arguments)
