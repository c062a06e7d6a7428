"""Bundles in 2 or 1 bytes a number: every signature answers from the rounded tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.export import add_users, export
from tfcold.export.module import LOWEST
from tfcold.export.stored import Stored
from tfcold.export.tables import tables_of_bundle, tables_of_model
from tfcold.manifest import read_manifest


@pytest.fixture(scope="module", params=["float16", "int8"])
def small(request, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "toy"
    return export(world.trained, folder, items=world.items, encoders={"lexical": world.lexical}, store=request.param)


@pytest.fixture(scope="module")
def opened(small):
    return tf.saved_model.load(str(small))


def ask(opened, signature, **inputs):
    answer = opened.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
    names = next((answer[name].numpy() for name in ("item_id", "user_id") if name in answer), np.zeros(0))
    return [[name.decode() for name in line] for line in names], answer["score"].numpy()


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="asks Linux for the memory")
def test_a_table_knows_its_length_without_a_copy_of_it():
    def held():
        return int(re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

    table = np.ones((400_000, 64), np.float32)
    stored = Stored.of(table, "float32", "rows", 64)
    before = held()

    assert stored.num_rows == 400_000
    assert held() - before < table.nbytes / 4


def test_tables_take_a_half_or_a_quarter_and_say_nearly_the_same(world, small, opened):
    manifest, exact, tables = read_manifest(small), tables_of_model(world.trained), tables_of_bundle(opened)

    assert opened.candidates.dtype == opened.queries.dtype == opened.history.dtype == manifest.store
    for name in ("candidates", "queries", "history"):
        given, kept = getattr(exact, name), getattr(tables, name)
        assert kept.shape == given.shape
        assert kept.dtype == np.float32
        largest = np.abs(given).max(axis=1, keepdims=True)
        assert (np.abs(kept - given) <= largest / (250 if manifest.store == "int8" else 2000) + 1e-7).all()
        assert (kept != given).any()


def test_every_signature_answers_from_the_rounded_tables(small, opened):
    tables = tables_of_bundle(opened)
    item_ids, user_ids = list(tables.item_ids), list(tables.user_ids)
    scores = tables.queries[1:] @ tables.candidates.T
    scores[:, ~tables.is_known] = -np.inf

    asked = [(user, item) for user in range(3) for item in range(1, len(item_ids) + 1)]
    _, pairs = ask(
        opened, "score", user_id=[user_ids[user] for user, _ in asked],
        item_id=[item_ids[item - 1] for _, item in asked],
    )  # fmt: skip
    expected = np.array([scores[pair] for pair in asked])
    np.testing.assert_allclose(pairs, np.where(np.isneginf(expected), LOWEST, expected), rtol=1e-4, atol=1e-5)

    names, values = ask(opened, "similar_items", item_id=["i4"], k=5)
    vectors, row = tables.candidates[:, :-1], item_ids.index("i4") + 1
    shared = vectors @ tables.query_covariance @ vectors.T
    spread = np.sqrt(np.maximum(np.diag(shared), 1e-12))
    alike = shared[row] / (spread * spread[row])
    alike[[row, *np.flatnonzero(~tables.is_known)]] = -np.inf
    assert names[0] == [item_ids[row - 1] for row in np.argsort(-alike, kind="stable")[:5]]
    np.testing.assert_allclose(values[0], np.sort(alike)[::-1][:5], atol=1e-5)

    names, values = ask(opened, "audience", item_id=["i4"], k=5)
    row = item_ids.index("i4") + 1
    by_user = scores[:, row].copy()
    by_user[[row in tables.done_rows[slice(*tables.done_splits[user : user + 2])] for user in range(1, 25)]] = -np.inf
    assert names[0] == [user_ids[user] for user in np.argsort(-by_user, kind="stable")[:5]]
    np.testing.assert_allclose(values[0], np.sort(by_user)[::-1][:5], rtol=1e-4)


def test_what_is_written_next_keeps_its_store_and_its_numbers(small, opened, tmp_path):
    import pandas as pd

    rows = pd.DataFrame({"user_id": ["new", "new"], "item_id": ["i3", "i5"]})
    later = add_users(small, rows, tmp_path / "toy")

    assert read_manifest(later).store == read_manifest(small).store
    again = tf.saved_model.load(str(later))
    np.testing.assert_array_equal(again.candidates, opened.candidates)
    none = np.zeros((1, 0), "S1")
    mine = ask(again, "recommend", user_id=["new"], k=5, exclude=none)
    asked = ask(again, "recommend_from_history", item_id=[["i3", "i5"]], k=5)
    np.testing.assert_allclose(mine[1], asked[1], atol=0.05)  # the query was rounded, too


def test_another_store_is_named(world, tmp_path):
    with pytest.raises(InputError, match="`store` must be one of float32, float16, int8; received 'int4'"):
        export(world.trained, tmp_path / "toy", store="int4")
