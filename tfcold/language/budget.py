"""No more tokens or money than was agreed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite

from tfcold.errors import BudgetError, InputError
from tfcold.language.model import (
    DEFAULT_MAX_TOKENS,
    Answer,
    Completing,
    LanguageModel,
    Prompt,
    Schema,
    estimated_tokens,
)


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, of prompts and of answers, in whatever money."""

    prompt: float = 0.0
    completion: float = 0.0

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise InputError(f"`{name}` must be a price of at least 0; received {getattr(self, name)}")

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Money for so many tokens."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6


@dataclass
class Budget:
    """Tokens and money that may be spent, and what was.

    Args:
        tokens: int or None. Most tokens, prompts and answers together; None has no limit.
        money: float or None. Most money; needs `prices`.
        prices: Prices or None.

    Attributes:
        prompt_tokens, completion_tokens: int. Spent so far, as the model counts them.

    Raises:
        InputError: a limit below 0, or money without prices.
    """

    tokens: int | None = None
    money: float | None = None
    prices: Prices | None = None
    prompt_tokens: int = field(default=0, init=False)
    completion_tokens: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        for name in ("tokens", "money"):
            limit = getattr(self, name)
            if limit is not None and not (isfinite(limit) and limit >= 0):
                raise InputError(f"`{name}` must be at least 0; received {limit}")
        if self.money is not None and (self.prices is None or self.prices == Prices()):
            raise InputError("`money` needs `prices`: what a million tokens of prompts and of answers cost")

    def has_room(self, prompt_tokens: int, completion_tokens: int) -> bool:
        """Whether so many more tokens are within both limits."""
        asked, said = self.prompt_tokens + prompt_tokens, self.completion_tokens + completion_tokens
        if self.tokens is not None and asked + said > self.tokens:
            return False
        return self.money is None or self.prices is None or self.prices.of(asked, said) <= self.money

    @property
    def spent(self) -> str:
        """What was spent, in words."""
        text = f"{self.prompt_tokens + self.completion_tokens:,} tokens"
        return text if self.prices is None else f"{text}, {self.spent_money:.4f} of money"

    @property
    def spent_money(self) -> float:
        return 0.0 if self.prices is None else self.prices.of(self.prompt_tokens, self.completion_tokens)


class _Budgeted(Completing):
    def __init__(self, model: LanguageModel, budget: Budget) -> None:
        self.model, self.budget, self.name = model, budget, model.name

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @property
    def is_remote(self) -> bool:
        return self.model.is_remote

    def answers(
        self, prompts: Iterable[Prompt], *, max_tokens: int = DEFAULT_MAX_TOKENS, schema: Schema | None = None
    ) -> Iterator[tuple[int, Answer]]:
        waiting = deque(enumerate(prompts))
        reserved: dict[int, int] = {}  # place -> estimated tokens of prompts under way
        while waiting:
            sent: list[int] = []

            def affordable(sent: list[int] = sent) -> Iterator[Prompt]:
                while waiting:
                    place, prompt = waiting[0]
                    needed = estimated_tokens(prompt)
                    under_way = sum(reserved.values()) + needed
                    if not self.budget.has_room(under_way, max_tokens * (len(reserved) + 1)):
                        return
                    waiting.popleft()
                    reserved[place] = needed
                    sent.append(place)
                    yield prompt

            for at, answer in self.model.answers(affordable(), max_tokens=max_tokens, schema=schema):
                reserved.pop(sent[at])
                self.budget.prompt_tokens += answer.prompt_tokens
                self.budget.completion_tokens += answer.completion_tokens
                yield sent[at], answer
            if not sent:
                raise BudgetError(f"the budget is used up: {self.budget.spent} spent, the next prompt does not fit")


def budgeted(model: LanguageModel, budget: Budget) -> LanguageModel:
    """The model, asked only while the budget lasts.

    A prompt is sent when its estimated tokens and its longest answer fit beside everything that is under way, so the
    limit holds unless the model counts more tokens than `estimated_tokens` does, or attempts that fail cost tokens
    too (these are counted afterwards, by estimate).

    Args:
        model: whom to ask.
        budget: shared by everybody who is given it; what is spent is added up in it.

    Its `answers` raise BudgetError when the next prompt does not fit; whatever was sent before has been answered.
    """
    return _Budgeted(model, budget)
