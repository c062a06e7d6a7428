"""A patience that does not make tests wait, and no settings of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfcold.remote.retry import Patience


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
