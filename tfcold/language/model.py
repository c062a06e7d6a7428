"""What every language model answers: text in, text out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from tfcold.errors import InputError, ModelError

Schema = Mapping[str, Any]
DEFAULT_MAX_TOKENS = 256


class Prompt(NamedTuple):
    """What a model is asked: `system` says how to answer, `user` holds the question and its data."""

    system: str
    user: str


@dataclass(frozen=True)
class Answer:
    """What came back for one prompt.

    Args:
        text: str. `""` where it failed.
        prompt_tokens: int. As the model counts, or estimated where it does not say; all attempts and repairs.
        completion_tokens: int. Likewise.
        at: str. When it was answered, UTC, ISO 8601 to the second.
        error: str. Why there is no text; `""` where there is.
        is_cached: bool. Whether it was answered in an earlier run, and cost nothing now.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    at: str = ""
    error: str = ""
    is_cached: bool = False


@runtime_checkable
class LanguageModel(Protocol):
    """Prompts in, texts out. `cached` and `budgeted` take one and give one.

    Attributes:
        name: str. For people and for provenance.
    """

    name: str

    @property
    def fingerprint(self) -> str:
        """What tells its answers from those of another model or setting; no secret is in it."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether prompts leave this machine."""
        ...

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """Place of a prompt and its answer, in the order in which they arrive; prompts are taken as they are needed.

        Args:
            prompts: any number of them.
            max_tokens: int. The longest answer.
            schema: JSON schema of the answer, for models that can be held to one; it may be ignored.

        Raises:
            ModelError: going on is of no use. One prompt that fails is an `Answer` with an `error`.
        """
        ...

    def complete(
        self, prompts: Sequence[Prompt | str], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> list[str]:
        """The texts, one a prompt, in order.

        Raises:
            ModelError: a prompt has no answer.
        """
        ...


class Completing:
    """`complete` from `answers`, for whoever writes a model."""

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        raise NotImplementedError

    def complete(
        self, prompts: Sequence[Prompt | str], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> list[str]:
        """The texts, one a prompt, in order.

        Args:
            prompts: a str is a prompt without a system part.
            max_tokens: int. The longest answer.
            schema: JSON schema of the answer, or None.

        Raises:
            ModelError: a prompt has no answer; the others are kept where the model is `cached`.
        """
        if isinstance(prompts, str):
            raise InputError("`prompts` must be a sequence of prompts; received one string. Put it in a list")
        asked = [Prompt("", prompt) if isinstance(prompt, str) else prompt for prompt in prompts]
        texts = [""] * len(asked)
        failed: list[tuple[int, str]] = []
        for place, answer in self.answers(asked, max_tokens=max_tokens, schema=schema):
            texts[place] = answer.text
            if answer.error:
                failed.append((place, answer.error))
        if failed:
            place, error = min(failed)
            raise ModelError(f"{len(failed)} of {len(asked)} prompts have no answer, the first is {place}: {error}")
        return texts


def estimated_tokens(prompt: Prompt) -> int:
    """Tokens of a prompt, rather too many: bytes / 3, and 8 for what frames it. English has about 4 a token."""
    return 8 + -(-len((prompt.system + prompt.user).encode("utf-8", "surrogatepass")) // 3)


def utc_now() -> str:
    """Now, as `Answer.at` has it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
