"""Which names a server answers to."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tfcold.http.predict import dumped

LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def is_local(host: str) -> bool:
    """Whether nobody but this machine can reach an address.

    Example:
        >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(header: str) -> str:
    """The name in a `Host` header, in lower case, without port and brackets.

    Example:
        >>> host_of("[::1]:8501"), host_of("LocalHost:8501"), host_of("shop.test")
        ('::1', 'localhost', 'shop.test')
    """
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


class OnlyHosts:
    """Refuses a request whose `Host` header names another machine, with 421.

    A page of the web can point a name of its own at 127.0.0.1 and would then read a local server like a part of itself;
    the header still carries its name.

    Args:
        app: the application inside.
        hosts: names that are let in.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._lets_in(scope):
            await self._app(scope, receive, send)
            return
        content = dumped({"error": "the `Host` header names another host; start with --allow-host to answer to it"})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 421, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _lets_in(self, scope: Scope) -> bool:
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and host_of(named[0]) in self._hosts
