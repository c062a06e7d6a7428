"""`kill -9` in the middle of a write: what was there stays as it was, and the next write clears away what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import tfcold
from tfcold.manifest import check_files, read_manifest, version_folder

WRITER = Path(__file__).with_name("killed_writer.py")


def asked(model):
    return tfcold.load(model).recommend(["u1", "u2", "nobody"], k=99)


@pytest.mark.slow
def test_killed_at_any_write_the_old_bundle_answers_as_before(bundle, shop, tmp_path):
    model, new = tmp_path / "here" / "shop", tmp_path / "there" / "shop"
    shutil.copytree(bundle, model)
    new.parent.mkdir()
    pd.read_csv(shop.items).iloc[:1].assign(item_id="n1").to_csv(tmp_path / "new.csv", index=False)
    pd.DataFrame({"item_id": ["i5"]}).to_csv(tmp_path / "gone.csv", index=False)

    def job(command, at, out=model):
        file = tmp_path / ("new.csv" if command == "add-items" else "gone.csv")
        words = [command, "--model", model, "--items", file, "--out", out]
        return {"command": list(map(str, words)), "under": str(out), "at": at}

    jobs = [
        job("add-items", "os.mkdir .2."),
        job("remove-items", "tensorflow.write variables"),
        job("add-items", "tensorflow.write saved_model.pb"),
        job("remove-items", "open parts.npz"),
        job("add-items", "open manifest.json"),
        job("remove-items", "os.rename .2."),
        job("add-items", "os.renamed .2."),  # the rename is done: the new version is whole
        job("remove-items", ""),  # nobody kills it
        job("add-items", "open manifest.json"),
        job("remove-items", "os.rename ", new),
    ]
    before = asked(model)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TFCOLD_PROGRESS": "0"}
    done = subprocess.run(
        [sys.executable, WRITER], input=json.dumps(jobs), capture_output=True, text=True, env=environment, check=True
    )
    results = json.loads(done.stdout)

    assert [one["killed"] for one in results] == [True] * 7 + [False, True, True], done.stderr[-2000:]
    for one in results[:6]:
        versions, left = listed(one["there"]["shop"])
        assert versions == ["1"]
        assert len(left) <= 1  # its own; the one before was cleared away
    assert [len(listed(one["there"]["shop"])[1]) for one in results[6:9]] == [0, 0, 1]
    assert [listed(one["there"]["shop"])[0] for one in results[6:9]] == [["1", "2"], ["1", "2", "3"], ["1", "2", "3"]]
    assert list(results[9]["there"]) != ["shop"]  # nothing but a hidden folder
    assert not new.exists()

    for version in ("1", "2", "3"):
        check_files(model / version, read_manifest(model / version))
    assert version_folder(model).name == "3"  # whatever a killed write left
    pd.testing.assert_frame_equal(asked(model / "1"), before)
    assert "n1" in set(asked(model / "2")["item_id"])
    assert "i5" not in set(asked(model)["item_id"])


def listed(names):
    return [name for name in names if name.isdigit()], [name for name in names if name.endswith(".partial")]
