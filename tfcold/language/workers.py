"""A function over many inputs by a few threads, inputs taken only when a thread is free."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")


def in_parallel(
    function: Callable[[Input], Output], inputs: Iterable[Input], num_threads: int
) -> Iterator[tuple[int, Output]]:
    """Place of an input and what `function` made of it, in the order in which they are done.

    `inputs` is read in the caller's thread, at most `num_threads` ahead of what was taken out: an iterable that looks
    at a budget sees what is spent. An error of `function` is raised here. The threads are daemons: an interrupt does
    not wait for calls that are under way.

    Example:
        >>> sorted(in_parallel(len, ["a", "bcd"], num_threads=2))
        [(0, 1), (1, 3)]
    """
    todo: queue.SimpleQueue[tuple[int, Input] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Output | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while (task := todo.get()) is not None:
            place, given = task
            try:
                done.put((place, function(given), None))
            except BaseException as error:
                done.put((place, None, error))

    source = enumerate(inputs)
    started = under_way = 0
    try:
        while True:
            while under_way < num_threads and (task := next(source, None)) is not None:
                if started < num_threads:
                    threading.Thread(target=work, daemon=True, name=f"tfcold-{started}").start()
                    started += 1
                todo.put(task)
                under_way += 1
            if not under_way:
                return
            place, result, error = done.get()
            under_way -= 1
            if error is not None:
                raise error
            yield place, result  # type: ignore[misc]
    finally:
        for _ in range(started):
            todo.put(None)
