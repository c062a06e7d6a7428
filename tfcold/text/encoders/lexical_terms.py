"""A row of a table -> the terms that stand for it: words, `column=name`, `column=band`."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfcold.errors import InputError
from tfcold.text.kinds import cell_names, cell_text, column_kinds, numbers

_WORD = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True)
class RowTerms:
    """How rows are read: which columns hold what, and where the bands of a number end.

    Args:
        text: columns of words. Each gives its words and its pairs of neighbouring words, lower case, without accents.
        categorical: columns of names. Each name gives `column=name`, and its words count as words too, so that a
            sentence somebody types can meet them.
        edges: numeric column -> the inner edges of its bands, ascending. A number gives `column=band`, band 0 below
            the first edge.
        char_ngrams: None or (low, high): also the pieces of every word (with a space at both ends) of these lengths.
    """

    text: tuple[str, ...]
    categorical: tuple[str, ...]
    edges: Mapping[str, tuple[float, ...]]
    char_ngrams: tuple[int, int] | None = None

    @classmethod
    def fitted(
        cls,
        frame: pd.DataFrame,
        *,
        text: Sequence[str] | None,
        categorical: Sequence[str] | None,
        numeric: Sequence[str] | None,
        char_ngrams: Sequence[int] | None,
        bins: int,
        id_columns: Sequence[str] = (),
    ) -> RowTerms:
        """Columns sorted out and bands cut at the quantiles of these rows.

        Raises:
            InputError: no rows, a column that is not there, or nothing to read.
        """
        if len(frame) == 0:
            raise InputError("`frame` must hold at least one row to learn terms from; received 0 rows")
        if text is None and categorical is None and numeric is None:
            columns = [column for column in frame.columns if column not in id_columns]
            kinds = column_kinds(frame[columns], "")
            text, categorical, numeric = (
                [column for column, kind in kinds.items() if kind == wanted]
                for wanted in ("text", "categorical", "numeric")
            )
        text, categorical, numeric = tuple(text or ()), tuple(categorical or ()), tuple(numeric or ())
        _require_columns(frame, [*text, *categorical, *numeric])
        edges = {column: _edges(numbers(frame[column].tolist()), bins) for column in numeric}
        pieces = None if char_ngrams is None else (int(char_ngrams[0]), int(char_ngrams[1]))
        if pieces is not None and not 1 <= pieces[0] <= pieces[1]:
            raise InputError(f"`char_ngrams` must be (low, high) with 1 <= low <= high; received {pieces}")
        return cls(text, categorical, edges, pieces)

    def of_frame(self, frame: pd.DataFrame) -> Iterator[list[str]]:
        """The terms of each row, with repetitions.

        Raises:
            InputError: the table lacks a column.
        """
        _require_columns(frame, [*self.text, *self.categorical, *self.edges])
        texts = [frame[column].tolist() for column in self.text]
        names = [frame[column].tolist() for column in self.categorical]
        bands = [self._bands(column, frame[column].tolist()) for column in self.edges]
        for row in range(len(frame)):
            terms: list[str] = []
            for cells in texts:
                self._add_words(terms, cell_text(cells[row]))
            for column, cells in zip(self.categorical, names, strict=True):
                for name in cell_names(cells[row]):
                    terms.append(f"{column}={' '.join(_WORD.findall(_plain(name))) or name}")
                    self._add_words(terms, name)
            terms.extend(band[row] for band in bands if band[row])
            yield terms

    def of_texts(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """The terms of each plain sentence: words only."""
        for text in texts:
            terms: list[str] = []
            self._add_words(terms, text)
            yield terms

    def _add_words(self, terms: list[str], text: str) -> None:
        words = _WORD.findall(_plain(text))
        terms.extend(words)
        terms.extend(f"{first} {second}" for first, second in itertools.pairwise(words))
        if self.char_ngrams is not None:
            low, high = self.char_ngrams
            for word in words:
                padded = f" {word} "
                terms.extend(
                    f"~{padded[at : at + size]}"
                    for size in range(low, high + 1)
                    for at in range(len(padded) - size + 1)
                )

    def _bands(self, column: str, cells: Sequence[Any]) -> list[str]:
        values = numbers(cells)
        found = np.searchsorted(np.array(self.edges[column]), values, side="right")
        return ["" if np.isnan(value) else f"{column}={band}" for value, band in zip(values, found, strict=True)]

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": list(self.text),
            "categorical": list(self.categorical),
            "edges": {column: list(edges) for column, edges in self.edges.items()},
            "char_ngrams": None if self.char_ngrams is None else list(self.char_ngrams),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> RowTerms:
        pieces = content["char_ngrams"]
        edges = {column: tuple(values) for column, values in content["edges"].items()}
        return cls(
            tuple(content["text"]), tuple(content["categorical"]), edges, None if pieces is None else tuple(pieces)
        )


def word_ranges() -> list[tuple[int, int]]:
    """First and last code points of every run of characters that words are made of."""
    return _ranges(lambda character: _WORD.match(character) is not None)


def combining_ranges() -> list[tuple[int, int]]:
    """The same of accents, which are left out."""
    return _ranges(lambda character: unicodedata.combining(character) != 0)


def _ranges(holds: Callable[[str], bool]) -> list[tuple[int, int]]:
    points = [point for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF and holds(chr(point))]
    starts = [at for at, point in enumerate(points) if at == 0 or points[at - 1] != point - 1]
    return [(points[at], points[end - 1]) for at, end in zip(starts, [*starts[1:], len(points)], strict=True)]


def _edges(values: np.ndarray[Any, np.dtype[np.float64]], bins: int) -> tuple[float, ...]:
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return ()
    cuts = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    return tuple(float(cut) for cut in cuts if cut > values.min())  # an edge at the minimum would leave band 0 empty


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(
            f"`frame` lacks the columns {missing} of the lexical encoder; "
            f"it has {[str(column) for column in frame.columns]}"
        )
