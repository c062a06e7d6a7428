"""Who may be called."""

from __future__ import annotations

import pytest

from tfcold.errors import InputError, RemoteError
from tfcold.remote import checked_address


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TFCOLD_NO_REMOTE", "TFCOLD_ALLOW_REMOTE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"])
def test_this_machine_is_always_allowed(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFCOLD_NO_REMOTE", "1")

    assert checked_address(f"http://{host}:8000/v1/").is_local


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "0.0.0.0", "localhost.example.com", "127.0.0.1.nip.io"])
def test_another_machine_needs_leave(host: str) -> None:
    with pytest.raises(RemoteError, match=f"another machine, '{host}'"):
        checked_address(f"https://{host}/v1")

    assert not checked_address(f"https://{host}/v1", allow_remote=True).is_local


def test_environment_names_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFCOLD_ALLOW_REMOTE", "api.example.com, other.example.com")

    assert checked_address("https://other.example.com/v1").host == "other.example.com"
    with pytest.raises(RemoteError):
        checked_address("https://evil.example.com/v1")
    with pytest.raises(RemoteError):
        checked_address("https://other.example.com/v1", allow_remote=False)


def test_switch_beats_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFCOLD_NO_REMOTE", "1")
    monkeypatch.setenv("TFCOLD_ALLOW_REMOTE", "example.com")

    with pytest.raises(RemoteError, match="TFCOLD_NO_REMOTE forbids"):
        checked_address("https://example.com/v1", allow_remote=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/v1", "https://"),
        ("https://me:hunter2@example.com/v1", "user, a password"),
        ("https://example.com/v1?api-key=hunter2", "a query"),
        ("example.com", "http://"),
    ],
)
def test_addresses_that_break_a_rule(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        checked_address(url, allow_remote=True)

    assert "hunter2" not in str(caught.value)
