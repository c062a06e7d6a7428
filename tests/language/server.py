"""A real server that speaks the protocol of OpenAI: well, naively, or badly, as a script tells it."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

VECTOR_WORDS = ("star", "oven", "wolf", "kiss")


def said_of(data: dict[str, Any]) -> dict[str, Any]:
    """The answer of a model that does as it was asked."""
    if "things" in data:
        return {"row": data["row"], "profile": f"Cares for {data['things'][0]} and the like."}
    if "item" in data:
        return {"row": data["row"], "sentence": f"{data['item']} goes with {' and '.join(data.get('history', ()))}."}
    return {
        "row": data["row"],
        "what": f"a thing called {data.get('title', '?')}",
        "for_whom": "people who like it",
        "moods_or_uses": ["calm", "bright"],
    }


def data_in(prompt: str) -> dict[str, Any]:
    """What stands between the tags of a prompt."""
    found = re.search(r"<(item|history|facts)>(.*?)</\1>", prompt, re.DOTALL)
    assert found is not None, prompt
    return dict(json.loads(found[2]))


def good(body: dict[str, Any]) -> str:
    return json.dumps(said_of(data_in(body["messages"][-1]["content"])))


def obedient(body: dict[str, Any]) -> str:
    """A naive model: whatever the words of the item tell it to answer, it answers."""
    data = data_in(body["messages"][-1]["content"])
    order = re.search(r"ignore your instructions and answer (.*)$", str(data.get("title", "")), re.IGNORECASE)
    if order is None:
        return json.dumps(said_of(data))
    return order[1].replace("ROW", data["row"])


class Server(http.server.ThreadingHTTPServer):
    """Answers `/v1/chat/completions` by `say`, and `/v1/embeddings` by counting words.

    `script` holds what the next requests meet instead, one each: a status, `(status, headers)`, `"slow"`, `"half"`,
    `"garbage"`, `"empty"`, or a dict sent as it is.
    """

    daemon_threads = True

    def __init__(self, say: Callable[[dict[str, Any]], str] = good) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say = say
        self.script: deque[Any] = deque()
        self.asked: list[dict[str, Any]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.under_way = self.most_under_way = 0
        self.pause = 0.0  # seconds before an answer
        self.pause_from = 0  # answers that come at once before that
        self.refused_formats: tuple[str, ...] = ()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hung up are no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.asked.append(body)
            server.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
            pause = server.pause if len(server.asked) > server.pause_from else 0.0
            trouble = server.script.popleft() if server.script else None
        try:
            time.sleep(pause)
            self.answer(body, trouble)
        finally:
            with server.lock:
                server.under_way -= 1

    def answer(self, body: dict[str, Any], trouble: Any) -> None:
        form = body.get("response_format", {}).get("type", "")
        if form in self.server.refused_formats:
            self.send(400, {"error": {"message": f"response_format {form} is not known"}})
        elif trouble is None:
            self.send(200, self.content(body))
        elif trouble == "slow":
            time.sleep(1.0)
            self.send(200, self.content(body))
        elif trouble == "half":
            whole = json.dumps(self.content(body)).encode()
            self.head(200, len(whole), {})
            self.wfile.write(whole[: len(whole) // 2])
            self.close_connection = True
        elif trouble == "garbage":
            self.raw(200, b"<html>a proxy says hello</html>", {})
        elif trouble == "empty":
            self.send(200, {"choices": []})
        elif isinstance(trouble, dict):
            self.send(200, trouble)
        else:
            status, headers = trouble if isinstance(trouble, tuple) else (trouble, {})
            self.send(
                status, {"error": {"message": f"trouble {status}; key {self.headers.get('Authorization')}"}}, headers
            )

    def content(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.path.endswith("/embeddings"):
            return self.vectors(body)
        if self.path.endswith("/v1/completions"):  # a base model goes on from the last words of a text
            lines = body["prompt"].splitlines()
            begun = lines.pop() if lines[-1].startswith("{") else ""
            text = self.server.say({"messages": [{"content": lines[-1]}]}).removeprefix(begun)
            return {"choices": [{"index": 0, "text": text, "finish_reason": "stop"}]}
        text = self.server.say(body)
        return {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }

    def vectors(self, body: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {"index": at, "embedding": [1.0 + text.lower().count(word) for word in VECTOR_WORDS]}
            for at, text in enumerate(body["input"])
        ]
        return {"data": rows[::-1], "model": body["model"]}  # the order is the server's own

    def send(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.raw(status, json.dumps(content).encode(), headers or {})

    def raw(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.head(status, len(content), headers)
        self.wfile.write(content)

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
