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


def test_words_of_users_are_refused_with_the_way_out(call, bundle, tmp_path):
    pd.DataFrame({"user_id": ["n1"], "item_id": ["i2"]}).to_csv(tmp_path / "new.csv", index=False)
    pd.DataFrame({"user_id": ["n1", "n2"], "about": "likes glaciers"}).to_csv(tmp_path / "users.csv", index=False)
    answer = call(
        "add-users", "--model", bundle, "--history", tmp_path / "new.csv", "--users", tmp_path / "users.csv",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert answer.code == 2
    assert len(answer.errors) == 1
    assert "`--users` must be left out: this model was fitted without words of users" in answer.err
    assert "received words of 2 users. Users then go by `--history`" in answer.err
    nobody = call("add-users", "--model", bundle, "--out", tmp_path / "out")
    assert nobody.code == 2
    assert "`--history` or `--users` must be given; received neither" in nobody.err
    assert not (tmp_path / "out").exists()


def test_users_join_with_their_words(call, shop, tmp_path):
    """`still` stood in the users table of the fit and did nothing; `n1`, who says the same, joins later."""
    users = pd.read_csv(shop.users)
    words = users.loc[5, "about"]
    pd.concat([users, pd.DataFrame({"user_id": ["still"], "about": [words]})]).to_csv(tmp_path / "all.csv", index=False)
    new = pd.DataFrame({"user_id": ["n1", "n2", "n3"], "about": [words, words, None]})
    new.to_csv(tmp_path / "new.csv", index=False)
    history = pd.DataFrame({"user_id": ["n2", "n2", "n4"], "item_id": ["i2", "i5", "i5"]})
    history.to_csv(tmp_path / "history.csv", index=False)
    model = tmp_path / "shop"
    fitted = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--users", tmp_path / "all.csv",
        "--validation", shop.validation, "--encoder", "lexical", "--epochs", "0", "--out", model,
    )  # fmt: skip
    assert fitted.code == 0, fitted.err
    came = call(
        "add-users", "--model", model, "--history", tmp_path / "history.csv", "--users", tmp_path / "new.csv",
        "--out", model,
    )  # fmt: skip
    assert came.code == 0, came.err
    assert came.out.startswith("4 users joined, 85 in all")

    memory = tfcold.load(model / "1")
    memory.add_users(history, new)
    for one in (tfcold.load(model), memory):
        said = {name: one.recommend([name], k=99) for name in ("still", "n1", "n2", "n3", "n4", "nobody")}
        for alike in (("still", "n1"), ("n3", "nobody")):
            first, second = (said[name] for name in alike)
            assert first["item_id"].tolist() == second["item_id"].tolist()
            assert first["score"].to_numpy() == pytest.approx(second["score"].to_numpy(), rel=1e-6, abs=1e-5)
        told = one.recommend_from_history(history[history["user_id"] == "n4"], k=99)
        assert said["n4"]["score"].to_numpy() == pytest.approx(told["score"].to_numpy(), rel=1e-6, abs=1e-5)
        told = one.recommend_from_history(history[history["user_id"] == "n2"], k=99)
        for name, without in (("n1", said["nobody"]), ("n2", told)):
            scores = [frame.set_index("item_id")["score"].sort_index() for frame in (said[name], without)]
            assert (scores[0] - scores[1]).abs().max() > 1e-4  # words say something
    card = call("inspect", model, "--verify")
    assert card.code == 0
    assert "user block user_lexical" in card.out
    assert card.out.count("encoder kept in the bundle") == 2

    (tmp_path / "asked.csv").write_text("user_id\nn1\nn9\n")
    answer = call(
        "recommend", "--model", model, "--users", tmp_path / "asked.csv", "--k", "3", "--out", tmp_path / "lists.csv"
    )
    assert "1 of 2 users are unknown" in answer.err
    assert "`tfcold add-users --users` takes in those who are described" in answer.err


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
