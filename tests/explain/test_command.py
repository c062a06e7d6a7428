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


def test_json(call, world, bundle):
    user = world.trained.user_ids.ids[0]
    code, out, _ = call("explain", "--model", bundle, "--user", user, "--item", "i1", "--json", "--quiet")
    answer = json.loads(out)
    score = tfcold.load(bundle).score(pd.DataFrame({"user_id": [user], "item_id": ["i1"]}))["score"][0]

    assert code == 0
    assert answer["score"] == pytest.approx(score, rel=1e-6)
    assert sum(part["value"] for part in answer["parts"]) == pytest.approx(answer["score"], rel=1e-6)
    assert answer["evidence"]["item"] in answer["sentence"]
    assert (answer["sentence_made_by"], answer["sentence_refused"]) == ("tfcold", [])


def test_text_and_plot(call, world, bundle, tmp_path):
    user = world.trained.user_ids.ids[0]
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
        (["--user", "u1", "--item", "i1", "--dry-run"], "`--dry-run`"),
        (["--user", "u1", "--item", "i1", "--columns", "title"], "`--columns`"),
        (["--user", "u1", "--item", "i1", "--llm", "nobody"], "`--llm`"),
        (["--user", "u1", "--item", "i1", "--llm", "https://llm.example.com/v1#m", "--allow-remote"], "`--llm`"),
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


# -- with a language model ---------------------------------------------------------------------------------------------


@pytest.fixture
def asked(call, world, bundle, monkeypatch, tmp_path):
    """`tfcold explain` of a pair that is there, with more options."""
    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "cache"))
    user = world.trained.user_ids.ids[0]
    return lambda *more: call("explain", "--model", bundle, "--user", user, "--item", "i1", *more)


def test_sentence_of_a_model(asked, server):
    code, out, err = asked("--llm", f"{server.url}#small")
    again = asked("--llm", f"{server.url}#small")

    assert code == 0, err
    title = json.loads(server.asked[0]["messages"][-1]["content"].removeprefix("<facts>").removesuffix("</facts>"))
    assert f"{title['item']} goes with " in out
    assert f"(by {server.url}#small, explain.v1, from these facts; checked)" in out
    assert "120 tokens spent" in out
    assert len(server.asked) == 1  # the second time, nothing is asked
    assert "0 tokens spent" in again[1]


def test_refused_sentence_gives_way_to_the_template(asked, serve):
    def dreamer(body):
        data = json.loads(body["messages"][-1]["content"].removeprefix("<facts>").removesuffix("</facts>"))
        return json.dumps({"row": data["row"], "sentence": f"{data['item']} won 11 Oscars."})

    server = serve()
    server.say = dreamer
    without = json.loads(asked("--json")[1])
    answer = json.loads(asked("--llm", f"{server.url}#small", "--json")[1])
    text = asked("--llm", f"{server.url}#small")[1]

    assert answer["sentence"] == without["sentence"]
    assert answer["sentence_refused"] == ["number 11", "word 'won'", "word 'oscars'"]
    assert "(by template; the model's sentence is not taken: number 11; word 'won'; word 'oscars')" in text


def test_model_that_is_down_costs_nothing_but_a_warning(asked, serve):
    server = serve()
    server.script.extend([401])
    code, out, _ = asked("--llm", f"{server.url}#small")

    assert code == 0
    assert "(by template; the model's sentence is not taken:" in out
    assert "HTTP 401" in out


def test_dry_run_asks_nobody(asked, server):
    code, out, _ = asked("--llm", f"{server.url}#small", "--dry-run", "--columns", "title", "--price", "1,2")

    assert code == 0
    assert "columns: title" in out
    assert "1 to ask" in out
    assert "of money" in out
    assert server.asked == []


def test_columns_for_another_machine(asked, monkeypatch):
    monkeypatch.delenv("TFCOLD_NO_REMOTE")
    llm = ["--llm", "https://llm.example.com/v1#m", "--dry-run"]

    assert "`--allow-remote`" in asked(*llm)[2]
    assert "`--columns` must say which columns may leave" in asked(*llm, "--allow-remote")[2]
    assert "no 'margin'" in asked(*llm, "--allow-remote", "--columns", "title,margin")[2]
    assert asked(*llm, "--allow-remote", "--columns", "title")[0] == 0


def test_causal_lm_of_keras_nlp(asked, causal_folder):
    """It speaks nonsense, which is not of the form: the template says it, and why."""
    code, out, err = asked("--llm", causal_folder)

    assert code == 0, err
    assert "(by template; the model's sentence is not taken: there is no JSON object in it)" in out
