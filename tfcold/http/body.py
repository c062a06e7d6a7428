"""The body of a request, up to a bound and within a time."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from tfcold.http.errors import RequestError

_DRAINED: Final = 4  # times the bound: a client that is read to the end can read why it was refused


async def read_body(request: Request, most: int, timeout_seconds: float) -> bytes:
    """The bytes of the body.

    Raises:
        RequestError: 400, the client went away; 408, it took too long; 413, more than `most` bytes.
    """
    try:
        return await asyncio.wait_for(_read(request, most), timeout_seconds)
    except TimeoutError:
        raise RequestError(
            408, f"the body did not come within {timeout_seconds:.3g} seconds", {"connection": "close"}
        ) from None
    except ClientDisconnect:
        raise RequestError(400, "the client went away") from None


async def _read(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > _DRAINED * most:
        raise _too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= most:
            parts.append(part)
        elif size > _DRAINED * most:
            raise _too_large(most)
    if size > most:
        raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> RequestError:
    return RequestError(
        413, f"the body must be at most {most} bytes; it is larger. Send fewer rows at once", {"connection": "close"}
    )
