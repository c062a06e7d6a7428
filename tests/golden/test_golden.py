"""Bundles of this and earlier versions load, answer as they did when they were written, and can be changed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.cli import main
from tfcold.errors import BundleError
from tfcold.export import add_items, encode_new_items, remove_items
from tfcold.manifest import Manifest, read_manifest
from tfcold.serving.words import reads_words

HERE = Path(__file__).parent
ARCHIVES = sorted(HERE.glob("*/*.zip"))
TOLERANCE = 1e-5
OF_MACHINES = (b"/work/", b"/tmp/", b"/home/", b"/root/", b"/usr/", b"/Users/", b".py\0", b"pickle")
LATER = ("settings", "text", "split", "metrics", "versions", "added", "store")  # what a manifest may lack


@pytest.fixture(params=ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def archive(request) -> Path:
    return request.param


@pytest.fixture
def bundle(archive, tmp_path) -> Path:
    """A copy of its own for each test."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / archive.stem)
    return tmp_path / archive.stem


@pytest.fixture
def answers(archive):
    return json.loads(archive.with_suffix(".json").read_text(encoding="utf-8"))


def test_this_version_has_its_bundles(golden):
    assert {path.stem for path in ARCHIVES if path.parent.name == tfcold.__version__} == set(golden.KINDS)


def test_archive_is_small_and_says_nothing_of_the_machine(archive):
    assert archive.stat().st_size < 150_000
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        for one in packed.infolist():
            content = packed.read(one)
            assert one.date_time == (1980, 1, 1, 0, 0, 0)
            assert not [said for said in OF_MACHINES if said in content], one.filename


def test_every_signature_says_what_it_said(golden, bundle, answers):
    if reads_words(read_manifest(bundle / "1")):
        pytest.importorskip("tensorflow_text")
    loaded = tf.saved_model.load(str(bundle / "1"))

    assert set(loaded.signatures) == set(answers)
    for name, one in answers.items():
        found = golden.ask(loaded, name, one["inputs"])
        assert set(found) == set(one["outputs"]), name
        for key, expected in one["outputs"].items():
            if key in ("item_id", "user_id"):
                assert found[key] == expected, name
            else:
                np.testing.assert_allclose(found[key], expected, rtol=1e-6, atol=TOLERANCE, err_msg=name)


def test_load_says_the_same(bundle, answers):
    model, asked = tfcold.load(bundle, verify=True), answers["recommend"]
    users, hidden = asked["inputs"]["user_id"], asked["inputs"]["exclude"]
    pairs = [(user, item) for user, items in zip(users, hidden, strict=True) for item in items if item]
    lists = model.recommend(users, k=asked["inputs"]["k"], exclude=pd.DataFrame(pairs, columns=["user_id", "item_id"]))
    said = asked["outputs"]

    assert lists["user_id"].tolist() == list(np.repeat(users, asked["inputs"]["k"]))
    assert lists["item_id"].tolist() == list(np.concatenate(said["item_id"]))
    np.testing.assert_allclose(lists["score"], np.concatenate(said["score"]), atol=TOLERANCE)

    vectors = answers["recommend_from_vector"]
    found = model.recommend_from_vectors(vectors["inputs"]["vector"], k=vectors["inputs"]["k"])
    assert found["item_id"].tolist() == list(np.concatenate(vectors["outputs"]["item_id"]))

    first = lists.iloc[0]  # user and item, whose score is a sum of parts
    parts = model.explain(first["user_id"], first["item_id"])
    assert parts.by_item["value"].sum() == pytest.approx(first["score"], abs=1e-4)
    assert any(name.startswith("block:") for name in parts.by_item["name"])
    assert set(model.recommend(users, where="genre == 'crime'")["item_id"]) <= set(
        model.attributes.index[model.attributes["genre"] == "crime"]
    )


def test_inspect_verifies(bundle, capsys):
    assert main(["inspect", str(bundle), "--verify"]) == 0
    assert "sha256 of each as written" in capsys.readouterr().out
    path = bundle / "1" / "variables" / "variables.data-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert main(["inspect", str(bundle), "--verify"]) == 2


@pytest.mark.slow
def test_items_join_and_leave(bundle):
    """A newcomer with the words of an item that is cold has its place, on disk and in memory."""
    before, users = tfcold.load(bundle), ["u0", "u5", "nobody"]
    (twin,) = before.item_ids[before.is_cold(before.item_ids)][:1]
    words = before.attributes.loc[[twin]].rename_axis("item_id").reset_index().assign(item_id="n1")
    before.add_items(words)
    before.remove_items(["i1"])

    add_items(bundle, words, encode_new_items(bundle, words))
    assert remove_items(bundle, ["i1"]) == bundle / "3"
    after = tfcold.load(bundle, verify=True)

    for model in (before, after):
        scores = model.score(pd.DataFrame({"user_id": users * 2, "item_id": [twin] * 3 + ["n1"] * 3}))["score"]
        np.testing.assert_allclose(scores[:3], scores[3:], rtol=TOLERANCE, atol=TOLERANCE)  # scores up to 9
        lists = model.recommend(users, k=99)
        assert "n1" in set(lists["item_id"])
        assert "i1" not in set(lists["item_id"])
    old = tfcold.load(bundle / "1").recommend(users, k=99)
    kept = lists[lists["item_id"] != "n1"]
    old = old[old["item_id"] != "i1"]
    assert kept["item_id"].tolist() == old["item_id"].tolist()


def test_manifest_may_lack_what_later_versions_say(archive, bundle):
    """And may say what this version does not know."""
    path = bundle / "1" / "assets.extra" / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    fewer = {name: value for name, value in content.items() if name not in LATER} | {"from_the_future": 1}
    path.write_text(json.dumps(fewer), encoding="utf-8")

    found = read_manifest(bundle / "1")
    assert (found.store, found.text, found.files) == ("float32", {}, content["files"])
    for name in ("name", "sizes", "files"):
        lacking = {key: value for key, value in content.items() if key != name}
        with pytest.raises(BundleError, match=f"'{name}'"):
            Manifest.from_dict(lacking)
