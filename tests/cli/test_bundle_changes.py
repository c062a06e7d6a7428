from __future__ import annotations

import shutil

import pandas as pd


def test_nightly_job(call, shop, bundle, tmp_path):
    """Items leave, users come, each as the next version; the card says so and every hash fits."""
    model = tmp_path / "shop"
    shutil.copytree(bundle, model)
    pd.DataFrame({"item_id": ["i1", "i8"]}).to_csv(tmp_path / "gone.csv", index=False)
    pd.DataFrame({"user_id": ["n1", "n1"], "item_id": ["i2", "i5"]}).to_csv(tmp_path / "new.csv", index=False)

    left = call("remove-items", "--model", model, "--items", tmp_path / "gone.csv", "--out", model)
    came = call("add-users", "--model", model, "--history", tmp_path / "new.csv", "--out", model)
    assert (left.code, came.code) == (0, 0), left.err + came.err
    assert left.out.startswith("2 items left, 38 stay")
    assert came.out.startswith("1 users joined, 81 in all")
    assert sorted(path.name for path in model.iterdir()) == ["1", "2", "3"]

    assert call("recommend", "--model", model, "--k", 99, "--out", tmp_path / "topk.csv").code == 0
    lists = pd.read_csv(tmp_path / "topk.csv")
    assert not set(lists["item_id"]) & {"i1", "i8"}
    assert "n1" in set(lists["user_id"])
    card = call("inspect", model, "--verify")
    assert card.code == 0
    assert "sha256 of each as written" in card.out
    assert "2 items at" in card.out
    assert "1 users at" in card.out

    again = call("remove-items", "--model", model, "--items", tmp_path / "gone.csv", "--out", model)
    assert again.code == 2
    assert len(again.errors) == 1
    assert "`--items` must be in the bundle" in again.err
    known = call("add-users", "--model", model, "--history", tmp_path / "new.csv", "--out", model)
    assert known.code == 2
    assert "`--history` must be of users new to the bundle" in known.err
    assert sorted(path.name for path in model.iterdir()) == ["1", "2", "3"]


def test_verify_names_the_file_that_changed_without_changing_size(call, bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "shop")
    path = tmp_path / "shop" / "1" / "assets.extra" / "parts.npz"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert call("inspect", tmp_path / "shop").code == 0
    answer = call("inspect", tmp_path / "shop", "--verify")
    assert answer.code == 2
    assert "parts.npz has another sha256" in answer.err
