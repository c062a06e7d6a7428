import datetime

import numpy as np
import pandas as pd
import pytest

from tfcold.data.tables import Interactions, Items, Users
from tfcold.errors import InputError


def interactions(**columns):
    return pd.DataFrame({"user_id": ["u1", "u2", "u1"], "item_id": ["a", "b", "b"], **columns})


def test_interactions_are_strings_and_floats_with_a_fresh_index():
    frame = pd.DataFrame(
        {"timestamp": [5, 6], "item_id": [1, 2], "user_id": [10.0, 11.0], "rating": ["3", "4.5"]}, index=[7, 7]
    )

    table = Interactions.from_frame(frame).frame

    assert list(table.columns) == ["user_id", "item_id", "rating", "timestamp"]
    assert table.to_dict("list") == {
        "user_id": ["10", "11"],
        "item_id": ["1", "2"],
        "rating": [3.0, 4.5],
        "timestamp": [5.0, 6.0],
    }
    assert table.index.tolist() == [0, 1]
    assert table["user_id"].dtype == object


def test_interactions_without_rating_and_timestamp():
    table = Interactions.from_frame(interactions())

    assert list(table.frame.columns) == ["user_id", "item_id"]
    assert len(table) == 3
    assert table.report.counts["users"] == 2


def test_last_row_of_a_pair_stays_by_place_without_timestamps():
    frame = pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["a", "b", "a"], "rating": [1, 2, 3]})

    table = Interactions.from_frame(frame)

    assert table.frame["item_id"].tolist() == ["b", "a"]
    assert table.frame["rating"].tolist() == [2, 3]
    assert table.report.counts["repeated_pairs"] == 1
    assert "1 rows repeat a pair" in str(table.report)


def test_last_row_of_a_pair_stays_by_timestamp_and_ties_by_place():
    # (u, a) at 9, 5, 9: the third row; (u, b) at 2, 1: the fourth
    frame = pd.DataFrame(
        {
            "user_id": ["u"] * 5,
            "item_id": ["a", "a", "a", "b", "b"],
            "timestamp": [9, 5, 9, 2, 1],
            "rating": [1, 2, 3, 4, 5],
        }
    )

    assert Interactions.from_frame(frame).frame["rating"].tolist() == [3, 4]


def test_weights_of_a_pair_add_up():
    frame = pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["a", "b", "a"], "weight": [1.5, 2, "3"]})

    table = Interactions.from_frame(frame)

    assert table.frame.to_dict("list") == {"user_id": ["u", "u"], "item_id": ["b", "a"], "weight": [2.0, 4.5]}
    assert table.report.counts["columns_left_out"] == 0
    assert "a pair weighs what all its rows do: weight" in str(table.report)


@pytest.mark.parametrize("name", ["plays", "count", "quantity", "views", "clicks"])
def test_how_often_is_a_weight_by_another_name(name):
    table = Interactions.from_frame(interactions(**{name: pd.array([7, 8, 0], "Int64"), "page": [1, 1, 1]}))

    assert table.frame["weight"].tolist() == [7, 8, 0]
    assert f"{name} is read as weight" in str(table.report)
    assert "1 rows weigh 0 or less" in str(table.report)
    assert table.report.counts["columns_left_out"] == 1


def test_the_column_weight_comes_first():
    table = Interactions.from_frame(interactions(plays=[7, 8, 9], weight=[1, 2, 3]))

    assert table.frame["weight"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "cells",
    [["1,000", "2", "3"], [1, None, 3], [[1], [2], [3]], pd.to_datetime(["2020-01-01"] * 3), [1, float("inf"), 2]],
    ids=["text", "null", "lists", "dates", "infinite"],
)
def test_other_names_that_hold_no_numbers_are_left_out(cells):
    table = Interactions.from_frame(interactions(plays=cells, views=[7, 8, 9]))

    assert table.frame["weight"].tolist() == [7, 8, 9]
    assert "plays is left out: not every cell is a finite number" in str(table.report)
    assert "weight" not in Interactions.from_frame(interactions(plays=cells)).frame


def test_repeated_rows_weigh_as_many_as_they_are_but_for_ratings_given_again():
    frame = pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["a", "b", "a"]})

    table = Interactions.from_frame(frame)
    assert table.frame["weight"].tolist() == [1, 2]
    assert "a pair weighs what all its rows do: one each" in str(table.report)
    assert "weight" not in Interactions.from_frame(frame.assign(rating=[1, 2, 3])).frame
    assert "weight" not in Interactions.from_frame(frame[:2]).frame


def test_equal_weights_say_nothing():
    assert "weight" not in Interactions.from_frame(interactions(count=[1, 1, 1], rating=[1, 5, 2])).frame


def test_bad_weight_is_refused():
    with pytest.raises(InputError, match="finite number in every cell of weight; 1 of 3 do not: 'many'"):
        Interactions.from_frame(interactions(weight=["1", "many", "3"]))


def test_low_ratings_go_after_the_last_of_a_pair_was_chosen():
    # the user's last word on `a` is 2, so the earlier 5 does not count
    frame = pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["a", "a", "b"], "rating": [5, 2, 4]})

    table = Interactions.from_frame(frame, min_rating=4)

    assert table.frame["item_id"].tolist() == ["b"]
    assert table.report.counts["rated_too_low"] == 1


def test_all_ratings_too_low():
    with pytest.raises(InputError, match="none of 3 has a rating of 4"):
        Interactions.from_frame(interactions(rating=[1, 2, 3]), min_rating=4)


