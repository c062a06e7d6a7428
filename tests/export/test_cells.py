"""The order in which rows lie together, and how many cells hold what is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError, one_of
from tfcold.export import cells as module
from tfcold.export.approximate import best_near
from tfcold.export.cells import CELL, SEARCHES, cells_of_tables, chosen_probes, guided, order_of_cells
from tfcold.export.search import CHUNK, Rows

NUM = 40 * CELL


@pytest.mark.parametrize("num", [1, 2, CELL, CELL + 1, 5 * CELL + 3])
def test_order_holds_every_row_once_unlisted_ones_last(num):
    random = np.random.default_rng(num)
    table, listed = random.normal(size=(num, 3)).astype(np.float32), random.random(num) > 0.3

    order = order_of_cells(table, listed)

    assert sorted(order) == list(range(num))
    assert order[0] == 0
    assert (np.diff(listed[order[1:]].astype(int)) <= 0).all()
    np.testing.assert_array_equal(order, order_of_cells(table, listed))


def test_rows_that_lie_together_share_a_cell():
    """On a line every cell is a run of it: 31 rows in the first, which row 0 shares, then 32, 32 and what is left."""
    num = 3 * CELL + 5
    ranks = np.random.default_rng(0).permutation(num)
    listed = np.arange(num) > 0
    table = np.stack([ranks * 0.01, np.full(num, 7)], axis=1).astype(np.float32)

    order = order_of_cells(table, listed)

    along = np.argsort(np.argsort(ranks[1:]))  # places on the line, row 0 left out
    for start in range(0, num, CELL):
        cell = along[order[max(1, start) : start + CELL] - 1]
        assert np.ptp(cell) == len(cell) - 1


def test_guide_is_that_of_listed_rows():
    """Of 0, 2 and (unlisted) 9: mean 1, radius 1, reach 1 / 2. The other cells hold nothing."""
    table = np.array([[0.0], [2.0], [9.0]], np.float32)

    found = guided(table, np.array([True, True, False]))

    assert found.guide.shape == (CHUNK // CELL, 2)
    np.testing.assert_allclose(found.guide[0], [1, 0.5])
    assert found.guide[1, 1] < -1e20
    assert found.listed.sum() == 2


@pytest.mark.parametrize("k", [1, 10])
def test_probes_are_the_least_that_find_what_users_ask_for(toys, monkeypatch, k):
    monkeypatch.setattr(module, "MOST_SHARE", 1)
    tables = toys.make_tables(NUM)
    tables = tables.in_order(order_of_cells(tables.candidates, tables.is_known))

    cells = chosen_probes(guided(tables.candidates, tables.is_known), tables, k)

    asked = np.arange(1, 49)
    scores = tables.queries @ tables.candidates.T
    scores[:, ~tables.is_known] = -np.inf
    for user in asked:
        scores[user, tables.done_rows[slice(*tables.done_splits[user : user + 2])]] = -np.inf
    right = np.argsort(-scores[1:], axis=1)[:, :k]
    rows = Rows(tf.constant(tables.candidates), tf.constant(np.flatnonzero(~tables.is_known).astype(np.int32)))
    hidden = tf.RaggedTensor.from_row_splits(tables.done_rows, tables.done_splits)[1:]

    def recall(probes):
        fewer = module.Cells(cells.guide, cells.listed, probes, k)
        found = [
            best_near(tables.queries[user : user + 1], rows, fewer, hidden[user - 1 : user], tf.constant(k))[0].numpy()
            for user in asked
        ]
        return np.mean([len(set(one[0]) & set(other)) / k for one, other in zip(found, right, strict=True)])

    assert 1 < cells.probes < len(cells.guide)
    assert recall(cells.probes) == pytest.approx(cells.recall, abs=0.003)
    assert recall(cells.probes) >= module.RECALL > recall(max(1, cells.probes * 2 // 3))


def test_few_items_or_loose_cells_leave_the_search_exact(toys, monkeypatch, caplog):
    caplog.set_level("INFO")
    tables = toys.make_tables(NUM)

    assert cells_of_tables(tables, 10) is None
    assert f"of {tables.is_known.sum()} items it is as fast" in caplog.text
    monkeypatch.setattr(module, "LEAST_ITEMS", 1)
    assert cells_of_tables(tables, 10) is None  # as drawn, no cell is like another
    assert "of 40 cells would be looked into" in caplog.text
    monkeypatch.setattr(module, "MOST_SHARE", 1)
    assert cells_of_tables(tables, 10).probes > 5


def test_tables_in_another_order_say_the_same(toys):
    tables = toys.make_tables(9)
    order = np.array([0, 3, 8, 1, 2, 7, 6, 5, 4])

    changed = tables.in_order(order)

    assert changed.item_ids[0] == "i3"
    for row, before in enumerate(order):
        np.testing.assert_array_equal(changed.candidates[row], tables.candidates[before])
    for user in range(49):
        span = slice(*tables.done_splits[user : user + 2])
        assert sorted(order[changed.done_rows[span]]) == sorted(tables.done_rows[span])
    np.testing.assert_array_equal(changed.done_splits, tables.done_splits)


def test_another_search_is_named():
    assert one_of(SEARCHES, "approximate", "search") == "approximate"
    with pytest.raises(InputError, match="`search` must be one of exact, approximate, scann; received 'hnsw'"):
        one_of(SEARCHES, "hnsw", "search")
