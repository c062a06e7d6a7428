"""Which addresses may be called: this machine always, others where that was allowed."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tfcold.errors import InputError, RemoteError

NO_REMOTE: Final = "TFCOLD_NO_REMOTE"
ALLOW_REMOTE: Final = "TFCOLD_ALLOW_REMOTE"
OPENAI: Final = "openai:"
OPENAI_URL: Final = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Address:
    """An address that may be called.

    Args:
        url: str. Without a slash at its end.
        host: str. Lower case.
        is_local: bool. Whether it is this machine.
    """

    url: str
    host: str
    is_local: bool


def split_spec(spec: str, *, argument: str = "model") -> tuple[str, str]:
    """Address and model name of `URL#NAME` or `openai:NAME`.

    Raises:
        InputError: neither of them.

    Example:
        >>> split_spec("http://localhost:8000/v1#small")
        ('http://localhost:8000/v1', 'small')
    """
    if spec.startswith(OPENAI):
        url, name = OPENAI_URL, spec.removeprefix(OPENAI)
    else:
        url, _, name = spec.partition("#")
    if not name or not url.startswith(("http://", "https://")):
        raise InputError(
            f"`{argument}` must be URL#NAME, as in 'http://localhost:8000/v1#small', or 'openai:NAME'; "
            f"received {_without_user(spec)!r}"
        )
    return url, name


def checked_address(url: str, *, allow_remote: bool | None = None, argument: str = "model") -> Address:
    """The address, where text may be sent to it.

    `localhost`, 127.0.0.0/8 and ::1 are this machine: what is sent there does not leave it, and `Endpoint` sees to
    that (it ignores proxies for them and follows no redirect). What a server on this machine does with the text is the
    business of whoever started it.

    Every other host needs `allow_remote`. The variable `TFCOLD_NO_REMOTE=1` forbids all of them, whatever else is
    said; `TFCOLD_ALLOW_REMOTE` may hold host names, with commas between them, that are allowed where `allow_remote` is
    None.

    Args:
        url: str, `http://` or `https://`; plain `http` for this machine only.
        allow_remote: bool or None. None asks the environment.
        argument: str. What to call the address in errors.

    Raises:
        InputError: no such address, user and password or a query in it, or plain http to another machine.
        RemoteError: another machine, and not allowed.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise InputError(f"`{argument}` holds no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(f"`{argument}` must start with http:// or https://; received {_without_user(url)!r}")
    if parts.username or parts.password or parts.query:
        raise InputError(
            f"`{argument}` must not carry a user, a password or a query: it is written into results. "
            "Put the key into the environment variable TFCOLD_API_KEY"
        )
    local = _is_loopback(host)
    if not local:
        _check_allowed(host, allow_remote, argument)
        if parts.scheme == "http":
            raise InputError(f"`{argument}` must start with https:// for another machine; received {url!r}")
    return Address(url.rstrip("/"), host, local)


def _check_allowed(host: str, allow_remote: bool | None, argument: str) -> None:
    if os.environ.get(NO_REMOTE, "0") not in ("", "0"):
        raise RemoteError(
            f"`{argument}` names another machine, {host!r}, and {NO_REMOTE} forbids calls that leave this one. "
            "Take a model on this machine, or unset it"
        )
    hosts = {name.strip().lower() for name in os.environ.get(ALLOW_REMOTE, "").split(",")}
    if allow_remote or (allow_remote is None and host in hosts):
        return
    raise RemoteError(
        f"`{argument}` names another machine, {host!r}, and text would leave this one. Allow it with `allow_remote` "
        f"or {ALLOW_REMOTE}={host}"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_user(url: str) -> str:
    """The address without what may be a secret in it, for messages."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}".partition("?")[0]
