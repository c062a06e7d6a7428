import numpy as np
import pytest

from tfcold.errors import InputError, LeakageError
from tfcold.splits import Split, regime_of
from tfcold.splits.split import by_regime

# positions:  0       1       2       3       4       5
PAIRS = ("u1 a", "u1 b", "u2 a", "u2 c", "u3 a", "u3 c")


@pytest.fixture
def dataset(made):
    return made(*PAIRS)


def test_regime_of_asks_both_sides():
    assert regime_of([True, True, False, False], [True, False, True, False]).tolist() == [
        "warm",
        "cold_item",
        "cold_user",
        "cold_both",
    ]


def test_by_regime_deals_rows_by_training(dataset):
    # training knows u1, u2, a, b; so u2-c is of a cold item, u3-a of a cold user, u3-c of both
    held = by_regime(dataset, np.array([0, 1, 2]), np.array([3, 4, 5]))

    assert {regime: rows.tolist() for regime, rows in held.items()} == {
        "warm": [],
        "cold_item": [3],
        "cold_user": [4],
        "cold_both": [5],
    }


def test_split_sorts_and_fills_in_the_regimes(dataset):
    split = Split(dataset, np.array([2, 0, 1]), test={"cold_item": np.array([3])})

    assert split.train.tolist() == [0, 1, 2]
    assert list(split.test) == list(split.validation) == ["warm", "cold_item", "cold_user", "cold_both"]
    assert split.warm_users.tolist() == [False, True, True, False]  # u1 u2 u3
    assert split.warm_items.tolist() == [False, True, True, False]  # a b c
    with pytest.raises(ValueError, match="read-only"):
        split.train[0] = 5


def test_matrices_hold_what_their_names_say(dataset):
    # u1: a, b trained. u2: a validated as warm... needs a training row of u2, which is c
    split = Split(
        dataset,
        np.array([0, 1, 3]),
        validation={"warm": np.array([2])},
        revealed=np.array([4]),
        test={"cold_user": [5]},
    )

    def cells(matrix):
        return sorted((int(u), int(i)) for u, i in zip(*matrix.nonzero(), strict=True))

    assert cells(split.train_matrix()) == [(1, 1), (1, 2), (2, 3)]
    assert cells(split.history_matrix()) == [(1, 1), (1, 2), (2, 3), (3, 1)]
    assert cells(split.seen_matrix(include_validation=False)) == [(1, 1), (1, 2), (2, 3), (3, 1)]
    assert cells(split.seen_matrix(include_validation=True)) == [(1, 1), (1, 2), (2, 1), (2, 3), (3, 1)]


def test_training_rows_of_a_weighed_split_count_by_their_weight(made):
    dataset = made(*PAIRS, weight=[3.0, 9, 1, 1, 5, 5])
    split = Split(dataset, np.array([0, 1, 2, 3]), revealed=np.array([4]))
    weighed = split.weighed(0.5)

    assert split.has_weights
    assert not Split(dataset, np.array([2, 3, 4])).has_weights  # u2 has two rows of weight 1, u3 one row
    assert split.train_matrix().data.tolist() == [1, 1, 1, 1]
    assert weighed.train_matrix().toarray()[1:3].tolist() == [[0, 0.75, 1.25, 0], [0, 1, 0, 1]]
    assert weighed.history_matrix().toarray()[3].tolist() == [0, 1, 0, 0]
    assert weighed.history_matrix()[1].data.tolist() == [0.75, 1.25]
    assert split.weighed(0.0) is split
    heavier = Split(made(*PAIRS, weight=[4.0, 9, 1, 1, 5, 5]), np.array([0, 1, 2, 3]), revealed=np.array([4]))
    assert split.fingerprint == weighed.fingerprint == heavier.fingerprint


