"""Changes of a bundle with files of another version, ids of any Unicode, long texts, and nothing at all."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.errors import BundleError, InputError
from tfcold.export import add_items, add_users, export, remove_items
from tfcold.manifest import hashes_of, read_manifest
from tfcold.text.vectors import TextVectors

ODD_IDS = [
    "",
    "a\x00b",
    "a",
    "e\u0301",
    "\u00e9",
    " x ",
    "\u202eabc",
    "👩‍👩‍👧",
    "\n",
    "'; DROP",
    "x" * 3000,
    "\U0010ffff",
    "nan",
    "007",
][1:]


def given(ids, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(len(ids), 5)).astype(np.float32)
    return {"text": TextVectors(np.array(ids, object), vectors, {"encoder": "drawn"})}


@pytest.fixture(scope="module")
def odd(bundle, tmp_path_factory):
    """Version 1 with odd ids, version 2 without one of them, version 3 with odd users."""
    folder = tmp_path_factory.mktemp("odd") / "shop"
    items = pd.DataFrame({"item_id": ODD_IDS, "title": ["t" * 1_000_000, *ODD_IDS[1:]]})
    add_items(bundle, items, given(ODD_IDS), folder)
    remove_items(folder, ["a\x00b", "nan"])
    add_users(folder, pd.DataFrame({"user_id": ODD_IDS, "item_id": ODD_IDS[::-1]}))
    return folder


@pytest.fixture(scope="module")
def model(bundle):
    return tfcold.load(bundle)


def test_ids_of_any_unicode_are_kept_apart(odd):
    first, last = tfcold.load(odd / "1"), tfcold.load(odd)
    assert first.item_ids.tolist()[-len(ODD_IDS) :] == ODD_IDS
    assert last.user_ids.tolist()[-len(ODD_IDS) :] == ODD_IDS
    kept = [name for name in ODD_IDS if name not in ("a\x00b", "nan")]
    assert [name for name in last.item_ids if name in set(ODD_IDS)] == kept
    pairs = pd.DataFrame({"user_id": ODD_IDS[0], "item_id": kept})
    scores = last.score(pairs)["score"]
    assert np.isfinite(scores).all()
    assert scores.nunique() == len(kept)
    listed = last.recommend([ODD_IDS[0], "nobody"], k=999, candidates=kept)
    assert set(listed["item_id"][listed["user_id"] == "nobody"]) == set(kept)
    assert ODD_IDS[-1] not in set(listed["item_id"][listed["user_id"] == ODD_IDS[0]])  # which they did
    assert len(first.titles([ODD_IDS[0]])["title"][0]) == 1_000_000


def test_same_in_memory(bundle, odd):
    model = tfcold.load(bundle)
    model.add_items(pd.DataFrame({"item_id": ODD_IDS, "title": ["t" * 1_000_000, *ODD_IDS[1:]]}), given(ODD_IDS))
    model.remove_items(["a\x00b", "nan"])
    model.add_users(pd.DataFrame({"user_id": ODD_IDS, "item_id": ODD_IDS[::-1]}))
    written = tfcold.load(odd)
    for users in (ODD_IDS, ["u1", "nobody", ""]):
        ours, theirs = model.recommend(users, k=999), written.recommend(users, k=999)
        assert ours["item_id"].tolist() == theirs["item_id"].tolist()
        np.testing.assert_allclose(ours["score"], theirs["score"], atol=1e-5)


def test_half_a_character_is_no_id(model, bundle, tmp_path):
    half = np.array(["a\ud800"], object)
    new = pd.DataFrame({"item_id": pd.Series(half, dtype=object)})
    history = pd.DataFrame({"user_id": pd.Series(half, dtype=object), "item_id": ["i1"]})
    for act in (
        lambda: model.add_items(new, given(half)),
        lambda: add_items(bundle, new, given(half), tmp_path / "out"),
        lambda: model.add_users(history),
        lambda: add_users(bundle, history, tmp_path / "out"),
        lambda: model.score(history),
        lambda: model.recommend(half),
    ):
        with pytest.raises(InputError, match=r"must be text that UTF-8 can write; 1 of 1 are not: 'a\\ud800'"):
            act()
    assert not (tmp_path / "out").exists()


def test_files_of_another_version_are_named(odd, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(odd, folder)
    for name in ("variables", "saved_model.pb"):
        source, target = folder / "1" / name, folder / "2" / name
        shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, target)
    with pytest.raises(BundleError, match=r"is damaged: .*variables\.data-00000-of-00001 has"):
        tfcold.load(folder / "2")
    manifest = read_manifest(folder / "2")
    replace(manifest, files=hashes_of(folder / "2")).write(folder / "2")  # now the files tell nothing
    with pytest.raises(BundleError, match=r"mixed from several versions: .* 42 listed items instead of 40"):
        tfcold.load(folder / "2")

    shutil.copy(odd / "1" / "assets.extra" / "manifest.json", folder / "3" / "assets.extra" / "manifest.json")
    with pytest.raises(BundleError, match="is damaged"):
        tfcold.load(folder)
    shutil.copy(odd / "1" / "assets.extra" / "parts.npz", folder / "1" / "assets.extra" / "explain.npz")
    with pytest.raises(BundleError, match=r"explain\.npz has"):
        remove_items(folder / "1", ["i1"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_half_copied_version_is_no_bundle_to_change(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "shop")
    shutil.rmtree(tmp_path / "shop" / "1" / "variables")
    for act in (
        lambda: remove_items(tmp_path / "shop", ["i1"]),
        lambda: add_users(tmp_path / "shop", pd.DataFrame({"user_id": ["n"], "item_id": ["i1"]})),
        lambda: add_items(tmp_path / "shop", pd.DataFrame({"item_id": ["n"]}), given(["n"])),
    ):
        with pytest.raises(BundleError, match=r"2 of .* files are not as its manifest says"):
            act()
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["1"]


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (pd.DataFrame({"item_id": ["n"], "year": ["soon"]}), "must hold numbers in column 'year'.*'soon'"),
        (pd.DataFrame({"item_id": [None]}), "1 of 1 are empty"),
        (pd.DataFrame({"item_id": []}), "at least one row; received 0"),
    ],
)
def test_frames_that_do_not_fit(model, bundle, tmp_path, frame, match):
    for act in (lambda: add_items(bundle, frame, given(["n"]), tmp_path / "out"),
                lambda: model.add_items(frame, given(["n"]))):  # fmt: skip
        with pytest.raises(InputError, match=match):
            act()
    assert not (tmp_path / "out").exists()


def test_replace_needs_items_that_are_there(odd, tmp_path):
    with pytest.raises(InputError, match="must not come back once removed; 1 of 1 ids did: 'nan'"):
        add_items(odd, pd.DataFrame({"item_id": ["nan"]}), given(["nan"]), tmp_path / "out", replace=True)
    with pytest.raises(InputError, match="does not have 1 of 1 ids: 'fresh'"):
        add_items(odd, pd.DataFrame({"item_id": ["fresh"]}), None, tmp_path / "out", replace="shown")
    for anew in (False, True):
        with pytest.raises(InputError, match="`vectors` must hold what places new items; received None"):
            add_items(odd, pd.DataFrame({"item_id": ["fresh"]}), None, tmp_path / "out", replace=anew)
    with pytest.raises(InputError, match=r"must be None with `replace='shown'`.*received \['text'\]"):
        add_items(odd, pd.DataFrame({"item_id": ["i1"]}), given(["i1"]), tmp_path / "out", replace="shown")
    with pytest.raises(InputError, match="`replace` must be False, True or 'shown'; received 'all'"):
        add_items(odd, pd.DataFrame({"item_id": ["i1"]}), given(["i1"]), tmp_path / "out", replace="all")
    assert read_manifest(odd / "3").sizes["removed_items"] == 2


def test_two_writers_at_once_lose_nothing(bundle, tmp_path, monkeypatch):
    """The second is refused when the first has taken its number."""
    folder = tmp_path / "shop"
    shutil.copytree(bundle, folder)
    monkeypatch.setattr("tfcold.export.bundle.verify", lambda *_, **__: shutil.copytree(folder / "1", folder / "2"))
    with pytest.raises(BundleError, match="got version 2 of another process meanwhile"):
        remove_items(folder, ["i1"])
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    assert read_manifest(folder / "2").added == []


@pytest.mark.parametrize("write", ["change", "export"])
def test_two_writers_of_a_first_version_lose_nothing(world, bundle, tmp_path, monkeypatch, write):
    """What appears at `out` while it is written stays: a version of another process, or something of the user's."""
    out = tmp_path / "out"

    def note():
        out.mkdir()
        (out / "thesis.txt").write_text("mine")

    for appears, match in (
        (lambda: shutil.copytree(bundle, out), "got version 1 of another process meanwhile: '.*out'. Run this again"),
        (note, "exists and is not a bundle. Choose another name"),
        (lambda: out.write_text("mine"), "exists and is not a bundle"),
        (lambda: out.symlink_to(tmp_path / "nowhere"), "exists and is not a bundle"),
    ):
        monkeypatch.setattr("tfcold.export.bundle.verify", lambda *_, do=appears, **__: do())
        with pytest.raises(BundleError, match=match):
            remove_items(bundle, ["i1"], out) if write == "change" else export(world.trained, out)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        if out.is_dir():
            assert sorted(path.name for path in out.iterdir()) in (["1"], ["thesis.txt"])
            assert not (out / "1").exists() or read_manifest(out / "1").name == "toy"
            shutil.rmtree(out)
        else:
            out.unlink()


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (
            pd.DataFrame({"item_id": ["i1"], "Title": ["x"]}),
            "column that lists show, of 'title', .*; it has 'Title' beside",
        ),
        (pd.DataFrame({"item_id": ["i1"]}), "column that lists show, .*; it has nothing beside item_id"),
    ],
)
def test_what_lists_show_changes_by_a_column_that_they_have(model, bundle, tmp_path, frame, match):
    for act in (lambda: add_items(bundle, frame, None, tmp_path / "out", replace="shown"),
                lambda: model.add_items(frame, replace="shown")):  # fmt: skip
        with pytest.raises(InputError, match=match):
            act()
    assert not (tmp_path / "out").exists()


def test_columns_that_come_to_nothing_are_named(bundle, tmp_path, caplog):
    anew = pd.DataFrame({"item_id": ["i1"], "title": ["x"], "Genre": ["y"]})
    said = "columns that the bundle does not keep, so lists will not show them: 'Genre'; it keeps 'title'"
    model = tfcold.load(bundle)
    for act in (
        lambda: add_items(bundle, anew, None, tmp_path / "shown", replace="shown"),
        lambda: add_items(bundle, anew.assign(item_id="n"), given(["n"]), tmp_path / "new"),
        lambda: model.add_items(anew, replace="shown"),
        lambda: model.add_items(anew.assign(item_id="n"), given(["n"])),
    ):
        caplog.clear()
        act()
        assert said in caplog.text
    caplog.clear()
    model.add_items(anew[["item_id", "title"]], replace="shown")
    assert caplog.text == ""
