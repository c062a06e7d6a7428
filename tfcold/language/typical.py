"""What is typical of a history, counted: its words, and the titles nearest to their middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from tfcold.language.histories import Histories

TERMS: Final = 6
TITLES: Final = 3
_WORD: Final = r"(?u)\b[^\W\d_][\w'-]+\b"  # no bare numbers
_COMMON: Final = (  # what joins words in English; other languages are left to the weights
    "a an and are as at be by for from has her his how in into is it its my no not of on or our out she so that the "
    "their them then they this to up was we what when who will with you your"
)


class Typical:
    """TF-IDF weights of titles, counted on the items of some histories.

    Nothing but the titles in these histories plays a part: an item that nobody is known to have touched changes no
    weight.

    Args:
        histories: item ids by user id.
        titles: text by item id; items without one are passed over.

    References:
        Weights: Salton, Buckley 1988, Term-weighting Approaches in Automatic Text Retrieval; with scikit-learn's
        smoothing.
    """

    def __init__(self, histories: Histories, titles: Mapping[str, str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        touched = {item for items in histories.values() for item in items}
        self._titles = {item: titles[item] for item in sorted(touched) if titles.get(item)}
        self._row = {item: row for row, item in enumerate(self._titles)}
        self._terms: Any = np.empty(0, object)
        self._weights: Any = sp.csr_matrix((len(self._titles), 0))
        vectorizer = TfidfVectorizer(token_pattern=_WORD, stop_words=_COMMON.split(" "), sublinear_tf=True)
        try:
            self._weights = vectorizer.fit_transform(self._titles.values())
            self._terms = vectorizer.get_feature_names_out()
        except ValueError:  # no title, or none with a word in it
            pass

    def known(self, items: Sequence[str]) -> list[str]:
        """The items that have a title."""
        return [item for item in items if item in self._row]

    def ordered(self, items: Sequence[str]) -> list[str]:
        """The items that have a title, the nearest to the middle of all of them first; ties as they came."""
        items = self.known(items)
        if not items or not len(self._terms):
            return items
        rows = self._weights[[self._row[item] for item in items]]
        nearness = np.asarray(rows @ np.asarray(rows.mean(axis=0)).ravel())
        return [items[place] for place in np.argsort(-nearness, kind="stable")]

    def terms(self, items: Sequence[str], number: int = TERMS) -> list[str]:
        """Words that weigh most in the items: those of several items first, then by weight."""
        items = self.known(items)
        if not items or not len(self._terms):
            return []
        rows = self._weights[[self._row[item] for item in items]]
        weight = np.asarray(rows.sum(axis=0)).ravel()
        often = np.asarray((rows > 0).sum(axis=0)).ravel()
        best = np.lexsort((self._terms, -weight, often < min(2, len(items))))
        return [str(self._terms[place]) for place in best[:number] if weight[place] > 0]
