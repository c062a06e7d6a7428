"""Texts that look written for the recommender: longer, more repetitive, fuller of other titles than the catalogue's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.text.kinds import TITLE_LIKE, cell_text, column_kinds
from tfcold.text.phrases import LONGEST_PHRASE, names_in, words_of

WHY: Final = "why"
COLUMN: Final = "column"
LONGER: Final = 1.5  # times the longest text of the catalogue
OFTENER: Final = 2  # more than in any text of the catalogue: uses of one word, other titles
FEWEST: Final = 50  # texts of a catalogue that say what is usual

_SAMPLED: Final = 5_000
_SHORT: Final = 3  # letters: shorter words are no keywords
_NAME_WORDS: Final = 2  # a title of one word is a word


@dataclass(frozen=True)
class Usual:
    """What the texts of a column have at most.

    Args:
        words: int. Words of a text.
        uses: int. Uses of one word in a text.
        titles: int. Titles of other items in a text.
    """

    words: int
    uses: int
    titles: int


def stuffed_texts(items: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Frame `item_id, column, why`: texts of new items that are beyond what the catalogue's texts have.

    A text is named where it is half as long again as the longest text of its column in the catalogue, uses one word at
    least twice more than any of them, or holds at least two more titles of other items than any of them. It may be
    honest all the same: a person has to look. A column is looked at where the catalogue has at least 50 texts in it.

    Args:
        items: frame with `item_id` and columns of text, of new items.
        catalogue: frame with `item_id` and the same columns, of items that are trusted.

    Example:
        >>> known = pd.DataFrame({"item_id": range(60), "title": [f"a plain pan no {n}" for n in range(60)]})
        >>> new = pd.DataFrame({"item_id": ["x", "y"], "title": ["a steel pan", "pan pan pan pan a pan"]})
        >>> stuffed_texts(new, known)[["item_id", "why"]].to_numpy().tolist()
        [['y', "'pan' stands 5 times in it, 1 at most in others"]]
    """
    kinds = column_kinds(catalogue, ITEM_ID)
    titles = _titles(catalogue)
    rows = []
    for column, kind in kinds.items():
        if kind != "text" or column not in items.columns:
            continue
        texts = [words for words in map(_words, catalogue[column]) if words]
        if len(texts) < FEWEST:
            continue
        usual = _usual(texts, titles)
        for item, cell in zip(items[ITEM_ID], items[column], strict=True):
            if why := _beyond(_words(cell), usual, titles):
                rows.append((str(item), column, why))
    return pd.DataFrame(rows, columns=[ITEM_ID, COLUMN, WHY])


def _usual(texts: Sequence[Sequence[str]], titles: frozenset[str]) -> Usual:
    chosen = np.random.default_rng(0).permutation(len(texts))[:_SAMPLED]
    sample = [texts[place] for place in chosen]
    return Usual(
        words=max(map(len, texts)),
        uses=max(_most_used(words)[1] for words in texts),
        titles=max(len(_others(words, titles)) for words in sample),
    )


def _beyond(words: Sequence[str], usual: Usual, titles: frozenset[str]) -> str:
    word, uses = _most_used(words)
    if len(words) > LONGER * usual.words:
        return f"it has {len(words)} words, {usual.words} at most in others"
    if uses >= usual.uses + OFTENER:
        return f"{word!r} stands {uses} times in it, {usual.uses} at most in others"
    names = _others(words, titles)
    if len(names) >= usual.titles + OFTENER:
        return f"it holds {len(names)} titles of other items, {usual.titles} at most in others"
    return ""


def _others(words: Sequence[str], titles: frozenset[str]) -> list[str]:
    """Titles in a text, each once; a text that is a title does not hold it."""
    whole = " ".join(words[:LONGEST_PHRASE])
    return [name for name in dict.fromkeys(names_in(words, titles)) if name != whole]


def _most_used(words: Sequence[str]) -> tuple[str, int]:
    counts = Counter(word for word in words if len(word) >= _SHORT)
    return counts.most_common(1)[0] if counts else ("", 0)


def _titles(catalogue: pd.DataFrame) -> frozenset[str]:
    column = next((name for name in catalogue.columns if str(name).lower() in TITLE_LIKE), None)
    texts = [] if column is None else map(_words, catalogue[column])
    return frozenset(" ".join(words[:LONGEST_PHRASE]) for words in texts if len(words) >= _NAME_WORDS)


def _words(cell: object) -> list[str]:
    return words_of(cell_text(cell))
