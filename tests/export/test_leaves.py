"""The index of ScaNN in a SavedModel; what needs ScaNN is skipped where it, or TensorFlow 2.20, is missing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tfcold
from tfcold.errors import BundleError, MissingExtraError
from tfcold.export import cells, export, leaves, remove_items
from tfcold.export.approximate import best_near
from tfcold.export.search import CHUNK, LOWEST, Rows, best
from tfcold.export.stored import Stored
from tfcold.extras import scann_ops
from tfcold.manifest import Manifest, read_manifest
from tfcold.serving.words import load_saved_model

NUM = 2048


def scann_there() -> bool:
    try:
        scann_ops()
    except MissingExtraError:
        return False
    return True


needs_scann = pytest.mark.skipif(not scann_there(), reason="needs `pip install 'tfcold[scann]'`")


@pytest.mark.skipif(scann_there(), reason="ScaNN is installed")
def test_without_scann_the_way_out_is_named(toys, tmp_path):
    world = toys.make_world()
    with pytest.raises(MissingExtraError, match=r"tfcold\[scann\]"):
        export(world.trained, tmp_path / "shop", search="scann")
    assert not (tmp_path / "shop").exists()
    card = Manifest("shop", "0", "", 4, 20, {}, {}, {}, {}, search="scann", cells={"leaves": 3})
    with pytest.raises(BundleError, match=r"searched by ScaNN.*tfcold\[scann\]"):
        load_saved_model(tmp_path, card)


@pytest.fixture(scope="module")
def tables(toys):
    return toys.make_tables(NUM)


@pytest.fixture(scope="module")
def index(tables):
    return leaves.built(tables)


def asked(tables, where, hidden, k, store="float32", num=9):
    """The rows and values of the search in a graph, and those of the exact one."""
    stored = Stored.of(tables.candidates, store, "rows", CHUNK)
    unlisted = tf.constant(np.flatnonzero(~tables.is_known).astype(np.int32))
    rows, query = Rows(stored.values, unlisted, stored.scales), tf.constant(tables.queries[:num])
    hidden = tf.ragged.constant(hidden, dtype=tf.int32, row_splits_dtype=tf.int64)
    near = tf.function(lambda: best_near(query, rows, where, hidden, tf.constant(k)), autograph=False)()
    exact = best(query, rows, hidden, tf.constant(k))
    return [one.numpy() for one in near], [one.numpy() for one in exact]


@needs_scann
@pytest.mark.parametrize("store", ["float32", "float16", "int8"])
def test_all_leaves_and_candidates_find_what_the_exact_search_finds(tables, index, monkeypatch, store):
    monkeypatch.setattr(leaves, "_MOST_SHARE", 1)
    random = np.random.default_rng(0)
    hidden = [random.integers(-1, NUM, size).tolist() for size in (0, 1, 40, 40, 0, 200, 3, 0, 7)]
    everything = leaves.Leaves(index.rows, index.state, index.num, index.num, NUM, 1000)

    near, exact = asked(tables, everything, hidden, 10, store)

    np.testing.assert_array_equal(near[0], exact[0])
    np.testing.assert_allclose(near[1], exact[1], rtol=1e-5)


@needs_scann
def test_few_candidates_find_less_and_nothing_hidden(tables, index):
    few = leaves.Leaves(index.rows, index.state, index.num, 2, 12, 10)
    (first, _), (exact, _) = asked(tables, few, [[]] * 9, 10)

    (rows, values), _ = asked(tables, few, first.tolist(), 10)

    assert (first != exact).any()
    assert all(not {*one} & {*other} for one, other in zip(rows, first, strict=True))
    assert tables.is_known[rows].all()
    assert (values > LOWEST).all()


@needs_scann
@pytest.mark.parametrize("k", [40, NUM - 100])
def test_a_list_is_as_long_as_it_can_be(tables, index, k):
    """One leaf holds fewer than 40 of the items, and no index gives almost all of them."""
    one = leaves.Leaves(index.rows, index.state, index.num, 1, 1000, 1000)

    near, exact = asked(tables, one, [[]] * 9, k)

    assert (near[1] > LOWEST).sum() == (exact[1] > LOWEST).sum()


@needs_scann
def test_settings_find_what_users_ask_for(tables, index, monkeypatch):
    monkeypatch.setattr(leaves, "_MOST_SHARE", 1)  # of so few leaves half are no good
    sample = list(cells.asked_lists(tables, 10))

    found = leaves.chosen_leaves(index, sample, 10)

    assert found is not None
    (rows, _), (exact, _) = asked(tables, found, [[]] * 9, 10)
    assert np.mean([len({*a} & {*b}) / 10 for a, b in zip(rows, exact, strict=True)]) >= 0.95
    assert found.recall >= cells.RECALL
    assert 10 <= found.scored < NUM


@needs_scann
def test_bundles(toys, tmp_path, monkeypatch):
    for name, value in {"LEAST_ITEMS": 1, "RECALL": 0.95}.items():
        monkeypatch.setattr(cells, name, value)
    monkeypatch.setattr(leaves, "_MOST_SHARE", 1)
    world = toys.make_world(num_items=500)
    users = list(world.trained.user_ids.ids)
    given = {"items": world.items, "encoders": {"lexical": world.lexical}, "default_k": 5}
    near = export(world.trained, tmp_path / "near", search="scann", **given)
    exact = export(world.trained, tmp_path / "exact", **given)

    def lists(folder):
        frame = tfcold.load(folder).recommend(users, k=5)
        return [list(items) for _, items in frame.groupby("user_id", sort=False)["item_id"]]

    manifest, right = read_manifest(near), lists(exact)
    assert (manifest.search, manifest.cells["leaves"]) == ("scann", 22)  # the root of 500
    assert np.mean([len({*one} & {*two}) / 5 for one, two in zip(lists(near), right, strict=True)]) >= 0.9
    gone = right[0][:2]
    later = remove_items(near, gone)
    assert read_manifest(later).cells["leaves"] == 22
    found = lists(later)
    assert not {*gone} & {item for line in found for item in line}
    assert all(len(line) == 5 for line in found)
