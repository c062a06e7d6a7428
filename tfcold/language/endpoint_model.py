"""A language model behind an endpoint that speaks the protocol of OpenAI."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from tfcold.errors import InputError, ModelError
from tfcold.language.model import DEFAULT_MAX_TOKENS, Answer, Completing, Prompt, Schema, estimated_tokens, utc_now
from tfcold.language.workers import in_parallel
from tfcold.progress import logger
from tfcold.remote import Endpoint
from tfcold.remote.retry import GaveUp, Patience, Rejected, Temporary

FORMATS: Final = ("json_schema", "json_object with schema", "json_object", "text")
MOST_FAILURES: Final = 5  # one after the other, without an answer in between


class EndpointModel(Completing):
    """Chat completions of one model, several prompts at a time.

    Where a schema is given, the server is asked to hold its answer to it: as `json_schema`; where it refuses that, as
    `json_object`, with the schema or without; else not at all.

    A base model, which was never taught to chat, is asked by text completion: the prompt as it stands, the answer up to
    the end of its line; where a schema is given, its beginning, up to the first
    property's name, is put into the model's mouth.

    Args:
        url: str. Base address; another machine than this one needs `allow_remote`.
        model: str. What the server calls it.
        allow_remote: bool or None. See `tfcold.remote.checked_address`.
        concurrency: int, at least 1, default 4. Requests under way at once.
        temperature: float, default 0.
        is_base: bool, default False. Whether to ask by text completion.
        timeout_seconds: float, default 60. See `tfcold.remote.Endpoint`.
        patience: default `Patience()`: up to 5 attempts.

    Raises:
        InputError, RemoteError: an argument breaks a rule, or the address may not be called.

    While answering, a request that the server refuses is an `Answer` with an `error`, and so is one that fails all its
    attempts; 5 failures one after the other, and refusals that are about all requests, raise ModelError.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        allow_remote: bool | None = None,
        concurrency: int = 4,
        temperature: float = 0.0,
        is_base: bool = False,
        timeout_seconds: float = 60.0,
        patience: Patience | None = None,
    ) -> None:
        if concurrency < 1:
            raise InputError(f"`concurrency` must be at least 1; received {concurrency}")
        self.endpoint = Endpoint(url, allow_remote=allow_remote, timeout_seconds=timeout_seconds, patience=patience)
        self.model = model
        self.name = f"{self.endpoint.address.url}#{model}"
        self.concurrency = concurrency
        self.temperature = temperature
        self.is_base = is_base
        self._dialect = _Dialect()
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """sha256 of address, model and how it is asked; what a server does under the same name, nobody can see."""
        content = ["endpoint-1", self.endpoint.address.url, self.model, self.temperature, self.is_base]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def is_remote(self) -> bool:
        return not self.endpoint.address.is_local

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        failures = 0
        for place, answer in in_parallel(
            lambda prompt: self._one(prompt, max_tokens, schema), prompts, self.concurrency
        ):
            yield place, answer
            failures = failures + 1 if answer.error else 0
            if failures == MOST_FAILURES:
                raise ModelError(f"`model` {self.name} failed {failures} times one after the other: {answer.error}")

    def _one(self, prompt: Prompt, max_tokens: int, schema: Schema | None) -> Answer:
        while True:
            dialect = self._dialect
            try:
                if self.is_base:
                    start = "" if schema is None else f'{{"{next(iter(schema["properties"]))}":'
                    return self.endpoint.completions(
                        _plain_body(self, prompt, max_tokens, start),
                        partial(_read, prompt=prompt, start=start),
                    )
                return self.endpoint.chat(
                    dialect.body(self, prompt, max_tokens, schema), lambda said: _read(said, prompt)
                )
            except Rejected as error:
                simpler = None if self.is_base else dialect.simpler(str(error))
                if simpler is None:
                    return Answer("", at=utc_now(), error=str(error))
                logger.debug("%s: %s; asking with %s", self.name, error, simpler)
                with self._lock:
                    self._dialect = simpler if self._dialect is dialect else self._dialect
            except GaveUp as error:
                return Answer("", error.attempts * estimated_tokens(prompt), at=utc_now(), error=str(error))


@dataclass(frozen=True)
class _Dialect:
    """What a server takes; asked for the most first, and simpler where it refuses."""

    form: str = FORMATS[0]
    length: str = "max_tokens"
    has_temperature: bool = True

    def body(self, model: EndpointModel, prompt: Prompt, max_tokens: int, schema: Schema | None) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt.user}]
        if prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        body: dict[str, Any] = {"model": model.model, "messages": messages, self.length: max_tokens}
        if self.has_temperature:
            body["temperature"] = model.temperature
        if schema is not None and self.form == "json_schema":
            named = {"name": "answer", "strict": True, "schema": _plain(schema)}
            body["response_format"] = {"type": self.form, "json_schema": named}
        elif schema is not None and self.form == "json_object with schema":  # as llama.cpp has it
            body["response_format"] = {"type": "json_object", "schema": _plain(schema)}
        elif schema is not None and self.form == "json_object":
            body["response_format"] = {"type": self.form}
        return body

    def simpler(self, refusal: str) -> _Dialect | None:
        """The next thing to try after a refusal, None where it is about something else."""
        if "max_completion_tokens" in refusal and self.length == "max_tokens":
            return replace(self, length="max_completion_tokens")
        if "temperature" in refusal and self.has_temperature:
            return replace(self, has_temperature=False)
        named = any(word in refusal for word in ("response_format", "json_schema", "json_object", "schema"))
        place = FORMATS.index(self.form) + 1
        return replace(self, form=FORMATS[place]) if named and place < len(FORMATS) else None


def _plain_body(model: EndpointModel, prompt: Prompt, max_tokens: int, start: str) -> dict[str, Any]:
    text = f"{prompt.system}\n{prompt.user}\n{start}".lstrip()
    return {
        "model": model.model,
        "prompt": text,
        "max_tokens": max_tokens,
        "temperature": model.temperature,
        "stop": ["\n"],
    }


def _plain(schema: Any) -> Any:
    """The schema without limits of length: some servers refuse them, others take minutes over them; we check them."""
    if not isinstance(schema, Mapping):
        return schema
    return {name: _plain(rule) for name, rule in schema.items() if name not in ("maxLength", "maxItems")}


def _read(content: dict[str, Any], prompt: Prompt, start: str = "") -> Answer:
    try:
        choice = content["choices"][0]
        text = (choice["message"]["content"] if "message" in choice else choice["text"]) or ""
    except (KeyError, IndexError, TypeError):
        raise Temporary(f"the answer holds no message: {json.dumps(content)[:120]}") from None
    if not isinstance(text, str):
        raise Temporary(f"the answer's message is no text: {json.dumps(text)[:120]}")
    usage = content.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    counted = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    guessed = [estimated_tokens(prompt), estimated_tokens(Prompt("", text))]
    sizes = [a if isinstance(a, int) and a >= 0 else b for a, b in zip(counted, guessed, strict=True)]
    return Answer(start + text, sizes[0], sizes[1], at=utc_now())