def test_description_counts_by_part(dataset):
    split = Split(dataset, np.array([0, 1, 2]), test={"cold_item": np.array([3])})

    assert split.describe().to_dict("split")["data"] == [
        ["train", "", 3, 2, 2, 0.5],
        ["test", "cold_item", 1, 1, 1, 1 / 6],
        ["unused", "", 2, 1, 2, 2 / 6],
    ]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"train": [0, 1, 2], "test": {"warm": [2]}}, r"1 stand in two \(train and test\['warm'\]\): user 'u2' .*'a'"),
        (
            {"train": [0, 1, 2, 3], "validation": {"cold_user": [4]}, "test": {"cold_user": [4]}},
            r"validation\['cold_user'\] and test\['cold_user'\]",
        ),
        ({"train": [0, 1, 2, 3], "revealed": [4], "test": {"cold_user": [4, 5]}}, r"\(revealed and test"),
        ({"train": [0, 1, 2], "test": {"warm": [3]}}, r"test\['warm'\] must be of a user and an item .*1 of 1 .*'c'"),
        ({"train": [0, 2, 3], "test": {"cold_item": [1, 5]}}, r"1 of 2 are not: user 'u3' and item 'c' \(row 5\)"),
        ({"train": [0, 2, 3, 4], "test": {"cold_user": [5]}}, r"a user without any; 1 of 1 are not: user 'u3'"),
        (
            {"train": [0, 1, 2], "test": {"cold_both": [4, 5]}},
            r"without any training row; 1 of 2 .* item 'a' \(row 4\)",
        ),
        ({"train": [0, 1, 2], "revealed": [5]}, "of revealed must be .* an item with some; 1 of 1 .*'u3' and item 'c'"),
        ({"train": [0, 1, 3], "revealed": [2]}, "of revealed must be of a user without .*; 1 of 1 .*'u2'"),
        ({"train": [0, 1, 2], "test": {"items_1": [3]}}, "exactly 1 training rows .*1 of 1"),
        ({"train": [0, 2, 3], "test": {"items_2": [4]}}, "and a user with some; 1 of 1 are not: user 'u3'"),
        ({"train": [0, 1, 2, 3], "test": {"users_1": [4]}}, "exactly 1 revealed ones, .*1 of 1 .*'u3'"),
    ],
)
def test_leak_is_refused_with_count_and_example(dataset, parts, said):
    with pytest.raises(LeakageError, match=said):
        Split(dataset, **parts)


def test_leak_lists_three_examples_at_most(made):
    dataset = made(*(f"u{n} a" for n in range(5)))

    with pytest.raises(LeakageError, match=r"4 of 4 .*'u1'.*'u2'.*'u3'.*, \.\.\.") as caught:
        Split(dataset, [0], test={"warm": [1, 2, 3, 4]})

    assert "'u4'" not in str(caught.value)


def test_time_must_not_run_backwards(made):
    dataset = made("u1 a", "u1 b", "u2 a", "u2 b", timestamp=[1, 2, 3, 2])

    Split(dataset, [0, 1, 3], test={"warm": [2]}, protocol="temporal")
    # u2-b happened at 2, as the last of training did
    with pytest.raises(
        LeakageError, match=r"every row of test must be later than all of train, which ends at 3\.0; 1 of 1"
    ):
        Split(dataset, [0, 1, 2], test={"warm": [3]}, protocol="temporal")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"train": []}, "at least one row of 6"),
        ({"train": [0, 6]}, r"`train` must hold positions in 0\.\.5; received 0\.\.6"),
        ({"train": [0, -1]}, r"received -1\.\.0"),
        ({"train": [0.5]}, r"`train` must be int \[\*\]; received float64"),
        ({"train": [0, 1, 2], "test": {"lukewarm": [3]}}, "test\\['lukewarm'\\] must be called warm"),
    ],
)
def test_bad_positions_are_refused(dataset, parts, said):
    with pytest.raises(InputError, match=said):
        Split(dataset, **parts)


def test_fingerprint_moves_with_everything_it_is_made_of(made):
    def fingerprint(pairs=PAIRS, train=(0, 1, 2), seed=1, protocol="custom", times=range(6), **parameters):
        dataset = made(*pairs, timestamp=list(times))
        return Split(dataset, list(train), seed=seed, protocol=protocol, parameters=parameters).fingerprint

    first = fingerprint()
    others = [
        fingerprint(pairs=("u9 a", *PAIRS[1:])),
        fingerprint(pairs=(*PAIRS[:5], "u3 b")),
        fingerprint(times=[5, 4, 3, 2, 1, 0]),
        fingerprint(train=(0, 1, 3)),
        fingerprint(seed=2),
        fingerprint(protocol="other"),
        fingerprint(share=0.1),
    ]

    assert first == fingerprint()
    assert len(first) == 64
    assert len({first, *others}) == 8


def test_fingerprint_tells_parts_apart(dataset):
    validated = Split(dataset, [0, 1, 2], validation={"cold_item": [3]}).fingerprint
    tested = Split(dataset, [0, 1, 2], test={"cold_item": [3]}).fingerprint

    assert validated != tested


def test_confidences_that_do_not_fit_are_refused(dataset):
    with pytest.raises(InputError, match=r"one number for each of 6 interactions; its shape is \(3,\)"):
        Split(dataset, np.array([0, 1, 2]), confidences=np.ones(3, np.float32))
