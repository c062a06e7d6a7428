"""How much one server takes on at once, and of one request."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tfcold.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Bounds; a request beyond one is refused with a status that says which.

    Args:
        body_bytes: int. Of the body of one request; 413 beyond.
        batch: int. Rows of one request, the first axis of its inputs; 400 beyond.
        cells: int. Rows times list length of one answer; 400 beyond.
        text_bytes: int. Of one string in UTF-8; 400 beyond.
        threads: int. Requests computed at the same time.
        waiting: int. Requests that may wait for a thread; 503 beyond.
        timeout_seconds: float. For one request from its first byte to its answer; 408 while reading, 504 later.
        poll_seconds: float. Between two looks for a new version.
        grace_seconds: float. For requests in flight once the server is told to stop.

    Raises:
        InputError: a bound that is not above 0 (`waiting`: not at least 0).
    """

    body_bytes: int = 8 << 20
    batch: int = 1024
    cells: int = 1_000_000
    text_bytes: int = 64 << 10
    threads: int = 4
    waiting: int = 256
    timeout_seconds: float = 30.0
    poll_seconds: float = 2.0
    grace_seconds: float = 30.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value < 0 or (value == 0 and one.name != "waiting"):
                raise InputError(f"`{one.name}` must be above 0; received {value}")
