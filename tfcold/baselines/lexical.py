"""Lexical profile: items that share rare words with what a user did."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.columns import ITEM_ID
from tfcold.ranking import Queries, Rows, Scores
from tfcold.text.templates import TextTemplate

if TYPE_CHECKING:
    from tfcold.splits.split import Split

_WORD = re.compile(r"\w\w+")


class LexicalProfile(Baseline):
    """Ranks items by the cosine between their TF-IDF vector and the sum of those of the user's history.

    Words come from the items table of the split's dataset; vocabulary and document frequencies from its warm items.

    Args:
        template: TextTemplate or None. Which columns are read; default every column that holds words.
        min_items: int, at least 1, default 2. Warm items a word must be in to count.
    """

    name = "lexical profile"

    def __init__(self, template: TextTemplate | None = None, *, min_items: int = 2) -> None:
        self.template = template
        self.min_items = min_items

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        frame = split.dataset.items.frame
        template = self.template or TextTemplate.infer(frame, ITEM_ID)
        rows = np.asarray(split.dataset.item_ids.rows(frame[ITEM_ID].tolist()), np.int64)
        texts = [""] * len(self.warm_items)
        for row, text in zip(rows, template.render(frame), strict=True):
            texts[row] = text
        self._vectors = tf_idf(texts, self.warm_items, self.min_items)
        return np.diff(self._vectors.indptr) > 0

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        profiles = _unit(sp.csr_matrix(queries.histories @ self._vectors))
        return np.asarray((profiles @ self._vectors[item_rows].T).toarray(), np.float32)

    def _is_blank(self, queries: Queries) -> Mask:
        return np.asarray(queries.histories @ self.can_score.astype(np.float32) == 0)


def tf_idf(texts: Sequence[str], fitted_on: Mask, min_texts: int = 1) -> sp.csr_matrix:
    """Unit vectors [N, V] of words of two letters or more: `(1 + ln tf) * (1 + ln((1 + n) / (1 + df)))`.

    Args:
        texts: N of them.
        fitted_on: bool [N]. The texts whose words make the vocabulary, n of them; df counts among these.
        min_texts: int. Least df of a word.

    References:
        Salton and Buckley 1988, Term-weighting approaches in automatic text retrieval; the smoothing is scikit-learn's.
    """
    words: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        columns.extend(words.setdefault(word, len(words)) for word in _WORD.findall(text.lower()))
        ends.append(len(columns))
    counts = sp.csr_matrix(
        (np.ones(len(columns), np.float32), np.asarray(columns, np.int32), np.asarray(ends, np.int64)),
        shape=(len(texts), len(words)),
    )
    counts.sum_duplicates()
    frequency = np.bincount(counts[fitted_on].indices, minlength=len(words))
    kept = np.flatnonzero(frequency >= max(1, min_texts))
    vectors = sp.csr_matrix(counts[:, kept])
    vectors.data = 1 + np.log(vectors.data)
    rarity = 1 + np.log((1 + np.count_nonzero(fitted_on)) / (1 + frequency[kept]))
    return _unit(sp.csr_matrix(vectors.multiply(rarity.astype(np.float32)[None])))


def _unit(vectors: sp.csr_matrix) -> sp.csr_matrix:
    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1), np.float32).ravel())
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sp.csr_matrix(sp.diags(scale) @ vectors, dtype=np.float32)
