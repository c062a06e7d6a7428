import numpy as np
import pandas as pd
import pytest

from tfcold.data.dataset import Dataset
from tfcold.data.tables import Interactions
from tfcold.errors import InputError

INTERACTIONS = pd.DataFrame({"user_id": ["u9", "u2", "u9", "u1"], "item_id": ["b", "a", "zz", "yy"]})
ITEMS = pd.DataFrame({"item_id": ["c", "b", "a"], "title": ["See", "Bee", ""]})
USERS = pd.DataFrame({"user_id": ["u5", "u2"], "about": ["x", "y"]})


def test_table_comes_first_in_its_order_then_the_others_sorted():
    dataset = Dataset.from_tables(INTERACTIONS, ITEMS, USERS)

    assert dataset.item_ids.ids.tolist() == ["c", "b", "a", "yy", "zz"]
    assert dataset.user_ids.ids.tolist() == ["u5", "u2", "u1", "u9"]
    assert dataset.item_rows.tolist() == [2, 3, 5, 4]
    assert dataset.user_rows.tolist() == [4, 2, 4, 3]
    assert dataset.item_rows.dtype == np.int32


def test_users_without_a_table_are_sorted():
    assert Dataset.from_tables(INTERACTIONS, ITEMS).user_ids.ids.tolist() == ["u1", "u2", "u9"]


def test_item_nobody_touched_has_its_row():
    dataset = Dataset.from_tables(INTERACTIONS, ITEMS, USERS)

    assert dataset.num_items == 5
    assert dataset.matrix().shape == (5, 6)
    assert dataset.report.counts["items_without_interactions"] == 1  # c
    assert dataset.report.counts["users_without_interactions"] == 1  # u5


def test_items_without_words_are_kept_and_counted():
    dataset = Dataset.from_tables(INTERACTIONS, ITEMS, USERS)

    assert len(dataset) == 4
    assert dataset.report.counts["items_not_in_table"] == 2
    assert dataset.report.counts["interactions_of_items_not_in_table"] == 2
    assert "2 items of the interactions have no row in `items`, so no words: 'yy', 'zz'" in str(dataset.report)
    assert dataset.described_items.tolist() == [False, True, True, True, False, False]
    assert dataset.described_users.tolist() == [False, True, True, False, False]


def test_report_suspects_ids_when_none_match():
    dataset = Dataset.from_tables(INTERACTIONS, pd.DataFrame({"item_id": ["A", "B"], "title": ["x", "y"]}))

    assert "are they written alike?" in str(dataset.report)
    assert "are they written alike?" not in str(Dataset.from_tables(INTERACTIONS, ITEMS).report)


def test_report_holds_those_of_the_tables():
    report = Dataset.from_tables(INTERACTIONS, ITEMS, USERS).report

    assert [table["table"] for table in report.to_dict()["tables"]] == ["interactions", "items", "users"]
    assert any("rows have no words in any column: 'a'" in line for line in report.lines())


def test_matrix_has_ones_at_the_rows_asked_for():
    dataset = Dataset.from_tables(INTERACTIONS, ITEMS)

    matrix = dataset.matrix(np.array([0, 2, 0]))  # u9 (row 3) did b (2) and zz (5); asked twice, still 1

    assert matrix.dtype == np.float32
    assert {(int(u), int(i)) for u, i in zip(*matrix.nonzero(), strict=True)} == {(3, 2), (3, 5)}
    assert matrix.data.tolist() == [1, 1]
    assert dataset.matrix(np.empty(0, np.int64)).nnz == 0


def test_matrix_refuses_a_position_outside():
    with pytest.raises(InputError, match=r"0\.\.3; received 4"):
        Dataset.from_tables(INTERACTIONS, ITEMS).matrix(np.array([1, 4]))


def test_timestamps_are_those_of_the_interactions():
    assert Dataset.from_tables(INTERACTIONS, ITEMS).timestamps is None
    dated = Dataset.from_tables(INTERACTIONS.assign(timestamp=[4, 3, 2, 1]), ITEMS)

    assert dated.timestamps.tolist() == [4, 3, 2, 1]


def test_schema_counts_ids():
    schema = Dataset.from_tables(INTERACTIONS, ITEMS, USERS).schema({"text": 8})

    assert (schema.num_users, schema.num_items, dict(schema.item_vectors)) == (4, 5, {"text": 8})


def test_with_rows_appends_and_keeps_every_row_where_it_was():
    dataset = Dataset.from_tables(INTERACTIONS.assign(timestamp=[1, 2, 3, 4]), ITEMS)
    more = Interactions.from_frame(pd.DataFrame({"user_id": ["new", "u1"], "item_id": ["c", "aa"], "rating": [1, 2]}))

    longer = dataset.with_rows([more.frame])

    assert longer.user_rows.tolist() == [*dataset.user_rows.tolist(), 4, 1]
    assert longer.item_rows.tolist() == [*dataset.item_rows.tolist(), 1, 6]
    assert longer.item_ids.ids.tolist() == [*dataset.item_ids.ids.tolist(), "aa"]
    assert list(longer.interactions.frame.columns) == ["user_id", "item_id", "timestamp"]
    assert np.isnan(longer.timestamps[4:]).all()
    assert longer.report.counts["interactions"] == 6
    assert len(dataset) == 4


def test_rank_of_weights_is_among_those_of_the_user():
    pairs = {"user_id": ["u", "u", "u", "v", "v", "w"], "item_id": ["a", "b", "c", "a", "b", "c"]}
    dataset = Dataset.from_tables(pd.DataFrame(pairs).assign(plays=[900, 2, 2, 1, 3, 5]), ITEMS)

    np.testing.assert_allclose(dataset.weight_ranks(np.arange(6)), [2 / 3, -1 / 3, -1 / 3, -0.5, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(dataset.weight_ranks(np.array([0, 1, 3])), [0.5, -0.5, 0], rtol=1e-6)


def test_a_rating_weighs_where_there_is_no_weight_and_an_unknown_one_is_in_the_middle():
    rated = Dataset.from_tables(INTERACTIONS.assign(rating=[1, 2, 3, 4]), ITEMS)
    assert rated.weights.tolist() == [1, 2, 3, 4]
    assert Dataset.from_tables(
        INTERACTIONS.assign(rating=[1, 2, 3, 4], weight=[4, 3, 2, 1]), ITEMS
    ).weights.tolist() == [4, 3, 2, 1]
    unweighed = Dataset.from_tables(INTERACTIONS, ITEMS)
    assert unweighed.weights is None
    assert not unweighed.weight_ranks(np.arange(4)).any()
    longer = rated.with_rows([pd.DataFrame({"user_id": ["new", "new"], "item_id": ["c", "aa"]})])
    assert longer.weight_ranks(np.array([4, 5])).tolist() == [0, 0]


def test_matrix_of_given_cells():
    dataset = Dataset.from_tables(INTERACTIONS, ITEMS)
    matrix = dataset.matrix(np.array([2, 0]), np.array([0.5, 2.0], np.float32))
    assert matrix[dataset.user_rows[2], dataset.item_rows[2]] == 0.5
    assert matrix.sum() == 2.5
