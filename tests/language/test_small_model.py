"""A real small model (Gemma 3, 270M, 4 bits) behind llama-cpp-python's server: from a prompt to a table.

llama-cpp-python is compiled for minutes where it has no wheel, so the tests do not depend on it: `pip install
'llama-cpp-python[server]'` beside tfcold, or in another environment whose interpreter `TFCOLD_LLAMA_PYTHON` names.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tfcold.assets import fetch
from tfcold.language import EndpointModel, cached, enrich_items

PYTHON = os.environ.get("TFCOLD_LLAMA_PYTHON", sys.executable)
START_SECONDS = 90

pytestmark = [pytest.mark.asset, pytest.mark.slow]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    probe = subprocess.run([PYTHON, "-c", "import llama_cpp.server"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(
            "llama-cpp-python[server] is not installed; TFCOLD_LLAMA_PYTHON may name an interpreter that has it"
        )
    weights = fetch("gemma-270m") / "gemma-3-270m-q4_k_m.gguf"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [
        PYTHON, "-m", "llama_cpp.server", "--model", str(weights), "--model_alias", "gemma", "--n_ctx", "2048",
        "--host", "127.0.0.1", "--port", str(port), "--n_threads", "1", "--n_threads_batch", "1",
    ]  # fmt: skip
    with open(log, "wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        _wait(f"http://127.0.0.1:{port}/v1/models", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.mark.parametrize("is_base", [True, False])
def test_real_answers_are_of_the_form_or_leave_the_row_alone(url: str, is_base: bool) -> None:
    items = pd.DataFrame({"item_id": ["a", "b"], "title": ["Nail lacquer, shimmer red", "Black metal from Norway"]})
    model = EndpointModel(url, "gemma", is_base=is_base, concurrency=1, timeout_seconds=120)

    done = enrich_items(items, cached(model))
    again = enrich_items(items, cached(model))

    outcome = done.outcome
    assert outcome.told + outcome.invalid == 2
    assert outcome.failed == 0
    facts = done.frame[["llm_what", "llm_for_whom", "llm_made_at"]].notna()
    assert facts.sum().tolist() == [outcome.told] * 3  # whole, or not at all
    assert again.outcome.known == outcome.told
    pd.testing.assert_frame_equal(done.frame, again.frame)


def test_real_text_comes_back(url: str) -> None:
    (text,) = EndpointModel(url, "gemma", is_base=True, timeout_seconds=120).complete(
        ["The capital of France is"], max_tokens=8
    )

    assert text.strip()