@pytest.mark.parametrize(
    ("timestamps", "seconds"),
    [
        ([1, 2, 3], [1, 2, 3]),
        (["1", "2.5", "3"], [1, 2.5, 3]),
        (["1970-01-01", "1970-01-02T00:00:01", "1970-01-01T01:00:00+01:00"], [0, 86401, 0]),
        (pd.to_datetime(["1970-01-01T00:00:00.0", "1970-01-02T00:00:00.0", "1970-01-01T00:00:00.5"]), [0, 86400, 0.5]),
        (pd.to_datetime(["1970-01-01", "1970-01-02", "1970-01-03"]).tz_localize("Etc/GMT-1"), [-3600, 82800, 169200]),
        ([datetime.date(1970, 1, 1), datetime.datetime(1970, 1, 1, 1), pd.Timestamp("1970-01-02")], [0, 3600, 86400]),
    ],
)
def test_timestamps_become_seconds(timestamps, seconds):
    table = Interactions.from_frame(interactions(timestamp=timestamps)).frame

    assert table["timestamp"].dtype == np.float64
    assert table["timestamp"].tolist() == seconds


@pytest.mark.parametrize(
    ("timestamps", "said"),
    [
        (["1970-01-01", "soon", "later"], "2 of 3 do not: 'soon', 'later' at rows 1, 2"),
        ([1.0, np.nan, 3.0], "1 of 3 do not: nan at rows 1"),
        ([1.0, np.inf, 3.0], "1 of 3 do not: inf at rows 1"),
        (["1", "2", "1970-01-01"], "'1970-01-01' at rows 2"),  # numbers and dates do not mix
    ],
)
def test_bad_timestamps_are_refused(timestamps, said):
    with pytest.raises(InputError, match=f"`interactions` .* of timestamp; .*{said}"):
        Interactions.from_frame(interactions(timestamp=timestamps))


def test_bad_rating_is_refused():
    with pytest.raises(InputError, match="finite number in every cell of rating; 1 of 3 do not: 'good'"):
        Interactions.from_frame(interactions(rating=["1", "good", "3"]))


def test_rating_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"every rating in 1\.\.5; 2 of 3 are not: 0.5, 6.0 at rows 0, 2"):
        Interactions.from_frame(interactions(rating=[0.5, 5, 6]), rating_range=(1, 5))


def test_rating_range_without_ratings_is_refused():
    with pytest.raises(InputError, match="must have a column rating"):
        Interactions.from_frame(interactions(), rating_range=(1, 5))


def test_missing_column_is_named_with_what_is_there():
    with pytest.raises(
        InputError, match=r"`clicks` must have columns .*item_id is missing, there are 'user_id', 'item'"
    ):
        Interactions.from_frame(pd.DataFrame({"user_id": [1], "item": [2]}), argument="clicks")


def test_column_twice_is_refused():
    with pytest.raises(InputError, match="twice or more: 'item_id'"):
        Items.from_frame(pd.DataFrame([["a", "b"]], columns=["item_id", "item_id"]))


def test_missing_ids_are_counted_and_placed():
    frame = pd.DataFrame({"user_id": ["u", None, "u", "", np.nan, None], "item_id": list("abcdef")})

    with pytest.raises(InputError, match=r"user_id in every row; 4 of 6 rows have none, at rows 1, 3, 4, \.\.\."):
        Interactions.from_frame(frame)


@pytest.mark.parametrize("table", [Interactions, Items, Users])
def test_no_rows_are_refused(table):
    with pytest.raises(InputError, match="received 0 rows"):
        table.from_frame(pd.DataFrame({"user_id": [], "item_id": []}))


def test_no_frame_is_refused():
    with pytest.raises(TypeError, match="DataFrame; received list"):
        Items.from_frame([1])


def test_columns_without_meaning_are_left_out_and_told():
    table = Interactions.from_frame(interactions(device=["a", "b", "c"]))

    assert "device" not in table.frame.columns
    assert "'device'" in str(table.report)


def test_items_keep_order_columns_and_cells():
    frame = pd.DataFrame({"title": ["Heat", None], "item_id": [2, 1], "year": [1995, 1996]}, index=[5, 6])

    items = Items.from_frame(frame)

    assert list(items.frame.columns) == ["item_id", "title", "year"]
    assert items.frame["item_id"].tolist() == ["2", "1"]
    assert items.frame["year"].tolist() == [1995, 1996]
    assert items.frame.index.tolist() == [0, 1]
    assert list(frame.columns) == ["title", "item_id", "year"]  # the caller's frame is not touched
    assert frame["item_id"].tolist() == [2, 1]


def test_items_without_words_are_counted():
    # rows 1 and 3 have no words at all; a year is no word
    frame = pd.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Heat", "  ", "", None],
            "tags": [["x"], [], ["y"], None],
            "year": [1, 2, 3, 4],
        }
    )

    report = Items.from_frame(frame).report

    assert report.counts["rows_without_words"] == 2
    assert report.counts["empty_title"] == 3
    assert report.counts["empty_tags"] == 2
    assert any("'b', 'd'" in line for line in report.lines())
    assert report.to_dict()["counts"]["rows"] == 4


def test_id_twice_is_refused_also_when_written_differently():
    with pytest.raises(InputError, match=r"`items` .*1 ids stand in several rows: '7'"):
        Items.from_frame(pd.DataFrame({"item_id": ["7", 7, "8", 7.0]}))


def test_users_are_checked_like_items():
    users = Users.from_frame(pd.DataFrame({"user_id": [3, 1], "about": ["x", "y"]}))

    assert users.frame["user_id"].tolist() == ["3", "1"]
    with pytest.raises(InputError, match="`users` must have one row for each user_id"):
        Users.from_frame(pd.DataFrame({"user_id": [3, 3]}))
