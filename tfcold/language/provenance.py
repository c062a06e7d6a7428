"""Columns that say where other columns come from, and counts of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from tfcold.columns import MADE_AT, MADE_BY, MADE_WITH
from tfcold.errors import InputError
from tfcold.language.asking import Told
from tfcold.remote import Mask

MADE: Final = (MADE_BY, MADE_WITH, MADE_AT)


@dataclass(frozen=True)
class Outcome:
    """What was done, in numbers.

    Args:
        rows: int. Rows of the table.
        told: int. Rows that have an answer.
        known: int. Of these, answered in an earlier run.
        repaired: int. Of these, right at the second attempt.
        invalid: int. Rows left as they were: two answers that were not of the form.
        failed: int. Rows left as they were: the model gave no answer.
        silent: int. Rows without words, which nobody was asked about.
        errors: Counter by reason, of invalid and failed rows.
        masks: id of a row, column and mask, of everything that was masked.
    """

    rows: int
    told: int
    known: int
    repaired: int
    invalid: int
    failed: int
    silent: int
    errors: Counter[str] = field(default_factory=Counter)
    masks: tuple[tuple[str, str, Mask], ...] = ()

    @property
    def masked(self) -> Counter[str]:
        """How much was masked, by kind."""
        return Counter(mask.kind for _, _, mask in self.masks)

    @classmethod
    def of(cls, told: Sequence[Told | None], masks: Sequence[tuple[str, str, Mask]] = ()) -> Outcome:
        """The numbers of some rows; None is a row that nobody was asked about."""
        asked = [one for one in told if one is not None]
        good = [one for one in asked if one.fields is not None]
        bad = [one for one in asked if one.fields is None]
        failed = [one for one in bad if one.is_failed]
        return cls(
            rows=len(told),
            told=len(good),
            known=sum(one.is_cached for one in good),
            repaired=sum(one.is_repaired for one in good),
            invalid=len(bad) - len(failed),
            failed=len(failed),
            silent=len(told) - len(asked),
            errors=Counter(one.error for one in bad),
            masks=tuple(masks),
        )

    def lines(self) -> list[str]:
        """The numbers in words, a line each; nothing is said of what did not happen."""
        lines = [f"{self.told:,} of {self.rows:,} rows have an answer, {self.known:,} of them from an earlier run"]
        for number, words in (
            (self.repaired, "answers were right at the second attempt"),
            (self.invalid, "rows were left as they were: their answers are not of the form"),
            (self.failed, "rows were left as they were: no answer; run it again to ask them again"),
            (self.silent, "rows were left as they were: they have no words"),
        ):
            if number:
                lines.append(f"{number:,} {words}")
        if self.errors:
            reason, number = self.errors.most_common(1)[0]
            lines.append(f"the most frequent fault ({number:,}): {reason}")
        if self.masks:
            lines.append("masked: " + ", ".join(f"{number:,} {kind}" for kind, number in self.masked.most_common()))
        return lines


def check_new(frame: pd.DataFrame, columns: Sequence[str], *, way_out: str) -> None:
    """Nothing, if the table has none of the columns.

    Raises:
        InputError: it has one, which is not to be overwritten.
    """
    taken = [name for name in columns if name in frame.columns]
    if taken:
        raise InputError(f"the table already has {', '.join(map(repr, taken))}, which is not overwritten. {way_out}")
