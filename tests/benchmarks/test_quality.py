"""The quality benchmark on a toy collection: splits, files, slices that a system cannot handle, tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

RUN = (
    "tfcold-fast,popularity,lexical profile,EASE,kernel ridge on EASE,EASE + kernel ridge,words of users,"
    "EASE + words of users"
)


@pytest.fixture(scope="module")
def quality(script: Callable[[str], ModuleType]) -> Any:
    return script("quality")


@pytest.fixture(scope="module")
def folders(
    quality: ModuleType, write_collection: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("quality")
    write_collection(root / "data" / "toys")
    places = ["--data", str(root / "data"), "--out", str(root / "out"), "--per-user", str(root / "users")]
    quality.main([*places, "--systems", RUN, "--cold-users", "--lists", str(root / "lists")])
    return root / "data", root / "out"


def figures(out: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "on-toys" / f"{name}.json").read_text())
    assert {"seed", "versions", "machine", "commit"} <= set(found)
    return dict(found["figures"])


def test_every_system_leaves_its_figures(folders: tuple[Path, Path]) -> None:
    _, out = folders
    ours = figures(out, "tfcold-fast.items.seed0")

    assert set(ours["slices"]) == {"warm", "cold_item", "all"}
    assert ours["ours"]
    ends = ours["slices"]["cold_item"]["metrics"]["ndcg@20"]
    assert 0 < ends["low"] < ends["value"] < ends["high"] < 1
    assert ours["settings"]["teacher"] in ("ials", "ease", "both")  # what the fit chose, not what it was told
    assert None not in {ours["settings"]["dim"], ours["settings"]["text_penalty"], ours["settings"]["kernel_gamma"]}
    assert ours["seconds"]["choose_and_fit"] > 0
    assert figures(out, "ease-kernel-ridge.items.seed0")["settings"]["cold_scale"] >= 1
    assert len(list((out / "on-toys").glob("*.json"))) == 2 * len(RUN.split(","))


def test_results_name_no_user_and_no_item(folders: tuple[Path, Path]) -> None:
    data, out = folders
    rows = pd.read_csv(data / "toys" / "interactions.csv.gz", dtype=str)
    said = "".join(path.read_text() for path in out.rglob("*") if path.is_file())

    assert not list(out.rglob("*.npz"))
    assert not [name for name in {*rows["user_id"], *rows["item_id"]} if f'"{name}"' in said]


def test_lists_hold_what_was_counted(folders: tuple[Path, Path]) -> None:
    data, out = folders
    rows = pd.read_csv(data / "toys" / "interactions.csv.gz", dtype=str)
    lists = pd.read_csv(
        out.parent / "lists" / "on-toys" / "ease.items.seed0.warm.csv", dtype={"user_id": str, "item_id": str}
    )
    wanted = rows.loc[rows["split"] == "warm_test", ["user_id", "item_id"]]
    found = lists[lists["rank"] <= 20].merge(wanted).groupby("user_id").size()
    share = found.reindex(wanted["user_id"].unique(), fill_value=0) / wanted.groupby("user_id").size()

    assert list(lists.columns) == ["user_id", "item_id", "rank", "score"]
    assert share.mean() == pytest.approx(
        figures(out, "ease.items.seed0")["slices"]["warm"]["metrics"]["recall@20"]["value"]
    )


def test_all_systems_are_judged_on_the_rows_of_the_split(folders: tuple[Path, Path]) -> None:
    data, out = folders
    rows = pd.read_csv(data / "toys" / "interactions.csv.gz")
    found = [figures(out, name) for name in ("tfcold-fast.items.seed0", "ease.items.seed0")]

    assert found[0]["split"] == found[1]["split"]
    for one in found:
        assert one["slices"]["warm"]["targets"] == (rows["split"] == "warm_test").sum()
        assert one["slices"]["warm"]["candidates"] == rows.loc[rows["split"] == "train", "item_id"].nunique()
    cold = rows[rows["split"] == "cold_test"]
    assert found[0]["slices"]["cold_item"]["targets"] == len(cold)
    assert found[0]["slices"]["cold_item"]["candidates"] == cold["item_id"].nunique()


def test_a_slice_out_of_reach_is_left_out(folders: tuple[Path, Path]) -> None:
    _, out = folders
    ease = figures(out, "ease.items.seed0")

    assert "cold_item" not in ease["slices"]
    assert ease["left_out"] == ["cold_item"]
    line = next(line for line in (out / "on-toys.md").read_text().splitlines() if line.startswith("| EASE |"))
    assert line.split("|")[3].strip() == "-"  # system, warm, cold


def test_cold_users_are_asked_by_what_they_reveal(folders: tuple[Path, Path]) -> None:
    data, out = folders
    cold = pd.read_csv(data / "toys" / "cold_users.csv.gz")
    rows = pd.read_csv(data / "toys" / "interactions.csv.gz")
    pool = set(rows.loc[~rows["user_id"].isin(cold["user_id"]), "item_id"])
    found = figures(out, "ease.users.seed0")["slices"]

    assert {"users_0", "users_1", "users_3", "users_5"} <= set(found)
    for known in (0, 1, 3, 5):  # all later rows of items that the other users know, whatever part they were of
        assert found[f"users_{known}"]["targets"] == (cold["order"].ge(known) & cold["item_id"].isin(pool)).sum()
        assert found[f"users_{known}"]["candidates"] == len(pool)


def test_words_of_users_tell_who_is_new(folders: tuple[Path, Path]) -> None:
    value = {
        name: figures(folders[1], f"{name}.users.seed0")["slices"]["users_0"]["metrics"]["ndcg@20"]["value"]
        for name in ("popularity", "words-of-users", "ease-words-of-users", "tfcold-fast")
    }
    assert value["ease-words-of-users"] > value["popularity"]
    assert value["words-of-users"] > value["popularity"]
    assert value["tfcold-fast"] > value["popularity"]


def test_page_tests_pairs_and_names_the_best_other(folders: tuple[Path, Path]) -> None:
    page = (folders[1] / "on-toys.md").read_text()
    value = {name: figures(folders[1], f"{name}.items.seed0") for name in ("tfcold-fast", "ease", "ease-kernel-ridge")}
    warm = {name: one["slices"]["warm"]["metrics"]["ndcg@20"]["value"] for name, one in value.items()}

    ratio = next(line for line in page.splitlines() if line.startswith("| tfcold-fast |") and " x " in line)
    assert "(p = " in ratio
    assert float(ratio.split("|")[2].split(" x ")[0]) <= round(warm["tfcold-fast"] / warm["ease"], 3)
    assert f"{warm['ease']:.4f} [" in page


def test_page_shows_how_often_cold_items_are_listed(folders: tuple[Path, Path]) -> None:
    page = (folders[1] / "on-toys.md").read_text()
    ends = figures(folders[1], "tfcold-fast.items.seed0")["slices"]["all"]["metrics"]
    listed, wanted = (ends[f"{name}@20"]["value"] for name in ("cold_share", "cold_target_share"))
    table = page[page.index("calibration of the one list") :]

    assert 0 < listed < 1
    assert f"| tfcold-fast | {listed:.3f} | {wanted:.3f} | {listed / wanted:.2f} |" in table
    assert f"| EASE | 0.000 | {wanted:.3f} | 0.00 |" in table
    assert page.count("calibration of the one list") == 1  # new users have no cold items to be found


def test_page_comes_again_without_the_single_users(
    quality: ModuleType, folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = folders
    before = (out / "on-toys.md").read_text()
    try:
        quality.main(
            [
                "--data",
                str(data),
                "--out",
                str(out),
                "--per-user",
                str(tmp_path),
                "--table-only",
                "--collections",
                "toys",
            ]
        )
    finally:
        (out / "on-toys.md").write_text(before)
    said = capsys.readouterr().out

    values = [float(cell) for cell in _cells(before, "EASE")]
    assert values == [float(cell) for cell in _cells(said, "EASE")]
    assert "(p = " in before
    assert "(p = " not in said


def _cells(page: str, system: str) -> list[str]:
    """The values of a system's first line."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {system} |"))
    cells = [cell.strip().strip("*").split(" ")[0] for cell in line.split("|")[2:-1]]
    return [cell for cell in cells if cell != "-"]


def test_who_needs_words_says_so(
    quality: ModuleType, write_collection: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_collection(tmp_path / "data" / "toys", words=False)
    quality.main([
        "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--per-user", str(tmp_path / "users"),
        "--systems", "lexical profile,semantic profile",
    ])  # fmt: skip
    said = capsys.readouterr().out

    assert figures(tmp_path / "out", "lexical-profile.items.seed0")["unable"] == "needs words of items"
    assert "lexical profile cannot take part: needs words" in said
    assert "| lexical profile | - | - | - |" in said
    assert figures(tmp_path / "out", "semantic-profile.items.seed0")["settings"] == {"block": "image"}


def test_unknown_names_are_refused(quality: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        quality.main(["--data", str(tmp_path), "--systems", "SVD++"])
    assert "no system 'SVD++'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"must hold folders with interactions\.csv\.gz"):
        quality.main(["--data", str(tmp_path), "--systems", "EASE"])
