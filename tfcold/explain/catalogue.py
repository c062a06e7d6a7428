"""What the items of a bundle are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tfcold.text.phrases import LONGEST_PHRASE, words_of

Titles = frozenset[str]

_YEAR: Final = re.compile(r"\s*\([^()]*\)$")  # `Alien (1979)` is called Alien
_ARTICLE: Final = re.compile(r",\s*(?:the|a|an)$", re.IGNORECASE)  # `Terminator, The` is called Terminator


def names_of(titles: Iterable[str]) -> Titles:
    """What items of these titles are called in a sentence, as `plain` makes it.

    Example:
        >>> sorted(names_of(["Terminator, The (1984)"]))
        ['terminator', 'terminator the', 'terminator the 1984']
    """
    called = (name for title in titles for name in _ways_to_say(title))
    return frozenset(" ".join(words[:LONGEST_PHRASE]) for words in map(words_of, called) if words)


def _ways_to_say(title: str) -> Iterator[str]:
    yield title
    short = _YEAR.sub("", title)
    yield short
    yield _ARTICLE.sub("", short)
