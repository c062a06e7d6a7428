"""One structured answer for each row: checked, repaired once, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tfcold.errors import BudgetError, ModelError
from tfcold.language.model import Answer, LanguageModel, Prompt, estimated_tokens
from tfcold.language.structured import AnswerError, read_answer
from tfcold.language.templates import PromptTemplate
from tfcold.progress import bar

_QUOTED: Final = 600  # characters of a wrong answer that go back to the model


@dataclass(frozen=True)
class Told:
    """What came of one row.

    Args:
        fields: the answer's fields, None where there is none that can be used.
        at: str. When it was answered.
        error: str. Why there is none.
        is_repaired: bool. Whether the first answer was wrong and the second right.
        is_cached: bool. Whether it was asked in an earlier run.
        is_failed: bool. Whether the model gave no answer at all.
    """

    fields: Mapping[str, str] | None
    at: str = ""
    error: str = ""
    is_repaired: bool = False
    is_cached: bool = False
    is_failed: bool = False


@dataclass(frozen=True)
class Estimate:
    """What asking would cost, before it is done: rather too much.

    Args:
        rows: int. How many there are to ask about.
        distinct: int. How many of them differ.
        known: int. Of these, how many were answered in an earlier run, and cost nothing.
        prompt_tokens: int. Of the others, without repairs.
        completion_tokens: int. Likewise, if each answer is as long as it may be.
    """

    rows: int
    distinct: int
    known: int
    prompt_tokens: int
    completion_tokens: int


def estimate(model: LanguageModel, template: PromptTemplate, rows: Sequence[Mapping[str, Any]]) -> Estimate:
    """What `ask` would cost; asks nobody."""
    prompts = dict.fromkeys(template.filled(row)[1] for row in rows)
    known = getattr(model, "known", None)  # of `cached`
    new = [p for p in prompts if known is None or not known(p, max_tokens=template.max_tokens, schema=template.schema)]
    return Estimate(
        len(rows), len(prompts), len(prompts) - len(new),
        sum(map(estimated_tokens, new)), len(new) * template.max_tokens,
    )  # fmt: skip


def ask(
    model: LanguageModel, template: PromptTemplate, rows: Sequence[Mapping[str, Any]], *, title: str = "asking"
) -> list[Told]:
    """What the model says of each row, one question a row.

    No two rows ever stand in one prompt, and an answer counts only with the key of its own row: text in one row can
    change what is said of that row, and of no other. An answer that is not of the form goes back once, with what is
    wrong; a second one that is not is none.

    Args:
        model: whom to ask; `cached` and `budgeted` by the caller.
        template: the question.
        rows: data of each row, ready to be sent: columns chosen, masked.
        title: str. On the progress bar.

    Raises:
        BudgetError: the budget is used up; says how far it came.
        ModelError: the model cannot be reached, refuses everything, or fails one time after the other.
    """
    filled = [template.filled(row) for row in rows]
    told: list[Told | None] = [None] * len(rows)
    wrong: dict[int, tuple[Answer, str]] = {}
    with bar(len(rows), title=title, unit="row") as progress:
        for place, answer in _answers(model, template, [prompt for _, prompt in filled], told):
            outcome = _told(answer, template, filled[place][0])
            if outcome.fields is None and not answer.error:
                wrong[place] = (answer, outcome.error)
                continue
            told[place] = outcome
            progress.update()
        places = list(wrong)
        repairs = [_repair(filled[place][1], *wrong[place]) for place in places]
        for at, answer in _answers(model, template, repairs, told):
            place = places[at]
            outcome = _told(answer, template, filled[place][0])
            told[place] = replace(outcome, is_repaired=outcome.fields is not None)
            progress.update()
    return [outcome or Told(None, error="no answer", is_failed=True) for outcome in told]


def _answers(
    model: LanguageModel, template: PromptTemplate, prompts: Sequence[Prompt], told: Sequence[Told | None]
) -> Iterator[tuple[int, Answer]]:
    try:
        yield from model.answers(prompts, max_tokens=template.max_tokens, schema=template.schema)
    except (BudgetError, ModelError) as error:
        done = sum(outcome is not None and not outcome.is_failed for outcome in told)
        kept = f"{done:,} of {len(told):,} rows are done, and their answers kept where the model is cached"
        kind = BudgetError if isinstance(error, BudgetError) else ModelError
        raise kind(f"{error}. {kept}: the same call goes on from there") from error


def _told(answer: Answer, template: PromptTemplate, key: str) -> Told:
    if answer.error:
        return Told(None, answer.at, answer.error, is_failed=True)
    try:
        fields = read_answer(answer.text, template.schema, row=key, instruction=template.system)
    except AnswerError as error:
        return Told(None, answer.at, str(error), is_cached=answer.is_cached)
    return Told(fields, answer.at, is_cached=answer.is_cached)


def _repair(prompt: Prompt, answer: Answer, fault: str) -> Prompt:
    quoted = json.dumps(answer.text[:_QUOTED], ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    return Prompt(
        prompt.system,
        f"{prompt.user}\nAn earlier answer was <answer>{quoted}</answer>, and it was wrong: {fault}. "
        "Answer again, with the JSON object alone.",
    )
