"""What a mistake ends with: exit code 2, one line that names the argument, nothing left behind."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfcold.progress import logger

Call = Answer = Shop = Any  # fixtures of conftest.py, see there

ROWS = "user_id,item_id\nu1,i1\nu2,i2\nu1,i2\n"
ITEMS = "item_id,title\ni1,a comet\ni2,an oven\n"


def entries(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def one_line(answer: Answer, *parts: str) -> str:
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.errors) == 1, answer.err
    for part in parts:
        assert part in answer.errors[0]
    return answer.errors[0]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "items.csv").write_text(ITEMS)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("rows.csv", None, ["`--interactions`", "does not exist", "rows.csv"]),
        ("rows.csv", "", ["`--interactions`", "empty file"]),
        ("rows.csv", "user_id,item_id\n", ["`--interactions`", "at least one row"]),
        ("rows.csv", "user,item_id\nu1,i1\n", ["`--interactions`", "user_id is missing", "'user'"]),
        ("rows.csv", "user_id,item_id\nu1,\n", ["`--interactions`", "item_id in every row", "1 of 1"]),
        ("items.csv", None, ["`--items`", "does not exist"]),
        ("items.csv", "id,title\ni1,a\n", ["`--items`", "item_id is missing"]),
        ("items.csv", "item_id,title\ni1,a\ni2,b\ni1,c\n", ["`--items`", "1 ids stand in several rows: 'i1'"]),
        ("items.csv", "item_id,title,title\ni1,a,a\n", ["`--items`", "column once", "'title'"]),
        ("items.csv", "item_id;title\ni1;a\n", ["`--items`", "separator must be a comma", ".tsv"]),
    ],
)
def test_fit_refuses_a_table(call: Call, files: Path, name: str, content: str | None, parts: list[str]) -> None:
    if content is None:
        (files / name).unlink()
    else:
        (files / name).write_text(content)
    before = entries(files)

    answer = call("fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out")

    one_line(answer, "tfcold fit: error:", *parts)
    assert entries(files) == before


@pytest.mark.parametrize("rows", ["u1,i1\n", "u1,i1\nu2,i1\nu3,i1\n"])
def test_fit_says_how_few_interactions_are_too_few(call: Call, files: Path, rows: str) -> None:
    (files / "rows.csv").write_text(f"user_id,item_id\n{rows}")
    before = entries(files)

    answer = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out",
        "--encoder", "lexical", "--quiet",
    )  # fmt: skip

    one_line(answer, "`--interactions` must be of at least 2 items", f"all {rows.count('i1')} ", "item 'i1'")
    assert entries(files) == before


def test_fit_says_that_no_id_of_the_two_tables_is_the_same(call: Call, files: Path) -> None:
    (files / "items.csv").write_text("item_id,title\nI-1,a comet\nI-2,an oven\n")
    before = entries(files)

    answer = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out",
        "--encoder", "lexical", "--quiet",
    )  # fmt: skip

    one_line(answer, "`--items` must describe items that stand in the interactions", "none of 2 ids", "'I-1', 'I-2'")
    assert entries(files) == before


def test_words_need_an_encoder_where_vectors_came_from_a_file(call: Call, files: Path) -> None:
    np.save(files / "v.npy", np.eye(2, dtype=np.float32))
    fit = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "shop",
        "--item-vectors", f"text={files / 'v.npy'}", "--encoder", "none", "--epochs", "0", "--quiet",
    )  # fmt: skip
    assert fit.code == 0, fit.err

    for option in ("--text", "--more"):
        answer = call("recommend", "--model", files / "shop", option, "comet", "--out", files / "o.csv", "--quiet")
        one_line(answer, f"`{option}` needs an encoder of block 'text'", "`tfcold encode`", "--history")


def test_explain_names_a_way_out_that_the_command_has(call: Call, bundle: Path) -> None:
    answer = call("explain", "--model", bundle, "--user", "nobody", "--item", "i1", "--quiet")

    said = one_line(answer, "`--user` must be a user of the bundle", "'nobody'", "`tfcold add-users`")
    assert "Give a `history`" not in said


def test_inspect_says_that_it_was_given_a_file(call: Call, files: Path) -> None:
    one_line(call("inspect", files / "rows.csv"), "`DIR` names a file:", "rows.csv")


@pytest.mark.parametrize(
    ("vectors", "parts"),
    [
        (np.ones((1, 3), np.float32), ["`--item-vectors text`", "2;", "has 1"]),
        (np.array([[1, np.nan], [1, 2]], np.float32), ["`--item-vectors text`", "1 of 2 rows", "NaN", "row 0"]),
        (np.zeros((2, 3), np.float32), ["`--item-vectors text`", "none that is not zeros"]),
    ],
)
def test_fit_refuses_vectors(call: Call, files: Path, vectors: Any, parts: list[str]) -> None:
    np.save(files / "v.npy", vectors)
    before = entries(files)

    answer = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out",
        "--item-vectors", f"text={files / 'v.npy'}",
    )  # fmt: skip

    one_line(answer, *parts)
    assert entries(files) == before


def test_fit_refuses_two_encoders_in_one_block(call: Call, files: Path) -> None:
    from tfcold.text import LexicalEncoder, TextVectors, write_vectors

    LexicalEncoder(4).fit(pd.read_csv(files / "items.csv")).save(files / "encoder")
    provenance = {"encoder": "other", "encoder_fingerprint": "f" * 64}
    write_vectors(files / "v.npz", TextVectors(np.array(["i1", "i2"]), np.eye(2, dtype=np.float32), provenance))
    before = entries(files)

    answer = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out",
        "--item-vectors", f"text={files / 'v.npz'}", "--encoder", files / "encoder",
    )  # fmt: skip

    one_line(answer, "'other'", "'lexical'", "two encoders")
    assert entries(files) == before


def test_add_items_refuses_another_encoder(call: Call, bundle: Path, files: Path) -> None:
    from tfcold.manifest import read_manifest
    from tfcold.text import TextVectors, write_vectors

    width = read_manifest(bundle / "1").text["lexical"]["width"]
    (files / "new.csv").write_text("item_id,title\nn1,comet\n")
    provenance = {"encoder": "other", "encoder_fingerprint": "f" * 64}
    write_vectors(files / "v.npz", TextVectors(np.array(["n1"]), np.ones((1, width), np.float32), provenance))
    before = entries(files)

    answer = call(
        "add-items", "--model", bundle, "--items", files / "new.csv", "--item-vectors", f"lexical={files / 'v.npz'}",
        "--out", files / "out",
    )  # fmt: skip

    one_line(answer, "`--item-vectors lexical`", "'other'", "'lexical'")
    assert entries(files) == before


def test_add_items_names_the_table_that_lacks_a_column(call: Call, bundle: Path, files: Path) -> None:
    (files / "new.csv").write_text("item_id,title\nn1,comet\n")

    answer = call("add-items", "--model", bundle, "--items", files / "new.csv", "--out", files / "out")

    one_line(answer, "`--items` lacks the columns", "'genre'")


@pytest.mark.parametrize("name", ["encoders/lexical/lexical.json", "encoders/lexical/lexical.npz", "items.parquet"])
def test_a_damaged_bundle_is_not_changed(call: Call, bundle: Path, shop: Shop, tmp_path: Path, name: str) -> None:
    pd.read_csv(shop.items).iloc[:1].assign(item_id="n1").to_csv(tmp_path / "new.csv", index=False)
    shutil.copytree(bundle, tmp_path / "shop")
    path = tmp_path / "shop" / "1" / "assets.extra" / name
    content = path.read_bytes()
    before = entries(tmp_path)

    for damaged in (content[: len(content) // 2], content[:3] + bytes([content[3] ^ 255]) + content[4:]):
        path.write_bytes(damaged)
        answer = call(
            "add-items", "--model", tmp_path / "shop", "--items", tmp_path / "new.csv", "--out", tmp_path / "shop"
        )
        one_line(answer, "is damaged", path.name)
    assert entries(tmp_path) == before


def test_encode_names_the_table_without_words(call: Call, files: Path) -> None:
    (files / "ids.csv").write_text("item_id\ni1\n")

    answer = call("encode", "--items", files / "ids.csv", "--out", files / "v.npz", "--encoder", "static")

    one_line(answer, "`--items` has no column of words")


@pytest.mark.parametrize("command", ["recommend", "add-items"])
def test_a_bundle_without_words_places_nothing_new(call: Call, files: Path, tmp_path: Path, command: str) -> None:
    ids = files / "ids.csv"
    ids.write_text("item_id\ni1\ni2\n")
    shop = files / "shop"
    fit = call("fit", "--interactions", files / "rows.csv", "--items", ids, "--epochs", "0", "--out", shop, "--quiet")
    assert fit.code == 0
    (files / "new.csv").write_text("item_id,title\nn1,comet\n")
    asked = {
        "recommend": ["--text", "comet", "--out", files / "topk.csv"],
        "add-items": ["--items", files / "new.csv", "--out", files / "out"],
    }[command]

    one_line(call(command, "--model", shop, "--quiet", *asked), "`--model`", "without words")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--encoder", "nonsense"], ["`--encoder`", "'nonsense'"]),
        (["--user-text", "about"], ["`--user-text`", "--users"]),
        (["--item-text", "title,plot"], ["`--item-text`", "'plot'", "'title'"]),
        (["--epochs", "-1"], ["--epochs", "'-1'"]),
        (["--epochs", "many"], ["--epochs", "'many'"]),
        (["--seed", "4294967296"], ["--seed", "from 0 to 4294967295", "'4294967296'"]),
        (["--preset", "slow"], ["--preset", "'slow'"]),
        (["--item-vectors", "v.npy"], ["--item-vectors", "NAME=FILE"]),
        (["--item-vectors", "text=v.npy"], ["`--item-vectors text`", "'v.npy'"]),
        (["--nonsense", "1"], ["--nonsense"]),
    ],
)
def test_fit_refuses_an_argument(call: Call, files: Path, arguments: list[str], parts: list[str]) -> None:
    before = entries(files)

    answer = call(
        "fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out", *arguments
    )

    one_line(answer, *parts)
    assert entries(files) == before


def test_fit_refuses_a_log_folder_that_is_a_file(call: Call, files: Path) -> None:
    tables = ["--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", files / "out"]

    one_line(call("fit", *tables, "--log-dir", files / "rows.csv"), "`--log-dir`", "names a file")


def test_fit_refuses_validation_rows_that_it_trains_on(call: Call, files: Path) -> None:
    rows = files / "rows.csv"
    before = entries(files)

    answer = call(
        "fit", "--interactions", rows, "--validation", rows, "--items", files / "items.csv", "--out", files / "out",
        "--quiet",
    )  # fmt: skip

    said = one_line(answer, "`--validation`", "`--interactions`", "3 stand in two")
    assert "user 'u1' and item 'i1'" in said
    assert "(row" not in said  # of both tables one below the other, which nobody sees
    assert entries(files) == before


@pytest.mark.parametrize("kind", ["file", "folder", "empty folder", "under a file"])
def test_out_that_is_no_bundle_is_refused_before_the_work(call: Call, files: Path, kind: str) -> None:
    out = files / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "under a file":
        out = files / "rows.csv" / "out"
    else:
        out.mkdir()
        if kind == "folder":
            (out / "thesis.txt").write_text("mine")
    before = entries(files)

    answer = call("fit", "--interactions", files / "rows.csv", "--items", files / "items.csv", "--out", out)

    one_line(answer, "`--out`", "out")
    assert entries(files) == before


@pytest.mark.parametrize("command", ["recommend", "evaluate", "inspect"])
def test_a_folder_that_is_no_bundle_is_refused(call: Call, files: Path, command: str) -> None:
    rest = {
        "recommend": ["--out", files / "topk.csv"],
        "evaluate": ["--interactions", files / "rows.csv"],
        "inspect": [],
    }[command]
    model = [files] if command == "inspect" else ["--model", files]

    one_line(call(command, *model, *rest), "no bundle", str(files))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--users", "two.csv"], ["`--users`", "user_id", "'a', 'b'"]),
        (["--candidates", "unknown.csv"], ["`--candidates`", "'nobody'"]),
        (["--history", "two.csv"], ["`--history`", "user_id, item_id is missing"]),
        (["--k", "0"], ["--k", "'0'"]),
        (["--text", " "], ["`--text`", "empty"]),
        (["--text", "comet", "--users", "two.csv"], ["`--text`", "--users"]),
    ],
)
def test_recommend_refuses(call: Call, bundle: Path, tmp_path: Path, arguments: list[str], parts: list[str]) -> None:
    (tmp_path / "two.csv").write_text("a,b\nu1,u2\n")
    (tmp_path / "unknown.csv").write_text("item_id\nnobody\n")
    before = entries(tmp_path)
    paths = [str(tmp_path / word) if word.endswith(".csv") else word for word in arguments]

    answer = call("recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--quiet", *paths)

    one_line(answer, *parts)
    assert entries(tmp_path) == before


def test_recommend_refuses_another_ending(call: Call, bundle: Path, tmp_path: Path) -> None:
    one_line(call("recommend", "--model", bundle, "--out", tmp_path / "topk.xlsx"), "`--out`", ".csv", "topk.xlsx")


def test_evaluate_refuses_rows_that_training_saw(call: Call, bundle: Path, shop: Shop) -> None:
    answer = call("evaluate", "--model", bundle, "--interactions", shop.interactions)

    one_line(answer, "`--interactions`", "saw all")


def test_encode_refuses_lexical(call: Call, files: Path) -> None:
    answer = call("encode", "--items", files / "items.csv", "--out", files / "v.npz", "--encoder", "lexical")

    one_line(answer, "`--encoder`", "lexical")


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_disk_full_while_lists_are_written(
    call: Call, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pd.DataFrame, "to_csv", no_space)

    answer = call("recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--quiet")

    one_line(answer, "disk is full")
    assert entries(tmp_path) == []


def test_disk_full_as_numpy_says_it(call: Call, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object, **__: object) -> None:
        raise OSError("23040 requested and 20416 written")  # as `ndarray.tofile`, without an errno

    monkeypatch.setattr(pd.DataFrame, "to_csv", torn)

    one_line(call("recommend", "--model", bundle, "--out", tmp_path / "topk.csv", "--quiet"), "disk is full")


def test_disk_full_at_the_last_write_of_a_fit(
    call: Call, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfcold.manifest import Manifest

    monkeypatch.setattr(Manifest, "write", no_space)

    answer = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--validation", shop.validation,
        "--encoder", "lexical", "--epochs", "0", "--out", tmp_path / "out", "--quiet",
    )  # fmt: skip

    one_line(answer, "`--out`", "No space left on device")
    assert entries(tmp_path) == []


def test_a_bug_keeps_its_traceback(call: Call, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfcold.cli.inspect.card", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        call("inspect", bundle)


def test_quiet_is_over_with_the_command(call, tmp_path, monkeypatch):
    monkeypatch.setattr(logger, "level", logging.INFO)

    assert call("inspect", tmp_path / "nowhere", "--quiet").code == 2
    assert logger.level == logging.INFO
