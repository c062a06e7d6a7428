from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tfcold.cli.language import write_table
from tfcold.cli.quoting import quoting_of

ODD = ["a\rb", "c\r\nd", "e\nf", 'g"h', "i,j", "\r"]


def test_an_id_with_a_carriage_return_stays_in_its_cell(call: Any, bundle: Path, tmp_path: Path) -> None:
    pd.DataFrame({"user_id": ["u1", *ODD]}).to_csv(tmp_path / "users.csv", index=False, quoting=csv.QUOTE_ALL)

    answer = call(
        "recommend", "--model", bundle, "--users", tmp_path / "users.csv", "--k", 2, "--out", tmp_path / "topk.csv"
    )

    assert answer.code == 0, answer.err
    with open(tmp_path / "topk.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for lists in (pd.DataFrame(rows), pd.read_csv(tmp_path / "topk.csv", dtype={"user_id": str})):
        assert lists["user_id"].tolist() == [user for user in ["u1", *ODD] for _ in range(2)]
        assert lists["rank"].astype(int).tolist() == [1, 2] * 7
        assert lists["score"].astype(float).notna().all()


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"item_id": ODD, "od\rd": [1.5, None, 2, 3, 4, 5], "title": ["x", None, "y", "z\r", "v", "w"]})
    write_table(str(tmp_path / name), table)

    found = pd.read_csv(tmp_path / name, sep="\t" if ".tsv" in name else ",")
    pd.testing.assert_frame_equal(found, table, check_dtype=False)


def test_nothing_is_quoted_that_need_not_be() -> None:
    assert quoting_of(pd.DataFrame({"item_id": ODD[2:-1], "rank": [1, 2, 3]})) == csv.QUOTE_MINIMAL
