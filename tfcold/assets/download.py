"""One file over HTTP: resumed where it broke off, checked before it counts."""

from __future__ import annotations

import http.client
import os
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfcold.files import sha256_of_file
from tfcold.progress import bar, logger

CONNECT_SECONDS = 5.0  # a host that cannot be reached must not hold up the next source
READ_SECONDS = 60.0
ATTEMPTS = 4  # without a single new byte in between
BLOCK = 1 << 18


class DownloadError(Exception):
    """This source failed; says why in a few words."""


def download(url: str, path: Path, *, sha256: str) -> None:
    """The file at `url`, at `path`, with the right content.

    What has arrived waits in `path` + `.partial`; a connection that breaks is resumed there by an HTTP range request,
    in this call and in the next one. A server that ignores the range is read from the start.

    Args:
        url: str, `http://` or `https://`. The proxy settings of the environment are honoured.
        path: where the file belongs; its folder exists.
        sha256: str. Lower-case hexadecimal digest the whole file must have.

    Raises:
        DownloadError: no connection, an HTTP error, a connection that keeps breaking, or other bytes than expected.
    """
    partial = path.with_name(path.name + ".partial")
    resumed = partial.exists()
    _receive(url, partial)
    if sha256_of_file(partial) != sha256 and resumed:  # the beginning may be left over from another file
        partial.unlink()
        _receive(url, partial)
    found = sha256_of_file(partial)
    if found != sha256:
        partial.unlink()
        raise DownloadError(f"wrong content (sha256 {found[:12]}..., expected {sha256[:12]}...)")
    os.replace(partial, path)


def _receive(url: str, partial: Path) -> None:
    """Appends to `partial` until the server has no more to give."""
    failures = 0
    while True:
        before = _size(partial)
        try:
            if _receive_once(url, partial):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise DownloadError(f"HTTP {error.code} {error.reason}") from error
            if error.headers.get("Content-Range") == f"bytes */{before}":
                return  # nothing left to ask for
            partial.unlink(missing_ok=True)
            reason = "HTTP 416"
        except urllib.error.URLError as error:  # no connection at all: the next source is worth more than a retry
            raise DownloadError(_reason(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            reason = _reason(error)
        failures = 0 if _size(partial) > before else failures + 1
        if failures == ATTEMPTS:
            raise DownloadError(f"{reason} {ATTEMPTS} times at byte {_size(partial)}")
        logger.info("%s: %s at byte %d, resuming", url, reason, _size(partial))


def _receive_once(url: str, partial: Path) -> bool:
    """Whether one connection brought the file to its end."""
    start = _size(partial)
    request = urllib.request.Request(url, headers={"User-Agent": "tfcold", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with _opener().open(request, timeout=CONNECT_SECONDS) as response:
        if start and response.status != 206:
            start = 0
        total = _total(response.headers, start)
        with (
            open(partial, "ab" if start else "wb") as stream,
            bar(total, title=url.rsplit("/", 1)[-1], unit="B", unit_scale=True, initial=start) as progress,
        ):
            while block := response.read(BLOCK):
                stream.write(block)
                progress.update(len(block))
    return total is None or _size(partial) >= total


def _total(headers: Any, start: int) -> int | None:
    """Bytes of the whole file, where the server says."""
    ranged = re.fullmatch(r"bytes \d+-\d+/(\d+)", headers.get("Content-Range", ""))
    if ranged:
        return int(ranged[1])
    length = headers.get("Content-Length")
    return None if length is None else start + int(length)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: BaseException | str) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "host name not found"
    return str(error) or type(error).__name__


def _opener() -> urllib.request.OpenerDirector:
    """Opens with the short timeout to connect and the long one to read, which urllib alone cannot tell apart."""
    return urllib.request.build_opener(_Handler(), _SecureHandler())


def _patient(kind: Callable[..., http.client.HTTPConnection]) -> Callable[..., http.client.HTTPConnection]:
    def connection(*args: Any, **options: Any) -> http.client.HTTPConnection:
        made = kind(*args, **options)
        connect = made.connect

        def connect_then_wait() -> None:
            connect()
            made.sock.settimeout(READ_SECONDS)

        made.connect = connect_then_wait  # type: ignore[method-assign]
        return made

    return connection


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_patient(http.client.HTTPConnection), req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_patient(http.client.HTTPSConnection), req)
