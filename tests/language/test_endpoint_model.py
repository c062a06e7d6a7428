"""Chat completions over a real connection, to a server that behaves and to one that does not."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tfcold.errors import InputError, ModelError, RemoteError
from tfcold.language import EndpointModel, Prompt, open_model
from tfcold.remote.retry import Patience

SCHEMA = {"type": "object", "properties": {"row": {"type": "string", "maxLength": 9}}, "required": ["row"]}


def prompt(number: int = 0) -> Prompt:
    return Prompt("Describe it.", f'<item>{{"row": "r{number}", "title": "thing {number}"}}</item>')


def test_complete_gives_texts_in_order_with_bounded_concurrency(serve: Any) -> None:
    server = serve()
    server.pause = 0.05
    model = EndpointModel(server.url, "small", concurrency=3)

    texts = model.complete([prompt(number) for number in range(12)])

    assert [json.loads(text)["row"] for text in texts] == [f"r{number}" for number in range(12)]
    assert server.most_under_way == 3
    assert len(server.asked) == 12
    assert server.asked[0]["messages"][0] == {"role": "system", "content": "Describe it."}


def test_tokens_are_those_that_the_server_counts(serve: Any) -> None:
    ((_, answer),) = EndpointModel(serve().url, "small").answers([prompt()])

    assert (answer.prompt_tokens, answer.completion_tokens, answer.error) == (100, 20, "")
    assert answer.at.endswith("Z")


@pytest.mark.parametrize(
    "trouble", [500, 503, 429, "half", "garbage", "empty", {"choices": [{"message": {"content": 7}}]}]
)
def test_passing_trouble_is_tried_again(serve: Any, patience: Patience, waits: list[float], trouble: Any) -> None:
    server = serve()
    server.script.extend([trouble, trouble])

    (text,) = EndpointModel(server.url, "small", patience=patience).complete([prompt()])

    assert json.loads(text)["row"] == "r0"
    assert len(server.asked) == 3
    assert waits == [0.5, 1.0]  # 0.5 * 2 ** 0, 0.5 * 2 ** 1, at the longest draw


def test_a_slow_server_runs_into_the_timeout(serve: Any, patience: Patience) -> None:
    server = serve()
    server.script.extend(["slow"])
    model = EndpointModel(server.url, "small", patience=patience, timeout_seconds=0.3)
    start = time.monotonic()

    (text,) = model.complete([prompt()])

    assert json.loads(text)["row"] == "r0"
    assert len(server.asked) == 2
    assert time.monotonic() - start < 1.0  # it did not wait for the slow answer


def test_retry_after_is_kept_to(serve: Any, patience: Patience, waits: list[float]) -> None:
    server = serve()
    server.script.extend([(429, {"Retry-After": "7"}), (429, {"retry-after-ms": "1500"})])

    EndpointModel(server.url, "small", patience=patience).complete([prompt()])

    assert waits == [7.5, 2.5]  # 7 + 0.5, 1.5 + 1.0: never shorter than asked


def test_a_wait_that_is_too_long_ends_the_run(serve: Any, patience: Patience, waits: list[float]) -> None:
    server = serve()
    server.script.append((429, {"Retry-After": "3600"}))

    with pytest.raises(ModelError, match="asks to wait 3600 s"):
        EndpointModel(server.url, "small", patience=patience).complete([prompt()])

    assert waits == []


def test_one_refused_request_spares_the_others(serve: Any, patience: Patience) -> None:
    server = serve()
    server.script.append(413)
    model = EndpointModel(server.url, "small", concurrency=1, patience=patience)

    answers = dict(model.answers([prompt(0), prompt(1)]))

    assert answers[0].error.startswith("HTTP 413")
    assert json.loads(answers[1].text)["row"] == "r1"
    assert len(server.asked) == 2  # refused is refused: not tried again


def test_failures_in_a_row_end_the_run(serve: Any) -> None:
    server = serve()
    server.script.extend([500] * 100)
    model = EndpointModel(server.url, "small", concurrency=1, patience=Patience(attempts=2, sleep=lambda _: None))

    with pytest.raises(ModelError, match="failed 5 times one after the other"):
        model.complete([prompt(number) for number in range(50)])

    assert len(server.asked) == 10  # 5 prompts, 2 attempts each


@pytest.mark.parametrize(("status", "words"), [(401, "TFCOLD_API_KEY"), (404, "/v1"), (403, "HTTP 403")])
def test_what_is_wrong_for_all_ends_the_run(serve: Any, status: int, words: str) -> None:
    server = serve()
    server.script.append(status)

    with pytest.raises(ModelError, match=words):
        EndpointModel(server.url, "small", concurrency=1).complete([prompt(0), prompt(1)])

    assert len(server.asked) == 1


def test_nobody_listens(serve: Any, patience: Patience) -> None:
    with pytest.raises(ModelError, match="the connection failed"):
        EndpointModel("http://127.0.0.1:9/v1", "small", patience=patience).complete([prompt()])


def test_schema_is_asked_for_in_simpler_ways_until_it_is_taken(serve: Any) -> None:
    server = serve()
    server.refused_formats = ("json_schema", "json_object")
    model = EndpointModel(server.url, "small", concurrency=1)

    model.complete([prompt(0), prompt(1)], schema=SCHEMA)

    formats = [body.get("response_format", {}).get("type") for body in server.asked]
    assert formats == ["json_schema", "json_object", "json_object", None, None]  # found out once
    assert "maxLength" not in json.dumps(server.asked)


def test_base_model_is_asked_by_text_completion(serve: Any) -> None:
    server = serve()
    model = EndpointModel(server.url, "small", is_base=True)

    ((_, answer),) = model.answers([prompt()], schema=SCHEMA)

    assert json.loads(answer.text)["row"] == "r0"
    assert server.asked[0]["prompt"] == f'Describe it.\n{prompt().user}\n{{"row":'  # the answer's beginning is given
    assert "messages" not in server.asked[0]
    assert answer.prompt_tokens == 8 + 20  # the server counts nothing: 12 + 46 bytes / 3
    assert model.fingerprint != EndpointModel(server.url, "small").fingerprint


def test_key_comes_from_the_environment_and_is_never_said(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFCOLD_API_KEY", "sk-very-secret")
    server = serve()
    server.script.append(403)  # this server quotes the key in its error
    model = EndpointModel(server.url, "small")

    with pytest.raises(ModelError) as caught:
        model.complete([prompt()])

    assert server.headers_seen[0]["authorization"] == "Bearer sk-very-secret"
    said = [
        str(caught.value),
        repr(caught.value.__cause__),
        repr(caught.value.__context__),
        repr(vars(model)),
        model.name,
    ]
    assert not any("very-secret" in text for text in said)
    assert model.fingerprint == EndpointModel(server.url, "small").fingerprint


def test_openai_key_goes_to_nobody_else(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    server = serve()

    EndpointModel(server.url, "small").complete([prompt()])

    assert "sk-of-openai" not in str(server.headers_seen)


def test_redirects_and_proxies_take_no_text_elsewhere(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    thief, server = serve(), serve()
    monkeypatch.setenv("HTTP_PROXY", thief.url.removesuffix("/v1"))
    server.script.append((307, {"Location": f"{thief.url}/chat/completions"}))

    with pytest.raises(ModelError):
        EndpointModel(server.url, "small", patience=Patience(attempts=1)).complete([prompt()])

    assert len(server.asked) == 1
    assert thief.asked == []


@pytest.mark.parametrize("allow", [None, True])
def test_tests_cannot_call_another_machine(allow: bool | None) -> None:
    """`TFCOLD_NO_REMOTE=1` stands in tests/conftest.py."""
    with pytest.raises(RemoteError, match="TFCOLD_NO_REMOTE forbids"):
        open_model("https://llm.example.com/v1#small", allow_remote=allow)


@pytest.mark.parametrize("spec", ["nothing", "http://localhost:1/v1", "openai:", "ftp://host#x"])
def test_open_model_says_what_it_takes(spec: str) -> None:
    with pytest.raises(InputError, match="URL#NAME"):
        open_model(spec)
