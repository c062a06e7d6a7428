import numpy as np
import pandas as pd
import pytest

from tfcold.data.ids import IdMap, as_ids
from tfcold.errors import InputError


@pytest.mark.parametrize(
    "column",
    [
        [12, 7, 12],
        np.array([12, 7, 12], np.int32),
        pd.Series([12.0, 7.0, 12.0]),
        pd.Series([12, 7, 12], dtype="Int64"),
        pd.Series(["12", "7", "12"]),
        pd.Series(["12", "7", "12"], dtype=object),
        pd.Series(["12", "7", "12"], dtype="string"),
        pd.Series(["12", "7", "12"], dtype="category"),
        pd.Series([12, 7, 12], dtype="category"),
        [b"12", "7", 12.0],
    ],
)
def test_as_ids_is_the_same_string_for_every_way_of_writing_a_number(column):
    strings, missing = as_ids(column)

    assert strings.dtype == object
    assert [type(value) for value in strings] == [str, str, str]
    assert strings.tolist() == ["12", "7", "12"]
    assert not missing.any()


def test_as_ids_keeps_strings_as_they_are():
    strings, _ = as_ids(["007", " a ", "NA", "12.0", "ü"])

    assert strings.tolist() == ["007", " a ", "NA", "12.0", "ü"]


@pytest.mark.parametrize(
    "column",
    [
        [1, None, 2],
        pd.Series([1.0, np.nan, 2.0]),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series(["1", None, "2"]),
        pd.Series(["1", "", "2"]),
        pd.Series(["1", pd.NA, "2"], dtype="string"),
        pd.Series(["1", pd.NaT, "2"], dtype=object),
        pd.Series(["1", None, "2"], dtype="category"),
    ],
)
def test_as_ids_marks_what_is_missing(column):
    strings, missing = as_ids(column)

    assert strings.tolist() == ["1", "", "2"]
    assert missing.tolist() == [False, True, False]


def test_as_ids_refuses_a_single_string():
    with pytest.raises(TypeError, match="single id 'u1'"):
        as_ids("u1")


def test_rows_count_from_one_and_unknown_is_zero():
    items = IdMap(["b", "a", "c"])

    rows = items.rows(["c", "zzz", "b", None])

    assert len(items) == 3
    assert rows.dtype == np.int32
    assert rows.tolist() == [3, 0, 1, 0]
    assert items.rows([]).tolist() == []
    assert "a" in items
    assert "zzz" not in items


def test_ids_of_undoes_rows_in_any_shape():
    items = IdMap([10, 20])

    assert items.ids_of(np.array([[2, 0], [1, 2]])).tolist() == [["20", ""], ["10", "20"]]
    assert items.ids_of(np.empty((0, 4), np.int32)).shape == (0, 4)


@pytest.mark.parametrize("rows", [[3], [-1], [0.5]])
def test_ids_of_refuses_rows_it_has_not(rows):
    with pytest.raises(InputError, match=rf"0\.\.2; .*{rows[0]}"):
        IdMap(["a", "b"]).ids_of(rows)


def test_id_twice_is_refused():
    with pytest.raises(InputError, match="2 of 5 stand there a second time: '1', 'a'"):
        IdMap(["1", "a", 1, "a", "b"])


def test_missing_id_is_refused():
    with pytest.raises(InputError, match="1 of 2 are empty, at 1"):
        IdMap(["a", None])


def test_extended_keeps_rows_and_adds_in_order_of_first_mention():
    before = IdMap(["b", "a"])

    after = before.extended(["z", "a", "y", "z"])

    assert after.ids.tolist() == ["b", "a", "z", "y"]
    assert before.ids.tolist() == ["b", "a"]


def test_map_cannot_be_changed_and_is_no_view_of_its_input():
    given = np.array(["a", "b"], dtype=object)
    items = IdMap(given)
    given[0] = "changed"

    assert items.ids.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        items.ids[0] = "x"


def test_maps_are_equal_by_their_ids():
    assert IdMap(["a", "b"]) == IdMap(["a", "b"])
    assert IdMap(["a", "b"]) != IdMap(["b", "a"])
