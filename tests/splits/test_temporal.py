import pytest

from tfcold import splits
from tfcold.errors import InputError


def rows(split):
    held = [sorted(row for part in by.values() for row in part.tolist()) for by in (split.validation, split.test)]
    return [split.train.tolist(), *held]


def test_latest_rows_are_the_test(made):
    # at times 10, 9, ..., 1: the last 20 % are rows 0 and 1, the 20 % before them rows 2 and 3
    dataset = made(
        *(f"u{n % 2} i{n % 3}" for n in range(6)), *(f"u{n} i0" for n in range(2, 6)), timestamp=range(10, 0, -1)
    )

    split = splits.temporal(dataset, test=0.2, validation=0.2)

    assert rows(split) == [[4, 5, 6, 7, 8, 9], [2, 3], [0, 1]]
    assert split.parameters == {"test": 0.2, "validation": 0.2, "validation_from": 7.0, "test_from": 9.0}
    assert split.seed is None


def test_ties_at_the_cut_stay_together(made):
    # times 1 2 3 4 5 5 5 5 5 10. A test of 30 % would cut inside the fives: cuts are possible before 4 and after 9
    # rows; 7 rows are wanted before it, 9 is nearer
    pairs = [f"u{n} a" for n in range(10)]
    dataset = made(*pairs, timestamp=[1, 2, 3, 4, 5, 5, 5, 5, 5, 10])

    assert rows(splits.temporal(dataset, test=0.3, validation=0)) == [list(range(9)), [], [9]]
    assert rows(splits.temporal(dataset, test=0.4, validation=0)) == [list(range(4)), [], list(range(4, 10))]
    # and between validation and test: before 4 rows for validation, before 9 for the test
    assert rows(splits.temporal(dataset, test=0.1, validation=0.4)) == [[0, 1, 2, 3], [4, 5, 6, 7, 8], [9]]


def test_each_part_keeps_a_moment_however_few_there_are(made):
    dataset = made("u1 a", "u1 b", "u2 a", "u2 b", timestamp=[1, 2, 3, 3])

    assert rows(splits.temporal(dataset, test=0.01, validation=0.01)) == [[0], [1], [2, 3]]


def test_new_items_and_users_are_cold(made):
    dataset = made("u1 a", "u2 b", "u1 b", "u1 new", "u9 a", "u9 new", timestamp=[1, 2, 3, 3, 3, 3])

    split = splits.temporal(dataset, test=0.6, validation=0)

    assert {regime: part.tolist() for regime, part in split.test.items()} == {
        "warm": [2],
        "cold_item": [3],
        "cold_user": [4],
        "cold_both": [5],
    }


def test_no_timestamps_are_refused(made):
    with pytest.raises(InputError, match="must have a timestamp in every interaction"):
        splits.temporal(made("u1 a", "u1 b"))


def test_too_few_moments_are_refused(made):
    dataset = made("u1 a", "u1 b", "u2 a", timestamp=[1, 2, 2])

    with pytest.raises(InputError, match="more than 2 distinct timestamps to cut it 2 times; it has 2"):
        splits.temporal(dataset)
