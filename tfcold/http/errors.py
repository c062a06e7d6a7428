"""What a request is refused with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfcold.errors import TfcoldError

_NODE = re.compile(r"\{\{.*?\}\}|\[\[.*?\]\]|\[Op:[^\]]*\]|\([\w/]+:\d+\)|\(=\w+\)")
_FRAME = ("graph execution error", "detected at node", "<stack traces", "[[")
_ASSERTION = "assertion failed:"
_PART = re.compile(r"\[([^\[\]]*)\]")


class RequestError(TfcoldError):
    """A request that cannot be answered, and why.

    Args:
        status: int. The HTTP status, 400 to 599.
        message: str. What the body of the answer says under `error`.
        headers: mapping. Headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


def said_by_graph(message: str) -> str:
    r"""What a graph of TensorFlow refused, in one line, without the names of its nodes.

    Example:
        >>> said_by_graph("Graph execution error:\nassertion failed: [`k` must be at least 1; received] [0]\n\t [[x]]")
        '`k` must be at least 1; received 0'
    """
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.lower().startswith(_FRAME)]
    failed = [line for line in lines if _ASSERTION in line.lower()]
    line = _NODE.sub("", (failed or lines or [""])[0])
    if failed:
        line = _PART.sub(lambda found: found[1].strip(), line[line.lower().index(_ASSERTION) + len(_ASSERTION) :])
    return " ".join(line.split())[:500] or "the model refused the input"
