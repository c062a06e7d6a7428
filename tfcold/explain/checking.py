"""What a sentence says that its evidence does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tfcold.explain.catalogue import Titles, names_of
from tfcold.explain.evidence import Evidence
from tfcold.explain.vocabulary import CHOSEN, COUNTS, NEUTRAL, PEOPLE, PROSE, SHARING, THINGS, TOGETHER
from tfcold.remote import MASKED_KINDS
from tfcold.text.phrases import phrases, plain, words_of

LONGEST: Final = 600

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTED: Final = re.compile('["\u201c\u2018\u00ab]([^"\u201d\u2019\u00bb]+)["\u201d\u2019\u00bb]')
_MASK: Final = re.compile(rf"\[(?:{'|'.join(MASKED_KINDS)})\]")
_END: Final = re.compile(r"[.!?][\"'\u201d\u2019)]*(?=\s+\S)")  # where another sentence follows
_SHORT_FORMS: Final = frozenset(("s", "t", "d", "m", "re", "ve", "ll"))  # what an apostrophe cuts off


def check_sentence(sentence: str, evidence: Evidence) -> list[str]:
    """What the sentence says that the evidence does not; empty where all is well.

    It must name the item, and each of its words must stand in the evidence or in a list of words that name no
    attribute (`tfcold.explain.vocabulary`). Refused are so other names and attributes, and numbers in digits or words,
    quoted words, and titles of other items of the bundle, where the evidence does not hold them. Somebody may only be
    said to have chosen what is in their history, and only shared words may be said of the item and its history
    together. That is strict: a true sentence may be refused, and the template steps in. It knows no more of meaning:
    other false claims put together from words of the evidence may pass.

    Args:
        sentence: what was said.
        evidence: of `evidence_for`.

    Example:
        >>> evidence = Evidence("Alien", False, ("Solaris",), ("space",), {"year": 1979}, "id", 12)
        >>> check_sentence("Alien goes with Solaris, which is in space too.", evidence)
        []
        >>> check_sentence("Alien is a romance from 1980.", evidence)
        ['number 1980', "word 'romance'"]
    """
    if not sentence.strip() or len(sentence) > LONGEST:
        return [f"it must have 1 to {LONGEST} characters, it has {len(sentence)}"]
    facts = list(_texts(evidence))
    held = "\n".join(f" {plain(fact)} " for fact in facts)
    known = {word for fact in facts for word in words_of(fact)}
    numbers = {number for fact in facts for number in _NUMBER.findall(fact)}
    counted = {str(len(evidence.history)), *numbers}
    words = words_of(sentence)
    wrong = [] if f" {plain(evidence.item)} " in f" {plain(sentence)} " else [f"no mention of {evidence.item!r}"]
    wrong += [f"number {number}" for number in _NUMBER.findall(sentence) if number not in numbers]
    for word in dict.fromkeys(words):
        if word in COUNTS:
            wrong += [f"number {word}"] * (word not in known and str(COUNTS[word]) not in counted)
        elif not (word in NEUTRAL or word in _SHORT_FORMS or word.isdigit() or _is_of(word, known)):
            wrong.append(f"word {word!r}")
    wrong += _beyond_history(words, evidence)
    wrong += [f"quoted {text!r}" for text in _QUOTED.findall(sentence) if f" {plain(text)} " not in held]
    wrong += [f"mask {found}" for found in _MASK.findall(sentence)]
    wrong += [
        f"item {phrase!r}"
        for phrase in dict.fromkeys(phrases(words))
        if phrase in evidence.catalogue and f" {phrase} " not in held and not PROSE.issuperset(phrase.split())
    ]
    return wrong


def first_sentence(text: str, evidence: Evidence) -> str:
    """The first sentence of a text; full stops in titles of the evidence end none."""
    spans = [
        found.span()
        for title in (evidence.item, *evidence.history)
        for found in re.finditer(re.escape(title), text, re.IGNORECASE)
    ]
    for found in _END.finditer(text):
        if not any(start <= found.start() < stop for start, stop in spans):
            return text[: found.end()].strip()
    return text.strip()


def _beyond_history(words: list[str], evidence: Evidence) -> Iterator[str]:
    """What is said to have been chosen and is no history, or to be shared and is no shared word."""
    done = names_of(evidence.history)
    others = names_of([evidence.item]) | evidence.catalogue
    for place, word in enumerate(words[1:], 1):
        if word not in CHOSEN or words[place - 1] not in PEOPLE:
            continue
        before, after = words[: place - 1], words[place + 1 :]
        relative = bool(before) and before[-1] in ("which", "that")
        named = [_named(before[: len(before) - relative], done, others, at_end=True)]
        if not relative:  # `you chose X`, and `the things you chose`
            named += [_named(after, done, others, at_end=False), bool(before) and before[-1] in THINGS]
        if not any(named):
            yield f"claim '{' '.join(words[max(0, place - 2) : place + 2])}'"
    if not any(phrase in done for phrase in phrases(words)):
        return
    first = next((place for place, word in enumerate(words) if word in SHARING), len(words))
    said = next((word for word in words[first:] if word not in NEUTRAL), None)
    if first < len(words) and said not in {word for fact in evidence.words for word in words_of(fact)}:
        yield f"claim '{words[first]} {said or 'nothing'}'"
    shared = words[first:] if TOGETHER.isdisjoint(words) else words
    ours = {word for fact in (evidence.item, *evidence.history, *evidence.words) for word in words_of(fact)}
    other = {word for fact in evidence.attributes.values() for word in words_of(str(fact))} - ours - PROSE
    yield from (f"not shared {word!r}" for word in dict.fromkeys(shared) if word in other)


def _named(words: list[str], done: Titles, others: Titles, *, at_end: bool) -> bool:
    """Whether the longest title at the start or end of the words is one of the history."""
    for number in range(len(words), 0, -1):
        name = " ".join(words[-number:] if at_end else words[:number])
        if name in done or name in others:
            return name in done
    return False


def _texts(evidence: Evidence) -> Iterator[str]:
    """The facts as texts; the name of a column is one too."""

    def texts(fact: Any) -> Iterator[str]:
        if isinstance(fact, str):
            yield fact
        elif isinstance(fact, Mapping):
            for name, value in fact.items():
                yield str(name)
                yield from texts(value)
        elif isinstance(fact, Sequence):
            for member in fact:
                yield from texts(member)
        elif not isinstance(fact, bool):
            yield str(fact)

    yield from texts([evidence.item, evidence.history, evidence.words, evidence.attributes, evidence.share])


def _is_of(word: str, known: set[str]) -> bool:
    """Whether it is one of them, but for an `s` or `es`."""
    return bool({word, f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es")} & known)
