from __future__ import annotations

import shutil

import pandas as pd
import pytest

import tfcold


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
    assert "removed 2 items at" in card.out
    assert "added 1 users at" in card.out

    again = call("remove-items", "--model", model, "--items", tmp_path / "gone.csv", "--out", model)
    assert again.code == 2
    assert len(again.errors) == 1
    assert "`--items` must be in the bundle" in again.err
    known = call("add-users", "--model", model, "--history", tmp_path / "new.csv", "--out", model)
    assert known.code == 2
    assert "`--history` must be of users new to the bundle" in known.err
    assert sorted(path.name for path in model.iterdir()) == ["1", "2", "3"]


def test_changed_items(call, shop, bundle, tmp_path):
    """i3 is cold and moves with its words, i1 is warm and stays; a price list changes neither."""
    model = tmp_path / "shop"
    shutil.copytree(bundle, model)
    items = pd.read_csv(shop.items).set_index("item_id")
    changed = items.loc[["i1", "i3"]].assign(title=items.loc[["i9", "i1"], "title"].tolist())
    changed.loc["i3", ["description", "genre"]] = items.loc["i1", ["description", "genre"]]
    changed.loc["fresh"] = items.loc["i1"]
    changed.to_csv(tmp_path / "changed.csv", index_label="item_id")
    pd.DataFrame({"item_id": ["i1", "i3"], "year": [2031, 2032]}).to_csv(tmp_path / "years.csv", index=False)

    refused = call("add-items", "--model", model, "--items", tmp_path / "changed.csv", "--out", model)
    assert refused.code == 2
    assert "knows 2 of 3 ids already" in refused.err
    done = call("add-items", "--model", model, "--items", tmp_path / "changed.csv", "--replace", "--out", model)
    assert done.code == 0, done.err
    assert done.out.startswith("1 items joined, 2 described anew, 41 in all")
    years = call("add-items", "--model", model, "--items", tmp_path / "years.csv", "--replace", "shown", "--out", model)
    assert years.code == 0, years.err
    assert years.out.startswith("2 described anew, 41 in all")

    before, words, shown = (tfcold.load(model / version) for version in "123")
    pairs = pd.DataFrame({"user_id": "u1", "item_id": ["i1", "i3", "fresh", "i9"]})
    scores = [one.score(pairs)["score"].to_numpy() for one in (before, words, shown)]
    assert scores[0][0] == pytest.approx(scores[1][0], abs=1e-6)
    assert abs(scores[0][1] - scores[1][1]) > 1e-3
    assert scores[1] == pytest.approx(scores[2], abs=1e-6)
    assert words.titles(["i1", "i3"])["title"].tolist() == changed["title"].tolist()[:2]
    assert words.titles(["i9"])["title"].tolist() == [items.loc["i9", "title"]]
    assert shown.titles(["i1", "i3"])["year"].tolist() == [2031, 2032]
    assert shown.titles(["i3"])["title"].tolist() == changed["title"].tolist()[1:2]
    pd.DataFrame({"item_id": ["i1"], "year": ["soon"]}).to_csv(tmp_path / "odd.csv", index=False)
    odd = call("add-items", "--model", model, "--items", tmp_path / "odd.csv", "--replace", "shown", "--out", model)
    assert odd.code == 2
    assert "must hold numbers in column 'year'" in odd.err
    assert sorted(path.name for path in model.iterdir()) == ["1", "2", "3"]


def test_words_of_users_are_refused_with_the_way_out(call, shop, bundle, tmp_path):
    pd.DataFrame({"user_id": ["n1"], "item_id": ["i2"]}).to_csv(tmp_path / "new.csv", index=False)
    answer = call(
        "add-users", "--model", bundle, "--history", tmp_path / "new.csv", "--users", shop.users,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert answer.code == 2
    assert len(answer.errors) == 1
    assert "fitted without words of users. Leave it out" in answer.err
    assert not (tmp_path / "out").exists()


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
