"""`kill -9` in the middle of a write: what was there stays as it was, and the next write clears away what is left."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.manifest import check_files, hashes_of, read_manifest, version_folder, versions_of


def asked(model):
    return tfcold.load(model).recommend(["u1", "u2", "nobody"], k=99)


@pytest.mark.slow
def test_killed_at_any_write_the_old_bundle_answers_as_before(world, bundle, killed_writer, tmp_path):
    model, new = tmp_path / "here" / "shop", tmp_path / "there" / "shop"
    shutil.copytree(bundle, model)
    new.parent.mkdir()
    world.items.iloc[:1].assign(item_id="n1").to_csv(tmp_path / "new.csv", index=False)
    np.savez(tmp_path / "new.npz", ids=np.array(["n1"]), vectors=np.ones((1, 5), np.float32))
    pd.DataFrame({"item_id": ["i5"]}).to_csv(tmp_path / "gone.csv", index=False)

    def job(command, at, out=model):
        words = [command, "--model", model / "1", "--items", tmp_path / "gone.csv", "--out", out]
        if command == "add-items":
            words[4:5] = [tmp_path / "new.csv", "--item-vectors", f"text={tmp_path / 'new.npz'}"]
        return {"command": list(map(str, words)), "under": str(out.parent), "at": at}

    jobs = [
        job("add-items", "os.mkdir .2."),
        job("add-items", "open saved_model.pb"),
        job("remove-items", "open manifest.json"),
        job("remove-items", "os.rename .2."),
        job("add-items", "os.renamed .2."),  # the rename is done: the new version is whole
        job("remove-items", ""),  # nobody kills it
        job("add-items", "open parts.npz"),
        job("remove-items", "os.mkdir assets.extra", new),
    ]
    before = asked(model)
    results, said = killed_writer.results_of(jobs)

    assert [one["killed"] for one in results] == [True] * 5 + [False, True, True], said
    there = [killed_writer.listed(one["there"].get("shop", [])) for one in results]
    assert [versions for versions, _ in there] == [["1"]] * 4 + [["1", "2"], *[["1", "2", "3"]] * 2, []]
    assert [left for _, left in there] == [0, 1, 1, 1, 0, 0, 1, 0]  # its own; the one before was cleared away
    assert not new.exists()
    assert len(list(new.parent.iterdir())) == 1  # a hidden folder

    for version in ("1", "2", "3"):
        check_files(model / version, read_manifest(model / version))
    assert version_folder(model).name == "3"  # whatever a killed write left
    pd.testing.assert_frame_equal(asked(model / "1"), before)
    assert "n1" in set(asked(model / "2")["item_id"])
    assert "i5" not in set(asked(model)["item_id"])


@pytest.mark.slow
def test_killed_at_any_write_of_a_fit_or_an_export_what_is_there_is_whole(bundle, killed_writer, tmp_path):
    """A kill leaves on disk what lies there at that moment, so a copy at each write stands for a kill at each."""
    model, first = tmp_path / "here" / "shop", tmp_path / "there" / "shop"
    shutil.copytree(bundle, model)
    first.parent.mkdir()
    copies = {model: tmp_path / "next", first: tmp_path / "first"}
    for folder in copies.values():
        folder.mkdir()
    fits = [
        {"command": [], "out": str(out), "under": str(out.parent), "copies": str(place)}
        for out, place in copies.items()
    ]
    words = ["export", "--model", str(model / "1"), "--without-encoder", "--out", str(model)]
    killed = [
        {"command": [], "out": str(model), "under": str(model.parent), "at": "os.rename .3."},
        {"command": words, "under": str(model.parent), "at": "open manifest.json"},
        {"command": words, "under": str(model.parent), "at": ""},  # the same again, to the end
    ]
    before = hashes_of(model / "1")
    results, said = killed_writer.results_of([*fits, *killed])

    assert [one["killed"] for one in results] == [False, False, True, True, False], said
    there = [killed_writer.listed(one["there"]["shop"]) for one in results[2:]]
    assert there == [(["1", "2"], 1), (["1", "2"], 1), (["1", "2", "3"], 0)]  # the dead one's folder went each time
    assert hashes_of(model / "1") == before
    for place, out, older in ((copies[model], model, ["1"]), (copies[first], first, [])):
        kept = sorted(place.iterdir())
        assert len(kept) > 15
        found = [versions(one / "shop") for one in kept]
        newest = str(len(older) + 1)
        assert sorted(found, key=len) == found  # once there, it stays
        assert {tuple(one) for one in found} == {tuple(older), (*older, newest)}
        for one in kept:
            assert older == [] or hashes_of(one / "shop" / "1") == before
            if newest in versions(one / "shop"):
                check_files(one / "shop" / newest, read_manifest(one / "shop" / newest))
                assert hashes_of(one / "shop" / newest) == hashes_of(out / newest)
    for version in ("2", "3"):
        pd.testing.assert_frame_equal(asked(model / version), asked(model / "1"))
    pd.testing.assert_frame_equal(asked(first), asked(model / "1"))


def versions(folder):
    return list(map(str, versions_of(folder)))
