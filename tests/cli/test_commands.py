"""The commands on a small shop, through the bundle that `tfcold fit` wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfcold.data import synthetic_world

Call = Shop = Any  # fixtures of conftest.py, see there


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"user_id": str, "item_id": str})


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["user_id"], frame["item_id"], strict=True))


def test_recommend_all_users_without_what_they_did(call: Call, bundle: Path, shop: Shop, tmp_path: Path) -> None:
    answer = call("recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--k", "5")

    assert answer.code == 0, answer.err
    lists, trained = read(tmp_path / "topk.csv"), read(Path(shop.interactions))
    assert list(lists.columns) == ["user_id", "item_id", "rank", "score"]
    assert set(trained["user_id"]) <= set(lists["user_id"])
    assert (lists.groupby("user_id").size() == 5).all()
    assert pairs(lists) & pairs(trained) == set()
    assert lists.groupby("user_id")["rank"].apply(list).iloc[0] == [1, 2, 3, 4, 5]
    assert (lists.groupby("user_id")["score"].diff().dropna() <= 0).all()
    new = ~lists["item_id"].isin(trained["item_id"])
    assert f"{new.mean():.1%} of them of items without interactions" in answer.out


def test_recommend_for_users_among_candidates_without_excluded_pairs(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id\nu5\nu2\nu5\n")
    (tmp_path / "candidates.csv").write_text("item_id\ni3\ni8\ni37\n")
    (tmp_path / "exclude.csv").write_text("user_id,item_id\nu5,i3\n")

    answer = call(
        "recommend", "--model", bundle, "--out", tmp_path / "topk.csv.gz", "--users", tmp_path / "users.csv",
        "--candidates", tmp_path / "candidates.csv", "--exclude", tmp_path / "exclude.csv",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    lists = read(tmp_path / "topk.csv.gz")
    assert lists["user_id"].tolist() == ["u5"] * 2 + ["u2"] * 3  # i3, i8 are cold, i37 untouched: nobody did them
    assert pairs(lists) == {("u5", "i8"), ("u5", "i37"), ("u2", "i3"), ("u2", "i8"), ("u2", "i37")}


def test_recommend_from_history_and_to_the_unknown(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id\nnobody\nnew\nu2\n")
    (tmp_path / "history.csv").write_text("user_id,item_id\nnew,i0\nnew,i1\n")

    answer = call(
        "recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--users", tmp_path / "users.csv",
        "--history", tmp_path / "history.csv", "--k", "1000",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert "1 of 3 users are unknown to the model" in answer.err
    lists = read(tmp_path / "topk.csv")
    assert lists["user_id"].drop_duplicates().tolist() == ["nobody", "new", "u2"]
    assert {"i0", "i1"} & set(lists[lists["user_id"] == "new"]["item_id"]) == set()
    assert (lists["user_id"] == "nobody").sum() == 40  # k is larger than the catalogue


@pytest.mark.parametrize("epochs", ["0", "1"])
def test_fit_on_so_few_rows_that_none_can_play_validation(call: Call, tmp_path: Path, epochs: str) -> None:
    # u1 and u2 have a row each: held out, either would be a user of whom nothing is known
    (tmp_path / "rows.csv").write_text("user_id,item_id\nu1,i1\nu2,i2\n")
    (tmp_path / "items.csv").write_text("item_id,title\ni1,a comet\ni2,an oven\ni3,a comet and an oven\n")

    answer = call(
        "fit", "--interactions", tmp_path / "rows.csv", "--items", tmp_path / "items.csv", "--encoder", "lexical",
        "--epochs", epochs, "--out", tmp_path / "out", "--quiet",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert (tmp_path / "out" / "1" / "saved_model.pb").is_file()


def test_an_empty_history_is_a_table_without_rows(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("user_id,item_id\n")

    answer = call("recommend", "--model", bundle, "--history", tmp_path / "history.csv", "--out", tmp_path / "o.csv")

    assert answer.code == 0
    assert (tmp_path / "o.csv").read_text() == "user_id,item_id,rank,score\n"


def test_a_history_of_unknown_items_is_pointed_out(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("user_id,item_id\na,i1\na,strange\nb,odd\n")

    answer = call("recommend", "--model", bundle, "--history", tmp_path / "history.csv", "--out", tmp_path / "o.csv")

    assert answer.code == 0
    assert "2 of 3 rows of the history name items that the model does not know ('strange', 'odd')" in answer.err


def test_held_out_rows_of_unknown_items_are_pointed_out(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("user_id,item_id\nu1,strange\n")

    answer = call("evaluate", "--model", bundle, "--interactions", tmp_path / "rows.csv")

    assert answer.code == 0
    assert "1 of 1 held-out rows name items that the bundle does not know ('strange')" in answer.err


def test_history_alone_says_who_asks(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("user_id,item_id\nb,i0\na,i1\nb,i2\n")

    call(
        "recommend",
        "--model",
        bundle,
        "--out",
        tmp_path / "topk.csv",
        "--history",
        tmp_path / "history.csv",
        "--k",
        "1",
    )

    assert read(tmp_path / "topk.csv")["user_id"].tolist() == ["b", "a"]


def test_text_finds_items_of_its_words(call: Call, bundle: Path, shop: Shop, tmp_path: Path) -> None:
    items = pd.read_csv(shop.items).set_index("item_id")
    answer = call(
        "recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--k", "5",
        "--text", "a galaxy, a planet, an astronaut", "--text", "kitchen recipe chef",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    lists = read(tmp_path / "topk.csv")
    genres = lists.groupby("user_id", sort=False)["item_id"].apply(lambda ids: items.loc[ids, "genre"].mode()[0])
    assert genres.to_dict() == {"a galaxy, a planet, an astronaut": "space", "kitchen recipe chef": "cooking"}


def test_evaluate_writes_the_figures_of_the_lists(call: Call, bundle: Path, shop: Shop, tmp_path: Path) -> None:
    """NDCG of the command against lists of `recommend`, by hand."""
    answer = call(
        "evaluate", "--model", bundle, "--interactions", shop.test, "--exclude", shop.validation,
        "--json", tmp_path / "figures.json", "--k", "5",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    figures = json.loads((tmp_path / "figures.json").read_text())["regimes"]
    assert set(figures) == {"warm", "cold_item", "all"}
    assert "Cold items" in answer.out

    test, trained = read(Path(shop.test)), read(Path(shop.interactions))
    warm = test[test["item_id"].isin(trained["item_id"]) & test["user_id"].isin(trained["user_id"])]
    pd.DataFrame({"item_id": sorted(set(trained["item_id"]))}).to_csv(tmp_path / "warm.csv", index=False)
    call(
        "recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--candidates", tmp_path / "warm.csv",
        "--exclude", shop.validation, "--k", "5",
    )  # fmt: skip
    lists, reached = read(tmp_path / "topk.csv"), []
    for user, rows in warm.groupby("user_id"):
        wanted = set(rows["item_id"])
        listed = lists[lists["user_id"] == user].sort_values("rank")["item_id"]
        gain = sum(1 / np.log2(place + 2) for place, item in enumerate(listed) if item in wanted)
        reached.append(gain / sum(1 / np.log2(place + 2) for place in range(min(5, len(wanted)))))

    assert figures["warm"]["metrics"]["ndcg@5"]["value"] == pytest.approx(np.mean(reached), abs=1e-6)
    assert figures["warm"]["users"] == len(reached)


def test_evaluate_among_candidates_lists_nothing_else(call: Call, bundle: Path, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text("item_id\ni37\n")  # untouched: no target

    call(
        "evaluate", "--model", bundle, "--interactions", shop.test, "--candidates", tmp_path / "candidates.csv",
        "--json", tmp_path / "figures.json",
    )  # fmt: skip

    figures = json.loads((tmp_path / "figures.json").read_text())["regimes"]
    assert {regime["metrics"]["recall@20"]["value"] for regime in figures.values()} == {0.0}


def test_add_items_recommends_them(call: Call, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(
        "item_id,title,description,genre,year\nn1,Comet rocket,orbit galaxy starship,space,2020\n"
    )
    answer = call("add-items", "--model", bundle, "--items", tmp_path / "new.csv", "--out", tmp_path / "grown")
    assert answer.code == 0, answer.err
    assert "41 in all" in answer.out

    (tmp_path / "candidates.csv").write_text("item_id\nn1\ni3\ni8\ni37\ni38\ni39\n")  # all of them cold
    first = {}
    for text in ("comet rocket galaxy orbit", "kitchen recipe chef noodle"):
        call(
            "recommend", "--model", tmp_path / "grown", "--text", text, "--out", tmp_path / "t.csv",
            "--candidates", tmp_path / "candidates.csv",
        )  # fmt: skip
        first[text] = read(tmp_path / "t.csv").set_index("item_id")["rank"]["n1"]
    assert first["comet rocket galaxy orbit"] < first["kitchen recipe chef noodle"]


def test_inspect_is_readable_and_json(call: Call, bundle: Path) -> None:
    text, content = call("inspect", bundle).out, json.loads(call("inspect", bundle / "1", "--json").out)

    assert "80 users, 40 items" in text
    assert "block lexical" in text
    assert "tfcold, validation rows:" in text
    assert "cold_item" in text
    assert content["sizes"]["items"] == 40


def test_a_second_fit_adds_a_version_and_tensorboard_logs(call: Call, shop: Shop, tmp_path: Path) -> None:
    """Vectors only, no words: the items table has ids alone; the second fit has not even vectors."""
    items = pd.read_csv(shop.items)[["item_id"]]
    items.to_csv(tmp_path / "items.csv", index=False)
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(len(items), 6)).astype(np.float32))
    fit = ["fit", "--interactions", shop.interactions, "--items", tmp_path / "items.csv", "--out", tmp_path / "out"]

    first = call(*fit, "--item-vectors", f"image={tmp_path / 'v.npy'}", "--epochs", "1", "--log-dir", tmp_path / "logs")
    second = call(*fit, "--epochs", "0", "--store", "int8", "--search", "approximate")

    assert first.code == 0, first.err
    assert second.code == 0, second.err
    assert "image" in first.out
    assert "ids alone" in second.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items.csv", "logs", "out", "v.npy"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1", "2"]
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))
    cards = [json.loads(call("inspect", tmp_path / "out" / version, "--json").out) for version in ("1", "2")]
    assert [(card["store"], card["search"]) for card in cards] == [("float32", "exact"), ("int8", "approximate")]
    assert "exact, though approximate was asked for" in call("inspect", tmp_path / "out" / "2").out  # too few items


def test_users_with_words_make_blocks(call: Call, shop: Shop, tmp_path: Path) -> None:
    answer = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--users", shop.users,
        "--encoder", "lexical",
        "--validation", shop.validation, "--epochs", "0", "--out", tmp_path / "out",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert "user_lexical" in answer.out
    assert "Cold items" in answer.out


def test_encode_writes_vectors_that_fit_reads(call: Call, shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    """A fitted lexical encoder in a folder stands for a language model; the second run reads the store."""
    from tfcold.text import LexicalEncoder

    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "cache"))
    LexicalEncoder(8).fit(pd.read_csv(shop.items)).save(tmp_path / "encoder")
    encode = ["encode", "--items", shop.items, "--item-text", "title", "--encoder", tmp_path / "encoder"]
    for name in ("v.npz", "v.npy", "v.parquet"):
        assert call(*encode, "--out", tmp_path / name).code == 0
    assert np.load(tmp_path / "v.npy").shape == (40, 8)
    with np.load(tmp_path / "v.npz") as content:
        assert content["ids"].tolist()[:2] == ["i0", "i1"]

    answer = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--item-vectors",
        f"text={tmp_path / 'v.npz'}", "--encoder", tmp_path / "encoder", "--epochs", "0", "--out", tmp_path / "out",
    )  # fmt: skip
    assert answer.code == 0, answer.err  # the file says that this very encoder wrote it


@pytest.mark.slow
def test_a_fit_interrupted_before_an_epoch_leaves_nothing(
    call: Call, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfcold.training.callbacks import RegimeValidation

    def interrupted(self: Any, logs: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RegimeValidation, "on_train_begin", interrupted)
    answer = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--validation", shop.validation,
        "--encoder", "lexical", "--epochs", "2", "--out", tmp_path / "out", "--quiet",
    )  # fmt: skip

    assert answer.code == 130
    assert answer.errors == ["tfcold fit: interrupted. Nothing was written"]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_fit_goes_on(call: Call, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfcold.training.callbacks import RegimeValidation

    seen: list[int] = []
    whole = RegimeValidation.on_epoch_end

    def interrupted(self: Any, epoch: int, logs: Any = None) -> None:
        seen.append(epoch)
        if seen == [0, 1]:
            raise KeyboardInterrupt
        whole(self, epoch, logs)

    monkeypatch.setattr(RegimeValidation, "on_epoch_end", interrupted)
    monkeypatch.setattr(RegimeValidation, "relative", lambda self, figures: 1.0 + len(seen))  # every epoch gains
    fit = [
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--validation", shop.validation,
        "--encoder", "lexical", "--epochs", "3", "--out", tmp_path / "out",
    ]  # fmt: skip

    first = call(*fit)
    assert first.code == 130
    assert "Run the same command again" in first.errors[-1]
    assert [path.name.startswith(".out.work-") for path in tmp_path.iterdir()] == [True]

    second = call(*fit)
    assert second.code == 0, second.err
    assert "going on from the last finished epoch" in second.err
    assert seen == [0, 1, 1, 2]  # epoch 0 was not done again
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("command", ["demo", "fit", "recommend", "evaluate", "encode", "add-items", "inspect", "serve"])
def test_help_teaches_by_example(call: Call, command: str) -> None:
    answer = call(command, "--help")

    assert answer.code == 0
    assert "example" in answer.out
    assert f"tfcold {command} " in answer.out


def test_the_console_starts_without_tensorflow() -> None:
    """`--version` and `--help` answer at once: neither TensorFlow nor pandas is loaded."""
    code = (
        "import sys; from tfcold.cli import main; code = main(['--version']);"
        "heavy = {'tensorflow', 'pandas'} & set(sys.modules); sys.exit(str(heavy) if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tfcold ")


def test_python_m_tfcold_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tfcold", "inspect", "nowhere"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("tfcold inspect: error: ")
    assert "'nowhere'" in done.stderr


@pytest.mark.parametrize("name", ["plays", "page"])
def test_how_often_counts_where_it_tells_validation_rows_something(
    call: Call, shop: Shop, tmp_path: Path, name: str
) -> None:
    interactions, _, _ = synthetic_world(num_users=80, num_items=40, rows_per_user=10, seed=3)
    frame = interactions.frame.rename(columns={"rating": name})
    rows = read(Path(shop.interactions))[["user_id", "item_id"]].merge(frame)  # the better liked, the more
    rows.to_csv(tmp_path / "plays.csv", index=False)
    answer = call(
        "fit", "--interactions", tmp_path / "plays.csv", "--items", shop.items, "--validation", shop.validation,
        "--encoder", "lexical", "--epochs", "0", "--out", tmp_path / "model",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert ("plays is read as weight" in answer.err) == (name == "plays")
    assert ("confidence_spread 0," in answer.out) == (name == "page")
