"""A change without training writes tables and traces nothing, and what it writes opens like any other version."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.export import add_items, add_users, remove_items
from tfcold.export.same_graph import FORM, can_go_on
from tfcold.export.table_variables import TableVariables
from tfcold.export.tables import tables_of_files
from tfcold.manifest import hashes_of, read_manifest
from tfcold.text.vectors import TextVectors

WIDTH = 5
NEW = pd.DataFrame({"item_id": ["n1", "n2"], "title": ["one", "two"]})


def vectors():
    drawn = np.random.default_rng(5).normal(size=(2, WIDTH)).astype(np.float32)
    return {"text": TextVectors(NEW["item_id"].to_numpy(object), drawn, {"encoder": "drawn"})}


@pytest.fixture
def folder(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "toy")
    return tmp_path / "toy"


def graph_bytes(version):
    return (version / "saved_model.pb").read_bytes()


def traced_otherwise(folder, **graph):
    """Makes version 1 say that something else traced it."""
    manifest = read_manifest(folder / "1")
    replace(manifest, graph={**manifest.graph, **graph}).write(folder / "1")


def same_lists(one, other):
    asked = [*one.user_ids[:5], "nobody"]
    pd.testing.assert_frame_equal(one.recommend(asked, 7), other.recommend(asked, 7), rtol=1e-5)
    histories = pd.DataFrame({"user_id": ["x", "x", "y"], "item_id": ["i1", "n1", "i2"]})
    for frame in (one, other):
        assert len(frame.recommend_from_history(histories, 5))
    pd.testing.assert_frame_equal(
        one.recommend_from_history(histories, 5), other.recommend_from_history(histories, 5), rtol=1e-5
    )


def test_changes_trace_nothing(folder, monkeypatch):
    def save(*_, **__):
        raise AssertionError("a graph was saved")

    monkeypatch.setattr(tf.saved_model, "save", save)
    add_items(folder, NEW, vectors())
    remove_items(folder, ["i1"])
    add_users(folder, pd.DataFrame({"user_id": ["new", "new"], "item_id": ["n2", "i3"]}))

    assert [graph_bytes(folder / version) for version in "234"] == [graph_bytes(folder / "1")] * 3
    last = tfcold.load(folder)
    assert last.folder.name == "4"
    listed = last.recommend(["new"], 40)["item_id"].tolist()
    assert "n1" in listed
    assert not {"i1", "n2", "i3"} & set(listed)


def test_a_graph_of_others_is_traced_anew_and_answers_the_same(folder, tmp_path):
    add_items(folder, NEW, vectors(), tmp_path / "like")
    traced_otherwise(folder, tfcold="0.0.1")
    add_items(folder, NEW, vectors(), tmp_path / "anew")

    assert graph_bytes(tmp_path / "like" / "1") == graph_bytes(folder / "1")
    assert graph_bytes(tmp_path / "anew" / "1") != graph_bytes(folder / "1")
    assert can_go_on(read_manifest(tmp_path / "anew" / "1"), tables_of_files(tmp_path / "anew" / "1"))
    same_lists(tfcold.load(tmp_path / "like"), tfcold.load(tmp_path / "anew"))


@pytest.mark.parametrize("change", [{"tensorflow": "2.19.0"}, {"items_in_one_block": False}, {"form": 0}])
def test_a_graph_goes_on_only_where_it_was_traced_for_the_same(folder, change):
    tables, manifest = tables_of_files(folder / "1"), read_manifest(folder / "1")
    assert can_go_on(manifest, tables)
    assert not can_go_on(replace(manifest, graph={**manifest.graph, **change}), tables)
    assert not can_go_on(replace(manifest, graph={}), tables)  # bundles of earlier versions say nothing
    assert not can_go_on(replace(manifest, search="approximate"), tables)


def test_tables_that_grow_beyond_one_block_get_a_graph_that_takes_blocks(folder, monkeypatch):
    tables = tables_of_files(folder / "1")
    rows = 64 * 7 * -(-len(tables.is_known) // 64)
    monkeypatch.setattr("tfcold.export.search.BLOCK_CELLS", rows)
    traced_otherwise(folder, items_in_one_block=True, users_in_one_block=True)
    many = pd.DataFrame({"item_id": [f"m{number}" for number in range(70)]})
    drawn = np.random.default_rng(6).normal(size=(70, WIDTH)).astype(np.float32)
    grown = add_items(
        folder, many, {"text": TextVectors(many["item_id"].to_numpy(object), drawn, {"encoder": "drawn"})}
    )

    assert not read_manifest(grown).graph["items_in_one_block"]
    assert graph_bytes(grown) != graph_bytes(folder / "1")
    found = tfcold.load(grown).recommend(["u0"], 100)
    assert found["item_id"].is_unique
    assert len(found) > 70


def test_it_opens_as_tensorflow_serving_opens_it(folder):
    """By the restore op and the table initialisers in the graph, without the objects that Python builds."""
    add_items(folder, NEW, vectors())
    add_users(folder, pd.DataFrame({"user_id": ["new"], "item_id": ["n1"]}))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(folder / "3"))
        signature = meta.signature_def["recommend"]
        feed = {
            signature.inputs["user_id"].name: ["u1", "new", "nobody"],
            signature.inputs["k"].name: 6,
            signature.inputs["exclude"].name: np.zeros([3, 0], object),
        }
        names, scores = session.run(
            [signature.outputs["item_id"].name, signature.outputs["score"].name], feed_dict=feed
        )
    expected = tfcold.load(folder / "3").recommend(["u1", "new", "nobody"], 6)
    assert [name.decode() for name in names.ravel()] == expected["item_id"].tolist()
    np.testing.assert_allclose(scores.ravel(), expected["score"], rtol=1e-5)


def test_an_empty_folder_that_got_lost_is_not_missed(folder):
    assert list((folder / "1" / "assets").iterdir()) == []
    (folder / "1" / "assets").rmdir()
    assert tfcold.load(remove_items(folder, ["i1"])).folder.name == "2"


def test_other_variables_are_another_form(folder):
    """Whoever adds, takes out or renames one, or changes what it holds, raises `FORM`, and writes the names here."""
    tables = tables_of_files(folder / "1")
    assert FORM == 1
    assert sorted(TableVariables.of(tables, "int8").named()) == [
        "candidate_scales", "candidates", "doer_rows", "doer_splits", "done_rows", "done_splits", "history",
        "history_scales", "inverse_norms", "is_cold", "is_known", "item_ids", "no_users", "queries", "query_covariance",
        "query_scales", "says", "typical_norm", "unlisted", "user_ids",
    ]  # fmt: skip


def test_files_of_the_new_version_are_whole(folder):
    add_items(folder, NEW, vectors())
    manifest = read_manifest(folder / "2")
    assert manifest.files == hashes_of(folder / "2")
    assert {"saved_model.pb", "variables/variables.index"} <= set(manifest.files)
