"""Threads that compute, a bounded queue before them, and the event loop that never waits for either."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tfcold.http.errors import RequestError

T = TypeVar("T")


class WorkPool:
    """Runs functions on a few threads.

    A function that is out of time is taken out of the queue; one that runs already cannot be stopped, and keeps its
    place until it ends, so that there are never more than `threads` of them.

    Args:
        threads: int. Functions that run at the same time.
        waiting: int. Functions that may wait for that.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="tfcold-request")
        self._most = threads + waiting
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Functions that run or wait."""
        return self._taken

    async def run(self, function: Callable[[], T], timeout_seconds: float) -> T:
        """What the function gives.

        Raises:
            RequestError: 503, all places are taken; 504, out of time.
        """
        with self._lock:
            if self._taken >= self._most:
                raise RequestError(503, "the server is busy: try again", {"retry-after": "1"})
            self._taken += 1
        try:
            future = self._executor.submit(function)
        except RuntimeError:
            self._leave()
            raise RequestError(503, "the server is stopping", {"retry-after": "1"}) from None
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), max(0.0, timeout_seconds))
        except TimeoutError:
            raise RequestError(504, f"no answer within {timeout_seconds:.3g} seconds; ask for less at once") from None

    def close(self) -> None:
        """Takes nothing more, and drops what waits."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: Future[Any] | None = None) -> None:
        with self._lock:
            self._taken -= 1
