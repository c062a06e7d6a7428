"""`tfcold explain` and `tfcold recommend --more`, as a user calls them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import tfcold
from tfcold.cli import main


@pytest.fixture
def call(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_json(call, bundle):
    user = tfcold.load(bundle).user_ids[0]
    code, out, _ = call("explain", "--model", bundle, "--user", user, "--item", "i1", "--json", "--quiet")
    answer = json.loads(out)
    score = tfcold.load(bundle).score(pd.DataFrame({"user_id": [user], "item_id": ["i1"]}))["score"][0]

    assert code == 0
    assert answer["score"] == pytest.approx(score, rel=1e-6)
    assert sum(part["value"] for part in answer["parts"]) == pytest.approx(answer["score"], rel=1e-6)
    assert answer["sentence"].startswith(answer["evidence"]["item"])


def test_text_and_plot(call, bundle, tmp_path):
    user = tfcold.load(bundle).user_ids[0]
    code, out, _ = call(
        "explain", "--model", bundle, "--user", user, "--item", "i1", "--plot", tmp_path / "a.png", "--top", "2"
    )

    assert code == 0
    assert "by the item" in out
    assert "others" in out
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--user", "nobody", "--item", "i1"], "`--user`"),
        (["--user", "u1", "--item", "nothing"], "`--item`"),
        (["--user", "u1", "--item", "i1", "--plot", "split.txt"], "`--plot`"),
    ],
)
def test_mistakes(call, bundle, options, said):
    code, out, err = call("explain", "--model", bundle, *options)

    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err


def test_strength_without_words(call, bundle, tmp_path):
    code, _, err = call("recommend", "--model", bundle, "--strength", "1", "--out", tmp_path / "a.csv")

    assert code == 2
    assert "`--strength`" in err


def test_unreadable_condition(call, bundle, tmp_path):
    code, _, err = call("recommend", "--model", bundle, "--where", "year >=", "--out", tmp_path / "a.csv")

    assert code == 2
    assert "`--where`" in err
    assert not (tmp_path / "a.csv").exists()
