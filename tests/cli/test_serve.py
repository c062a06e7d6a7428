"""`tfcold serve` as a process of its own: it starts, answers, takes a signal, and says what is wrong."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

Call = Shop = Any  # fixtures of conftest.py, see there


@contextmanager
def process(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running process and its address."""
    command = [sys.executable, "-m", "tfcold", "serve", *map(str, arguments), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            said = running.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found, said
            assert " " not in said.split(" answers at ")[1].partition(":predict;")[0]
            yield running, found[0]
        finally:
            if running.poll() is None:
                running.kill()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(bundle: Path, shop: Shop, sent: signal.Signals) -> None:
    with process(bundle, "--items", shop.items, "--title-column", "genre", "--name", "the shop") as (running, url):
        with httpx2.Client(base_url=url, trust_env=False) as client:
            answer = client.post("/v1/models/the%20shop:predict", json={"instances": ["u1"]})
            titles = client.post("/ui/describe", json={"item_id": ["i1"]}).json()["items"]
        running.send_signal(sent)

        assert running.wait(30) == 0
        assert "Traceback" not in running.stderr.read()
    assert len(answer.json()["predictions"][0]["item_id"]) == 20
    assert titles[0]["title"] in Path(shop.items).read_text()
    assert titles[0]["item_id"] == "i1"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nowhere"], ["`DIR`", "'nowhere'"]),
        (["{bundle}", "--items", "nothing.csv"], ["`--items`", "nothing.csv"]),
        (["{bundle}", "--items", "{items}", "--title-column", "name"], ["`--title-column`", "'name'", "'genre'"]),
        (["{bundle}", "--title-column", "name"], ["`--title-column`", "'name'", "'title'", "'genre'", "--items"]),
        (["{bundle}", "--port", "70000"], ["--port", "0 to 65535", "'70000'"]),
        (["{bundle}", "--timeout", "0"], ["--timeout", "above 0"]),
        (["{bundle}", "--threads", "0"], ["--threads", "at least 1"]),
        (["{bundle}", "--name", "a/b"], ["`--name`", "'a/b'"]),
        (["{bundle}", "--host", "no host"], ["`--host`", "'no host'"]),
    ],
)
def test_mistake_is_one_line(call: Call, bundle: Path, shop: Shop, arguments: list[str], parts: list[str]) -> None:
    answer = call("serve", *[word.format(bundle=bundle, items=shop.items) for word in arguments])

    assert answer.code == 2
    assert len(answer.errors) == 1
    for part in parts:
        assert part in answer.errors[0]


def test_port_that_is_taken(call: Call, bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = call("serve", bundle, "--port", taken.getsockname()[1])

    assert answer.code == 2
    assert "`--port`" in answer.errors[-1]
    assert "0 for a free one" in answer.errors[-1]


def test_missing_extra_is_named(call: Call, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)  # what an import finds where it is not installed

    answer = call("serve", bundle)

    assert answer.code == 2
    assert "pip install 'tfcold[serve]'" in answer.errors[-1]
