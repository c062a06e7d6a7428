import pandas as pd
import pytest

from tfcold import splits
from tfcold.data import Interactions
from tfcold.errors import InputError, LeakageError


def frame(*pairs):
    return pd.DataFrame([pair.split() for pair in pairs], columns=["user_id", "item_id"])


def test_rows_follow_each_other_and_regimes_come_from_training(made):
    dataset = made("u1 a", "u2 b", words=["a", "b", "c"])

    split = splits.given(
        dataset,
        validation=frame("u1 b", "u1 c"),
        test=Interactions.from_frame(frame("u2 a", "u1 d", "new b", "new c")),
    )

    assert split.train.tolist() == [0, 1]
    assert {regime: rows.tolist() for regime, rows in split.validation.items()} == {
        "warm": [2],
        "cold_item": [3],
        "cold_user": [],
        "cold_both": [],
    }
    assert {regime: rows.tolist() for regime, rows in split.test.items()} == {
        "warm": [4],
        "cold_item": [5],
        "cold_user": [6],
        "cold_both": [7],
    }
    assert len(split.dataset) == 8
    assert split.dataset.item_ids.ids.tolist() == ["a", "b", "c", "d"]
    assert split.dataset.user_ids.ids.tolist() == ["u1", "u2", "new"]
    assert split.dataset.interactions.frame["user_id"].tolist()[6:] == ["new", "new"]


def test_nothing_held_out_is_the_dataset(made):
    dataset = made("u1 a", "u2 b")

    split = splits.given(dataset)

    assert split.dataset is dataset
    assert split.train.tolist() == [0, 1]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_row_that_was_trained_on_is_refused(made, part):
    with pytest.raises(LeakageError, match=rf"train and {part}\['warm'\]\): user 'u2' and item 'b' \(row 3\)"):
        splits.given(made("u1 a", "u2 b", "u1 b"), **{part: frame("u2 b", "u2 a")})


def test_row_of_validation_and_test_is_refused(made):
    with pytest.raises(LeakageError, match=r"validation\['cold_item'\] and test\['cold_item'\]"):
        splits.given(made("u1 a"), validation=frame("u1 z"), test=frame("u1 z"))


def test_errors_name_the_argument(made):
    with pytest.raises(InputError, match="`validation` must have columns user_id, item_id"):
        splits.given(made("u1 a"), validation=pd.DataFrame({"user_id": ["u1"]}))


def test_fingerprint_depends_on_the_held_out_rows(made):
    dataset = made("u1 a", "u2 b")

    first = splits.given(dataset, test=frame("u1 b")).fingerprint

    assert first == splits.given(dataset, test=frame("u1 b")).fingerprint
    assert first != splits.given(dataset, test=frame("u2 a")).fingerprint
