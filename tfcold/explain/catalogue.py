"""What the items of a bundle are called, and texts as words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

Titles = frozenset[str]

_WORD: Final = re.compile(r"[^\W_]+")
_YEAR: Final = re.compile(r"\s*\([^()]*\)$")  # `Alien (1979)` is called Alien
_ARTICLE: Final = re.compile(r",\s*(?:the|a|an)$", re.IGNORECASE)  # `Terminator, The` is called Terminator
_LONGEST: Final = 12  # words of a title that are compared


def names_of(titles: Iterable[str]) -> Titles:
    """What items of these titles are called in a sentence, as `plain` makes it.

    Example:
        >>> sorted(names_of(["Terminator, The (1984)"]))
        ['terminator', 'terminator the', 'terminator the 1984']
    """
    called = (name for title in titles for name in _ways_to_say(title))
    return frozenset(" ".join(words[:_LONGEST]) for words in map(words_of, called) if words)


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, casefolded."""
    return _WORD.findall(text.casefold())


def plain(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(words_of(text))


def phrases(words: Sequence[str]) -> Iterator[str]:
    """Every run of at most twelve words."""
    for start in range(len(words)):
        for stop in range(start + 1, min(start + _LONGEST, len(words)) + 1):
            yield " ".join(words[start:stop])


def _ways_to_say(title: str) -> Iterator[str]:
    yield title
    short = _YEAR.sub("", title)
    yield short
    yield _ARTICLE.sub("", short)
