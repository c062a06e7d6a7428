"""What can be shown for a score: the history items that bring most, and what they share with the item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID, title_column
from tfcold.explain.catalogue import Titles, names_of
from tfcold.text.kinds import cell_text, column_kinds

if TYPE_CHECKING:
    from tfcold.serving import Recommender
    from tfcold.serving.explanation import Explanation

HISTORY: Final = "history:"
MOST_WORDS: Final = 5
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_COMMON_WORDS: Final = (
    "about after all and are but can for from has have her him his how into its new not off old one only our out"
    " over she that the their them they this was were what when where which who will with you your"
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True)
class Evidence:
    """Facts that an explanation may rest on, all of them from the bundle.

    Args:
        item: str. Title of the item, or its id.
        is_cold: bool. Nobody has touched it.
        history: titles (or ids) of the history items that bring most, at most three, the first most.
        words: words that the item shares with each of these, at most five, longest first.
        attributes: what the bundle shows of the item besides its title, by column.
        strongest: str. The part of the item that brings most: `"id"`, `"block:<name>"`, `"prior"` or `"item"`;
            `"nothing"` where no part speaks for it.
        share: int. Percent of the positive values by history that the named history items bring.
        catalogue: what the items of the bundle are called, which a sentence must not say unless it is above.
        title: str or None. The column of titles.
        ids: those of `item` and `history` that are ids, for want of a title. They are not sent to a model.
    """

    item: str
    is_cold: bool
    history: tuple[str, ...]
    words: tuple[str, ...]
    attributes: Mapping[str, Any]
    strongest: str
    share: int
    catalogue: Titles = field(default=frozenset(), repr=False)
    title: str | None = "title"
    ids: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON: the facts alone."""
        said = asdict(self)
        for name in ("catalogue", "title", "ids"):
            said.pop(name)
        return {**said, "history": list(self.history), "words": list(self.words), "attributes": dict(self.attributes)}


def evidence_for(
    recommender: Recommender, explanation: Explanation, most: int = 3, catalogue: Titles | None = None
) -> Evidence:
    """The evidence for one explanation.

    Args:
        recommender: the bundle that explained.
        explanation: of `recommender.explain`.
        most: int, default 3. History items named.
        catalogue: of `catalogue_of(recommender)`, for whoever explains many pairs; None makes it.
    """
    by_history = explanation.by_history
    positive = by_history[by_history["value"] > 0]
    named = positive[positive["name"].str.startswith(HISTORY)].head(most)
    total = float(positive["value"].sum())
    ids = [explanation.item_id, *(name.removeprefix(HISTORY) for name in named["name"])]
    shown = recommender.titles(ids)
    title = title_column(shown.columns)
    titles = [cell_text(cell) for cell in shown[title]] if title else [""] * len(ids)
    names = [said or item_id for said, item_id in zip(titles, ids, strict=True)]
    columns = attribute_columns(recommender)
    words = [_words(row, [title, *columns] if title else columns) for _, row in shown.iterrows()]
    shared = set.intersection(*words) if len(words) > 1 else set()
    best = explanation.by_item.sort_values("value", ascending=False, kind="stable").iloc[0]
    return Evidence(
        item=names[0],
        is_cold=bool(recommender.is_cold([explanation.item_id])[0]),
        history=tuple(names[1:]),
        words=tuple(sorted(shared, key=lambda word: (-len(word), word))[:MOST_WORDS]),
        attributes={name: _plain(shown[name].iloc[0]) for name in columns if cell_text(shown[name].iloc[0])},
        strongest=str(best["name"]) if best["value"] > 0 else "nothing",
        share=round(100 * float(named["value"].sum()) / total) if total > 0 else 0,
        catalogue=catalogue_of(recommender) if catalogue is None else catalogue,
        title=title,
        ids=frozenset(item_id for said, item_id in zip(titles, ids, strict=True) if not said),
    )


def catalogue_of(recommender: Recommender) -> Titles:
    """What the items of a bundle are called: their titles, or ids where it keeps none."""
    shown = recommender.attributes
    title = title_column(shown.columns)
    return names_of([cell_text(cell) for cell in shown[title]] if title else recommender.item_ids)


def attribute_columns(recommender: Recommender) -> list[str]:
    """The columns of facts beside the title; those that say where others come from are none."""
    shown = recommender.attributes
    title = title_column(shown.columns)
    return [name for name in column_kinds(shown, ITEM_ID) if name != title]


def _words(row: pd.Series, columns: list[str]) -> set[str]:
    texts = [cell for cell in (row[column] for column in columns) if isinstance(cell, str)]
    return {word for text in texts for word in _WORD.findall(text.casefold())} - _COMMON


def _plain(cell: Any) -> Any:
    """The cell as JSON has it; a whole number without `.0`, as people say it."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
