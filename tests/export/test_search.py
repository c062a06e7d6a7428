from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.export import search
from tfcold.export.search import CHUNK, LOWEST, Rows, best, nothing
from tfcold.export.stored import Stored

NUM = 5 * CHUNK


def lists(rows):
    return tf.ragged.constant(rows, dtype=tf.int32, row_splits_dtype=tf.int64)


def whole_sort(scores, k):
    """Rows and scores of the best k, from a stable sort of everything."""
    rows = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(scores, rows, axis=1)
    return np.where(np.isfinite(values), rows, 0), np.where(np.isfinite(values), values, LOWEST)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(search, "BLOCK_QUERIES", 3)
    monkeypatch.setattr(search, "BLOCK_CELLS", 2 * CHUNK * 3)  # 2 chunks of rows at a time


@pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "in one block"])
@pytest.mark.parametrize("k", [1, 7, CHUNK + 1, NUM])
def test_lists_are_those_of_a_whole_sort_with_ties(request, cut, k):
    if cut:
        request.getfixturevalue("small_blocks")
    random = np.random.default_rng(k)
    table = random.integers(-1, 2, (NUM, 4)).astype(np.float32)  # few values: hundreds of equal scores
    query = random.integers(-2, 3, (8, 4)).astype(np.float32)
    unlisted = np.array([0, 5, CHUNK, 3 * CHUNK - 1, NUM - 1], np.int32)
    hidden = [random.integers(0, NUM, size).tolist() for size in (0, 1, 40, 40, 0, 200, 3, 0)]
    scores = query @ table.T
    scores[:, unlisted] = -np.inf
    for row, gone in enumerate(hidden):
        scores[row, gone] = -np.inf

    found = best(tf.constant(query), Rows(tf.constant(table), tf.constant(unlisted)), lists(hidden), tf.constant(k))

    rows, values = whole_sort(scores, k)
    np.testing.assert_array_equal(found[0], rows)
    np.testing.assert_array_equal(found[1], values)


def test_factors_given_rows_and_queries_that_ask_for_nothing(small_blocks):
    random = np.random.default_rng(1)
    table, query = random.normal(size=(NUM, 4)).astype(np.float32), random.normal(size=(5, 4)).astype(np.float32)
    scale = random.uniform(0.5, 2, NUM).astype(np.float32)
    among = random.integers(0, NUM, (5, 30)).astype(np.int32)
    asked = np.array([True, True, False, True, True])
    scores = np.full((5, NUM), -np.inf, np.float32)
    np.put_along_axis(scores, among, np.take_along_axis(query @ table.T * scale, among, axis=1), axis=1)
    scores[:, 0] = scores[2] = -np.inf
    scores[1, among[1, 0]] = -np.inf

    rows = Rows(tf.constant(table), tf.constant([0]), tf.constant(scale))
    hidden = lists([[], [among[1, 0], -1], [], [-1], []])
    found = best(tf.constant(query), rows, hidden, tf.constant(9), asked=tf.constant(asked), among=tf.constant(among))

    expected = whole_sort(scores, 9)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)
    assert (expected[0][2] == 0).all()


@pytest.mark.parametrize("store", ["float16", "int8"])
def test_rounded_rows_are_searched_as_what_they_stand_for(small_blocks, store):
    random = np.random.default_rng(2)
    table = random.normal(size=(NUM - 9, 6)).astype(np.float32) * random.uniform(0.1, 10, (NUM - 9, 1))
    table[7] = 0
    query = random.normal(size=(4, 6)).astype(np.float32)
    stored = Stored.of(table.astype(np.float32), store, "rows", CHUNK)
    values, scales = stored.values.numpy(), None if stored.scales is None else stored.scales.numpy()
    meant = values.astype(np.float32) * (1 if scales is None else scales[:, None])

    rows = Rows(tf.constant(values), tf.range(NUM - 9, NUM), None if scales is None else tf.constant(scales))
    found = best(tf.constant(query), rows, lists([[], [], [], []]), tf.constant(20))

    assert values.dtype == store
    assert len(values) == NUM
    largest = np.abs(table).max(axis=1, keepdims=True)
    assert (np.abs(meant[: NUM - 9] - table) <= largest / (250 if store == "int8" else 2000)).all()
    expected = whole_sort(query @ meant[: NUM - 9].T, 20)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-4)


def test_nobody_asks_and_nothing_is_asked_for():
    rows = Rows(tf.zeros([CHUNK, 3]), tf.constant([0]))

    assert best(tf.zeros([0, 3]), rows, nothing(tf.zeros([0, 3])), tf.constant(4))[0].shape == (0, 4)
    assert best(tf.zeros([2, 3]), rows, lists([[], []]), tf.constant(0))[0].shape == (2, 0)


def kinds_of_ops(graph):
    """The kinds of the ops of a graph, then those of each branch of a `tf.cond` in it; a called function is one op."""
    ops = graph.get_operations()
    yield {op.type for op in ops}
    for op in ops:
        if op.type in ("If", "StatelessIf"):
            for branch in ("then_branch", "else_branch"):
                yield from kinds_of_ops(graph._get_function(op.get_attr(branch).name).graph)


def test_what_is_hardly_ever_asked_is_one_node_of_the_graph():
    """TensorFlow visits every node of a branch that is not taken."""
    rows = Rows(tf.zeros([NUM, 4]), tf.constant([0]), one_block=True)

    @tf.function(input_signature=[tf.TensorSpec([None, 4])])
    def asked(query):
        return best(query, rows, nothing(query), tf.constant(3))

    kinds = list(kinds_of_ops(asked.get_concrete_function().graph))
    calls = [here for here in kinds if here & {"PartitionedCall", "StatefulPartitionedCall"}]

    assert len(calls) == 1
    assert calls[0] <= {"PartitionedCall", "StatefulPartitionedCall", "Placeholder", "Identity", "Const"}
    assert not any("While" in kind for here in kinds for kind in here)
