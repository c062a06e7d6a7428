"""Texts as words, and runs of words that are names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

LONGEST_PHRASE: Final = 12  # words of a name that are compared

_WORD: Final = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, casefolded.

    Example:
        >>> words_of("Terminator 2: Judgment Day")
        ['terminator', '2', 'judgment', 'day']
    """
    return _WORD.findall(text.casefold())


def plain(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(words_of(text))


def phrases(words: Sequence[str]) -> Iterator[str]:
    """Every run of at most twelve words."""
    for start in range(len(words)):
        for stop in range(start + 1, min(start + LONGEST_PHRASE, len(words)) + 1):
            yield " ".join(words[start:stop])


def names_in(words: Sequence[str], names: Set[str]) -> list[str]:
    """The names that the words hold, from the left, the longest where several begin; none overlap.

    Example:
        >>> names_in("see alien resurrection and alien".split(), {"alien", "alien resurrection"})
        ['alien resurrection', 'alien']
    """
    found, start = [], 0
    while start < len(words):
        for stop in range(min(start + LONGEST_PHRASE, len(words)), start, -1):
            if (name := " ".join(words[start:stop])) in names:
                found.append(name)
                start = stop
                break
        else:
            start += 1
    return found
