"""`tfcold enrich`, `profile` and a remote encoder, as somebody types them, against a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

Call = Shop = Any  # fixtures of conftest.py, see there
MADE = ["profile_made_by", "profile_made_with", "profile_made_at"]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    path.write_text(
        "item_id,title,brand\n007,A comet,x\n008,Oven. Ask jo@example.com,y\n009,A wolf of user_4711,x\n010,,\n"
    )
    return path


def enrich(call: Call, server: Any, items: Path, out: Path, *more: str) -> Any:
    return call("enrich", "--items", items, "--out", out, "--model", f"{server.url}#small", *more)


def test_enrich_keeps_the_table_and_adds_columns(call: Call, server: Any, items: Path, tmp_path: Path) -> None:
    answer = enrich(call, server, items, tmp_path / "rich.csv", "--columns", "title")

    assert answer.code == 0, answer.err
    before, after = (pd.read_csv(path, dtype=str) for path in (items, tmp_path / "rich.csv"))
    pd.testing.assert_frame_equal(after[before.columns], before)
    assert after["llm_what"][0] == "a thing called A comet"
    assert "3 of 4 rows have an answer, 0 of them from an earlier run" in answer.out
    assert "1 rows were left as they were: they have no words" in answer.out
    assert "masked: 1 email" in answer.out
    assert "360 tokens spent in this run" in answer.out  # 3 * (100 + 20)
    assert "3 to ask" in answer.err  # the estimate, before anything is asked


def test_second_run_costs_nothing_and_writes_the_same_bytes(
    call: Call, server: Any, items: Path, tmp_path: Path
) -> None:
    enrich(call, server, items, tmp_path / "a.csv.gz")
    answer = enrich(call, server, items, tmp_path / "b.csv.gz")

    assert len(server.asked) == 3
    assert "0 tokens spent" in answer.out
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_dry_run_asks_and_writes_nothing(call: Call, server: Any, items: Path, tmp_path: Path) -> None:
    answer = enrich(
        call, server, items, tmp_path / "rich.csv", "--columns", "title", "--dry-run", "--price", "1,2",
        "--list-masked",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert server.asked == []
    assert not (tmp_path / "rich.csv").exists()
    assert "columns: title" in answer.out
    assert "3 rows, 3 of them distinct, 0 answered already: 3 to ask" in answer.out
    assert "of money" in answer.out
    assert "jo@example.com" in answer.out  # listed because it was asked for


def test_masked_things_are_listed_only_when_asked(call: Call, server: Any, items: Path, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id\nuser_4711\n")

    quiet = enrich(call, server, items, tmp_path / "a.csv", "--mask-users", str(tmp_path / "users.csv"))
    loud = enrich(call, server, items, tmp_path / "b.csv", "--mask-users", str(tmp_path / "users.csv"), "--list-masked")

    assert "masked: 1 email, 1 user_id" in quiet.out
    assert "jo@example.com" not in quiet.out + quiet.err
    assert "user_4711" in loud.out
    assert not any(secret in json.dumps(server.asked) for secret in ("jo@example.com", "user_4711"))


def test_budget_ends_with_2_and_the_next_run_goes_on(call: Call, server: Any, items: Path, tmp_path: Path) -> None:
    out = tmp_path / "rich.csv"
    stopped = enrich(call, server, items, out, "--budget-tokens", "700", "--concurrency", "1")

    assert stopped.code == 2
    assert len(stopped.errors[-1].splitlines()) == 1
    assert "the budget is used up" in stopped.err
    assert "of 3 rows are done" in stopped.err
    assert not out.exists()
    before = len(server.asked)
    assert 0 < before < 3

    assert enrich(call, server, items, out).code == 0
    assert len(server.asked) == 3  # only what was missing


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--columns", "margin"], "no 'margin'"),
        (["--columns", "item_id"], "ids are never sent"),
        (["--prompt", "enrich.v9"], "`--prompt` must be one of enrich.v1"),
        (["--budget-money", "1"], "needs `--price P,C`"),
        (["--price", "cheap"], "two prices"),
        (["--prefix", "brand", "--prompt", "PROMPT"], "already has 'brand_x'"),
        (["--phone-region", "XX"], "`--phone-region` must be"),
        (["--timeout", "0"], "above 0"),
    ],
)
def test_mistakes(call: Call, server: Any, items: Path, tmp_path: Path, more: list[str], words: str) -> None:
    prompt = tmp_path / "own.txt"
    prompt.write_text(
        '--- schema ---\n{"type": "object", "properties": {"row": {"type": "string"}, "x": {"type": "string"}}}\n'
        "--- system ---\nSay.\n--- user ---\n{{data}}\n"
    )
    items.write_text(items.read_text().replace("brand\n", "brand_x\n") if "PROMPT" in more else items.read_text())

    answer = enrich(
        call, server, items, tmp_path / "o.csv", *[str(prompt) if word == "PROMPT" else word for word in more]
    )

    assert answer.code == 2
    assert words in answer.err
    assert server.asked == []
    assert not (tmp_path / "o.csv").exists()


def test_another_machine_is_forbidden_by_the_switch(call: Call, items: Path, tmp_path: Path) -> None:
    answer = call(
        "enrich", "--items", items, "--out", tmp_path / "o.csv", "--model", "https://llm.example.com/v1#small",
        "--columns", "title", "--allow-remote",
    )  # fmt: skip

    assert answer.code == 2
    assert "TFCOLD_NO_REMOTE forbids" in answer.err


def test_another_machine_needs_leave(call: Call, items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFCOLD_NO_REMOTE")
    model = ["--model", "https://llm.example.com/v1#small", "--items", items, "--out", tmp_path / "o.csv"]

    without = call("enrich", *model, "--columns", "title", "--dry-run")
    no_columns = call("enrich", *model, "--allow-remote", "--dry-run")
    dry = call("enrich", *model, "--allow-remote", "--columns", "title", "--dry-run")  # calls nobody

    assert without.code == 2
    assert "Allow it with `--allow-remote`" in without.err
    assert no_columns.code == 2
    assert "`--columns` must say which columns may leave this machine" in no_columns.err
    assert dry.code == 0, dry.err


def test_key_is_in_no_file_and_no_line(
    call: Call, server: Any, items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFCOLD_API_KEY", "sk-very-secret")
    server.script.extend([429, (503, {})])  # both quote it

    answer = enrich(call, server, items, tmp_path / "rich.csv", "--verbose")

    assert answer.code == 0, answer.err
    assert any("very-secret" in str(seen) for seen in server.headers_seen)
    assert "very-secret" not in answer.out + answer.err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"very-secret" in path.read_bytes()]


def test_interrupted_run_goes_on(server: Any, tmp_path: Path) -> None:
    """Ctrl-C in the middle of 40 rows: exit code 130, and the second run asks the rest alone."""
    rows = "".join(f"i{row},thing {row}\n" for row in range(40))
    (tmp_path / "many.csv").write_text(f"item_id,title\n{rows}")
    server.pause, server.pause_from = 4.0, 8  # the other 32 would take more than a minute
    command = [
        sys.executable, "-m", "tfcold", "enrich", "--items", str(tmp_path / "many.csv"), "--out",
        str(tmp_path / "o.csv"), "--model", f"{server.url}#small", "--concurrency", "2",
    ]  # fmt: skip
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # a run in the background passes on that it is ignored
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while len(server.asked) < 10 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    asked = len(server.asked)

    assert process.returncode == 130
    assert "interrupted. Run the same command again" in said
    assert asked == 10  # eight answers, and two questions under way
    assert not (tmp_path / "o.csv").exists()
    server.pause = 0.0
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert 40 <= len(server.asked) <= 42  # the two that were under way are asked again


# -- profile -----------------------------------------------------------------------------------------------------------


def test_profile_without_a_model_is_user_text_of_fit(call: Call, shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "users.csv"

    answer = call("profile", "--interactions", shop.interactions, "--items", shop.items, "--out", out)

    assert answer.code == 0, answer.err
    users = pd.read_csv(out, dtype=str)
    assert list(users.columns) == ["user_id", "profile", *MADE]
    assert users["profile"].str.match(r"(Likes .+\. )?Typical: .+\.").all()
    assert f"{len(users)} users have a profile" in answer.out
    fitted = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--users", out, "--user-text", "profile",
        "--encoder", "lexical", "--epochs", "0", "--out", tmp_path / "model", "--quiet",
    )  # fmt: skip
    assert fitted.code == 0, fitted.err
    assert "user_lexical" in json.dumps(json.loads(next((tmp_path / "model").rglob("manifest.json")).read_text()))


def test_profile_with_a_model_for_some_users(call: Call, server: Any, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("user_id,city\nu5,Oslo\nnobody,Rome\n")

    answer = call(
        "profile", "--interactions", shop.interactions, "--items", shop.items, "--users", tmp_path / "some.csv",
        "--out", tmp_path / "o.csv", "--model", f"{server.url}#small",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    users = pd.read_csv(tmp_path / "o.csv", dtype=str)
    assert list(users.columns) == ["user_id", "city", "profile", *MADE]
    assert users["city"].tolist() == ["Oslo", "Rome"]
    assert users["profile"][0].startswith("Cares for ")
    assert users["profile"].isna().tolist() == [False, True]
    assert "1 have no history with words" in answer.out
    assert len(server.asked) == 1
    assert "u5" not in server.asked[0]["messages"][-1]["content"].split()


def test_profile_dry_run(call: Call, server: Any, shop: Shop, tmp_path: Path) -> None:
    table = ["--interactions", shop.interactions, "--items", shop.items, "--out", tmp_path / "o.csv", "--dry-run"]

    asked = call("profile", *table, "--model", f"{server.url}#small")
    counted = call("profile", *table)

    assert "to ask" in asked.out
    assert "no model: nothing is asked, and nothing is sent" in counted.out
    assert server.asked == []
    assert not (tmp_path / "o.csv").exists()


def test_profile_never_overwrites(call: Call, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id,profile\nu5,mine\n")

    answer = call(
        "profile", "--interactions", shop.interactions, "--items", shop.items, "--users", tmp_path / "users.csv",
        "--out", tmp_path / "o.csv",
    )  # fmt: skip

    assert answer.code == 2
    assert "already has 'profile'" in answer.err


# -- encode ------------------------------------------------------------------------------------------------------------


def test_encode_takes_vectors_from_an_endpoint(call: Call, server: Any, items: Path, tmp_path: Path) -> None:
    for _ in range(2):
        answer = call(
            "encode", "--items", items, "--item-text", "title", "--out", tmp_path / "v.npz",
            "--encoder", f"remote:{server.url}#small",
        )  # fmt: skip
        assert answer.code == 0, answer.err

    assert len(server.asked) == 1  # the second time, nothing is called
    with np.load(tmp_path / "v.npz") as file:
        assert file["vectors"].shape == (3, 4)
    assert "jo@example.com" not in json.dumps(server.asked)


def test_encode_says_one_line_when_the_endpoint_fails(call: Call, items: Path, tmp_path: Path) -> None:
    answer = call(
        "encode", "--items", items, "--out", tmp_path / "v.npz", "--encoder", "remote:https://llm.example.com/v1#small"
    )

    assert answer.code == 2
    assert "TFCOLD_NO_REMOTE forbids" in answer.errors[-1]


@pytest.mark.parametrize("command", ["encode", "fit"])
def test_encoder_on_another_machine_needs_leave(
    call: Call, shop: Shop, items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    spec = "remote:https://llm.example.com/v1#small"
    np.savez(tmp_path / "v.npz", ids=np.array(["i1"]), vectors=np.ones((1, 2), np.float32))
    words = ["--items", shop.items, "--encoder", spec]
    if command == "fit":  # a file makes block `text` too: that is found before anything is sent
        words += ["--interactions", shop.interactions, "--item-vectors", f"text={tmp_path / 'v.npz'}"]
    out = ["--out", tmp_path / ("model" if command == "fit" else "w.npz")]

    forbidden = call(command, *words, *out, "--allow-remote")
    monkeypatch.delenv("TFCOLD_NO_REMOTE")
    without = call(command, *words, *out)

    assert "TFCOLD_NO_REMOTE forbids" in forbidden.err
    assert without.code == 2
    assert "Allow it with `--allow-remote` or TFCOLD_ALLOW_REMOTE=llm.example.com" in without.err
    all_columns = call(command, *words, *out, "--allow-remote")
    assert "`--item-text` must say which columns may leave this machine" in all_columns.err
    if command == "fit":
        words += ["--item-text", "title"]
        assert "both make block 'text'" in call(command, *words, *out, "--allow-remote").err


def test_fit_with_vectors_from_an_endpoint(call: Call, server: Any, shop: Shop, tmp_path: Path) -> None:
    answer = call(
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--epochs", "0", "--quiet",
        "--encoder", f"remote:{server.url}#small", "--out", tmp_path / "model",
    )  # fmt: skip

    assert answer.code == 0, answer.err
    assert server.asked
    (manifest,) = (tmp_path / "model").rglob("manifest.json")
    assert json.loads(manifest.read_text())["text"]["text"]["width"] == 4
