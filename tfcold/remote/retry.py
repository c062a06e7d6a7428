"""Calls that are tried again: when, after how long, and when no more."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tfcold.errors import InputError, ModelError
from tfcold.progress import logger

Result = TypeVar("Result")


class Temporary(Exception):
    """A failure that may pass; `after_seconds` is what the server asked to wait, where it did."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Rejected(ModelError):
    """The server refuses this one request, and would again; others may be fine."""


class GaveUp(ModelError):
    """Every attempt failed; `attempts` says how many there were."""

    def __init__(self, attempts: int, reason: str) -> None:
        super().__init__(f"the endpoint failed {attempts} times, the last time: {reason}")
        self.attempts = attempts


@dataclass(frozen=True)
class Patience:
    """How often and how long to try.

    The wait before attempt n + 1 is drawn from 0 to `first_wait_seconds * 2 ** n`, at most `longest_wait_seconds`
    ("full jitter"). A wait that the server asks for is kept to: never shorter, and longer by the draw, so that
    clients that were sent away together do not come back together.

    Args:
        attempts: int, at least 1, default 5.
        first_wait_seconds: float, default 0.5.
        longest_wait_seconds: float, default 60. A server that asks for more is given up on.
        draw: float in [0, 1) from nothing; default `random.random`.
        sleep: takes seconds; default `time.sleep`.

    Raises:
        InputError: `attempts` below 1.

    References:
        Brooker 2015, Exponential Backoff and Jitter, AWS Architecture Blog.
    """

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    draw: Callable[[], float] = field(default=random.random, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InputError(f"`attempts` must be at least 1; received {self.attempts}")

    def call(self, function: Callable[[], Result]) -> Result:
        """What `function` returns, called again after every `Temporary` failure.

        Raises:
            GaveUp: it failed `attempts` times.
            ModelError: the server asks to wait for too long.
        """
        for attempt in range(self.attempts):
            try:
                return function()
            except Temporary as error:
                reason, asked = str(error), error.after_seconds
                if asked is not None and asked > self.longest_wait_seconds:
                    raise ModelError(
                        f"the endpoint asks to wait {asked:.0f} s ({reason}), longer than "
                        f"{self.longest_wait_seconds:.0f} s. Run it again later: what was answered is kept"
                    ) from error
            if attempt + 1 < self.attempts:
                wait = self._wait(attempt, asked)
                logger.debug("%s; attempt %d of %d in %.1f s", reason, attempt + 2, self.attempts, wait)
                self.sleep(wait)
        raise GaveUp(self.attempts, reason)

    def _wait(self, attempt: int, asked: float | None) -> float:
        jitter = self.draw() * min(self.first_wait_seconds * 2.0**attempt, self.longest_wait_seconds)
        return jitter if asked is None else asked + jitter


def asked_to_wait(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (seconds, or a date) ask for; None without one that makes sense.

    Example:
        >>> asked_to_wait({"retry-after": "3"})
        3.0
    """
    milliseconds, after = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(float(milliseconds) / 1000, 0.0)
        if after is not None:
            return max(float(after), 0.0)
    except ValueError:
        pass
    if after is None:
        return None
    try:
        date = email.utils.parsedate_to_datetime(after)
    except ValueError:
        return None
    return max(date.timestamp() - (time.time() if now is None else now), 0.0)
