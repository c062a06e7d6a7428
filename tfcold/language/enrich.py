"""Thin titles -> facts worth encoding, in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.data import Items
from tfcold.language.asking import Estimate, Told, ask, estimate
from tfcold.language.model import LanguageModel
from tfcold.language.provenance import MADE, Outcome, check_new
from tfcold.language.rows import Row, chosen_columns, rows_of
from tfcold.language.templates import PromptTemplate, prompt_template
from tfcold.remote import Masker

ENRICH_PROMPT: Final = "enrich.v1"
PREFIX: Final = "llm"


@dataclass(frozen=True)
class Enrichment:
    """Items with what a model said of them.

    Args:
        frame: the items table as it was, then the columns of the answer (`llm_what`, `llm_for_whom`,
            `llm_moods_or_uses`) and where they come from (`llm_made_by`: the model, `llm_made_with`: the prompt,
            `llm_made_at`: UTC); all of them empty (`None`) where there is no answer that can be used.
        outcome: what was done, in numbers.
    """

    frame: pd.DataFrame
    outcome: Outcome


@dataclass(frozen=True)
class EnrichmentPlan:
    """What would be sent about a table of items; made by `plan_enrichment`, before anybody is asked.

    Args:
        frame: the items table.
        template: the question.
        columns: the columns that are read.
        rows: what is sent of each item, masked; a row without words is not sent.
        prefix: str. Of the new columns.
    """

    frame: pd.DataFrame
    template: PromptTemplate
    columns: tuple[str, ...]
    rows: list[Row]
    prefix: str

    @property
    def masks(self) -> Outcome:
        """An outcome with nothing but what was masked."""
        return self._outcome([None] * len(self.rows))

    def estimate(self, model: LanguageModel) -> Estimate:
        """What it would cost; asks nobody."""
        return estimate(model, self.template, [row.data for row in self.rows if row.data])

    def run(self, model: LanguageModel) -> Enrichment:
        """The items with their answers.

        Raises:
            BudgetError, ModelError: see `tfcold.language.ask`.
        """
        places = [place for place, row in enumerate(self.rows) if row.data]
        answers = ask(model, self.template, [self.rows[place].data for place in places], title="enriching")
        told: list[Told | None] = [None] * len(self.rows)
        for place, answer in zip(places, answers, strict=True):
            told[place] = answer
        frame = self.frame.copy()
        for name in self.template.fields:
            frame[f"{self.prefix}_{name}"] = _cells(
                [one.fields.get(name) or None if one and one.fields else None for one in told]
            )
        for ending, values in zip(MADE, (model.name, self.template.version, None), strict=True):
            frame[self.prefix + ending] = _cells([(values or one.at) if one and one.fields else None for one in told])
        return Enrichment(frame, self._outcome(told))

    def _outcome(self, told: Sequence[Told | None]) -> Outcome:
        ids = self.frame[ITEM_ID]
        masks = [(str(item), *mask) for item, row in zip(ids, self.rows, strict=True) for mask in row.masks]
        return Outcome.of(told, masks)


def plan_enrichment(
    items: Items | pd.DataFrame,
    *,
    is_remote: bool,
    columns: Sequence[str] | None = None,
    prompt: str | PromptTemplate = ENRICH_PROMPT,
    prefix: str = PREFIX,
    masker: Masker | None = None,
) -> EnrichmentPlan:
    """What would be sent; see `enrich_items` for arguments and errors.

    Args:
        is_remote: bool. Whether text would leave this machine: then `columns` must be given.
    """
    frame = (items if isinstance(items, Items) else Items.from_frame(items)).frame
    template = prompt_template(prompt) if isinstance(prompt, str) else prompt
    new = [f"{prefix}_{name}" for name in template.fields] + [prefix + ending for ending in MADE]
    check_new(frame, new, way_out="Give another `prefix`, or the table without them")
    names = chosen_columns(frame, ITEM_ID, columns, is_remote=is_remote)
    return EnrichmentPlan(frame, template, names, rows_of(frame, names, masker or Masker()), prefix)


def enrich_items(
    items: Items | pd.DataFrame,
    model: LanguageModel,
    *,
    columns: Sequence[str] | None = None,
    prompt: str | PromptTemplate = ENRICH_PROMPT,
    prefix: str = PREFIX,
    masker: Masker | None = None,
) -> Enrichment:
    """The items table with facts that a model adds: what it is, for whom, moods or uses.

    The table's own columns stay as they are. One item is one question; ids are never sent. The model that answers is
    best `cached`, and `budgeted` where it costs money.

    Args:
        items: the items table.
        model: whom to ask.
        columns: the columns that may be read; None takes all columns of words, for a model on this machine only.
        prompt: version of the question, path of a file, or a template.
        prefix: str. Starts the names of the new columns.
        masker: takes e-mail addresses, phone numbers, ... out of what is sent; default `Masker()`.

    Raises:
        InputError: a column or prompt that is not there, a new column that is there already, or no allow-list for a
            model on another machine.
        BudgetError, ModelError: see `tfcold.language.ask`.
    """
    plan = plan_enrichment(
        items, is_remote=model.is_remote, columns=columns, prompt=prompt, prefix=prefix, masker=masker
    )
    return plan.run(model)


def _cells(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype=object)
