"""A server of each kind, and a patience that does not make tests wait."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tfcold.remote.retry import Patience


def _module(name: str) -> ModuleType:
    """A helper beside the tests, once, under one name."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name.rpartition('_')[2]}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


servers = _module("language_server")
Serve = Callable[..., Any]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started = []

    def start(say: str = "good") -> Any:
        server = servers.Server(getattr(servers, say))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def waits() -> list[float]:
    """Seconds that `patience` was asked to wait."""
    return []


@pytest.fixture
def patience(waits: list[float]) -> Patience:
    """Real rules, no real waiting, and the longest draw."""
    return Patience(draw=lambda: 1.0, sleep=waits.append)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TFCOLD_API_KEY", "OPENAI_API_KEY", "TFCOLD_ALLOW_REMOTE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "cache"))
