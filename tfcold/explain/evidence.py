"""What can be shown for a score: the history items that bring most, and what they share with the item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from tfcold.columns import ITEM_ID

if TYPE_CHECKING:
    from tfcold.serving import Recommender
    from tfcold.serving.explanation import Explanation

HISTORY: Final = "history:"
_TITLES: Final = ("title", "name")
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
        history: titles of the history items that bring most, at most three, the first most.
        words: words that the item shares with these, at most five.
        attributes: what the bundle shows of the item besides its title, by column.
        strongest: str. The part of the item that brings most: `"id"`, `"words"`, `"prior"` or `"item"`.
        share: int. Percent of the positive values by history that the named history items bring.
        others: titles of every item of the bundle, casefolded: what a sentence must not name.
    """

    item: str
    is_cold: bool
    history: tuple[str, ...]
    words: tuple[str, ...]
    attributes: Mapping[str, Any]
    strongest: str
    share: int
    others: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON; without `others`."""
        said = asdict(self)
        said.pop("others")
        return {**said, "history": list(self.history), "words": list(self.words), "attributes": dict(self.attributes)}


def evidence_for(recommender: Recommender, explanation: Explanation, most: int = 3) -> Evidence:
    """The evidence for one explanation.

    Args:
        recommender: the bundle that explained.
        explanation: of `recommender.explain`.
        most: int, default 3. History items named.
    """
    by_history = explanation.by_history
    positive = by_history[by_history["value"] > 0]
    named = positive[positive["name"].str.startswith(HISTORY)].head(most)
    total = float(positive["value"].sum())
    ids = [name.removeprefix(HISTORY) for name in named["name"]]
    shown = recommender.titles([explanation.item_id, *ids])
    title = next((column for column in shown.columns if column.lower() in _TITLES), ITEM_ID)
    names = [str(text) if _is_said(text) else str(one) for text, one in zip(shown[title], shown[ITEM_ID], strict=True)]
    words = _words(shown.iloc[0])
    seen: dict[str, int] = {}
    for place in range(1, len(shown)):
        for word in _words(shown.iloc[place]) & words:
            seen[word] = seen.get(word, 0) + 1
    attributes = {
        str(column): shown[column].iloc[0].item() if hasattr(shown[column].iloc[0], "item") else shown[column].iloc[0]
        for column in shown.columns
        if column not in (ITEM_ID, title) and _is_said(shown[column].iloc[0])
    }
    strongest = str(explanation.by_item.iloc[0]["name"]).split(":")[0].replace("block", "words")
    everything = recommender.titles(recommender.item_ids)[title]
    return Evidence(
        item=names[0],
        is_cold=bool(recommender.is_cold([explanation.item_id])[0]),
        history=tuple(names[1:]),
        words=tuple(sorted(seen, key=lambda word: (-seen[word], word))[:5]),
        attributes=attributes,
        strongest=strongest,
        share=round(100 * float(named["value"].sum()) / total) if total > 0 else 0,
        others=frozenset(str(text).casefold() for text in everything if _is_said(text)),
    )


def _words(row: pd.Series) -> set[str]:
    texts = [str(cell) for column, cell in row.items() if column != ITEM_ID and isinstance(cell, str)]
    return {word for text in texts for word in _WORD.findall(text.casefold())} - _COMMON


def _is_said(cell: Any) -> bool:
    return not pd.isna(cell) and str(cell).strip() != ""
