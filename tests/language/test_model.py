"""The pieces around a model: threads, the cache, the protocol."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tfcold.errors import InputError, ModelError
from tfcold.language import Answer, AnswerStore, EndpointModel, LanguageModel, Prompt, cached
from tfcold.language.model import Completing, estimated_tokens
from tfcold.language.workers import in_parallel


class Echo(Completing):
    """Says the prompt in capitals; `fail` is answered with an error."""

    name = "echo"
    fingerprint = "echo-1"
    is_remote = False

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = 9, schema: object = None
    ) -> Iterator[tuple[int, Answer]]:
        for place, prompt in enumerate(prompts):
            self.asked.append(prompt.user)
            failed = prompt.user == "fail"
            yield place, Answer("", error="no") if failed else Answer(prompt.user.upper(), 1, 1, "now")


@pytest.mark.parametrize("model", [Echo(), cached(Echo()), EndpointModel("http://localhost:1", "x")])
def test_models_are_language_models(model: object) -> None:
    assert isinstance(model, LanguageModel)


def test_complete_takes_strings_and_asks_equal_ones_once() -> None:
    model = Echo()

    assert cached(model).complete(["a", "b", "a"]) == ["A", "B", "A"]
    assert model.asked == ["a", "b"]
    assert cached(model).complete(["b", "c"]) == ["B", "C"]
    assert model.asked == ["a", "b", "c"]


def test_complete_names_the_first_prompt_without_answer() -> None:
    with pytest.raises(ModelError, match="1 of 3 prompts have no answer, the first is 1: no"):
        Echo().complete(["a", "fail", "b"])
    with pytest.raises(InputError, match="one string"):
        Echo().complete("a")


def test_failures_are_not_kept() -> None:
    model = Echo()
    for _ in range(2):
        with pytest.raises(ModelError):
            cached(model).complete(["fail"])

    assert model.asked == ["fail", "fail"]


def test_what_was_asked_is_not_on_disk(tmp_path: Path) -> None:
    cached(Echo(), tmp_path).complete(["a secret question"])

    assert all(b"secret question" not in path.read_bytes() for path in tmp_path.iterdir())


def test_damaged_store_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "answers-1.sqlite").write_bytes(b"no data base at all, but long enough to be read as one" * 50)

    with pytest.raises(InputError, match="Delete it if it is damaged"):
        cached(Echo(), tmp_path).complete(["a"])


WRITER = """
import sys
from tfcold.language import Answer, AnswerStore

store = AnswerStore(sys.argv[1])
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 50):
    store.put(f"key{number}", Answer(f"text{number}", 1, 1, "now"))
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), start]) for start in ("0", "25")]

    assert [process.wait(120) for process in processes] == [0, 0]
    store = AnswerStore(tmp_path)
    assert [getattr(store.get(f"key{number}"), "text", None) for number in range(75)] == [f"text{n}" for n in range(75)]


def test_inputs_are_taken_only_as_threads_are_free() -> None:
    taken: list[int] = []
    gate = threading.Event()

    def inputs() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        if number:
            gate.wait(5)
        return number

    results = in_parallel(work, inputs(), num_threads=3)
    assert next(results) == (0, 0)
    assert len(taken) == 3  # not one more until somebody asks on
    gate.set()
    assert sorted(place for place, _ in results) == list(range(1, 10))


def test_an_error_of_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda number: 1 // number, [1, 0], num_threads=2))


def test_threads_end_when_nobody_listens_any_more() -> None:
    results = in_parallel(lambda number: number, range(100), num_threads=4)
    next(results)
    results.close()  # type: ignore[attr-defined]
    for thread in [one for one in threading.enumerate() if one.name.startswith("tfcold-")]:
        thread.join(5)

    assert [one.name for one in threading.enumerate() if one.name.startswith("tfcold-")] == []


def test_estimate_counts_bytes() -> None:
    assert estimated_tokens(Prompt("abc", "def")) == 8 + 2
    assert estimated_tokens(Prompt("", "語")) == 8 + 1
