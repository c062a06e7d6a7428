"""`kill -9` in the middle of a write: what was there stays as it was, and the next write clears away what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.manifest import check_files, read_manifest, version_folder

WRITER = Path(__file__).with_name("killed_writer.py")


def asked(model):
    return tfcold.load(model).recommend(["u1", "u2", "nobody"], k=99)


@pytest.mark.slow
def test_killed_at_any_write_the_old_bundle_answers_as_before(world, bundle, tmp_path):
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
        job("add-items", "tensorflow.write saved_model.pb"),
        job("remove-items", "open manifest.json"),
        job("remove-items", "os.rename .2."),
        job("add-items", "os.renamed .2."),  # the rename is done: the new version is whole
        job("remove-items", ""),  # nobody kills it
        job("add-items", "open parts.npz"),
        job("remove-items", "os.mkdir assets.extra", new),
    ]
    before = asked(model)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TFCOLD_PROGRESS": "0"}
    done = subprocess.run(
        [sys.executable, WRITER], input=json.dumps(jobs), capture_output=True, text=True, env=environment, check=True
    )
    results = json.loads(done.stdout)

    assert [one["killed"] for one in results] == [True] * 5 + [False, True, True], done.stderr[-2000:]
    there = [listed(one["there"].get("shop", [])) for one in results]
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


def listed(names):
    """Versions, and how many folders that were written aside."""
    return [name for name in names if name.isdigit()], sum(name.endswith(".partial") for name in names)
