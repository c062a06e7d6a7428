"""The lexical encoder in a graph: words, pairs of words and pieces of words, TF-IDF, a projection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import tensorflow as tf

from tfcold.export.readers.lookup import rows_by_name
from tfcold.text.encoders import LexicalEncoder
from tfcold.text.encoders.lexical_terms import combining_ranges, word_ranges

_GAP: Final = " "


class LexicalReader(tf.Module):
    """Reads sentences as `LexicalEncoder.encode` does.

    What is a letter, a digit or an accent is written into the graph as Python says when the bundle is made. Lower case
    and decomposition come from the ICU inside TensorFlow, which may know another edition of Unicode: letters that came
    to Unicode in 2021 or later can be read differently, and no others.

    Args:
        encoder: fitted.
    """

    def __init__(self, encoder: LexicalEncoder) -> None:
        super().__init__(name="lexical")
        import tensorflow_text

        self._normalize = tensorflow_text.normalize_utf8
        self._pieces = encoder.char_ngrams
        self._no_word = f"[^{_class(word_ranges())}]+"
        self._accent = f"[{_class(combining_ranges())}]+"
        terms = tf.constant(["", *encoder.vocabulary], tf.string)
        self.terms = tf.Variable(terms, trainable=False, name="terms")
        self._row_of = rows_by_name(self.terms)
        self.idf = tf.Variable(np.concatenate([[0], encoder.idf]).astype(np.float32), trainable=False, name="idf")
        self.components = tf.Variable(encoder.components, trainable=False, name="components")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """float32 [B, T] of strings [B]; zeros where no term is known."""
        num, width = tf.shape(text, tf.int64)[0], tf.shape(self.components, tf.int64)[0]
        terms = self._terms_of(text)
        rows = tf.cast(self._row_of.lookup(terms.values), tf.int64)
        known = rows > 0
        cells = tf.boolean_mask(terms.value_rowids() * width + rows - 1, known)
        cells, _, counts = tf.unique_with_counts(tf.sort(cells), out_idx=tf.int64)
        owner, column = cells // width, cells % width
        weights = (1 + tf.math.log(tf.cast(counts, tf.float32))) * tf.gather(self.idf, column + 1)
        squares = tf.math.unsorted_segment_sum(weights * weights, owner, num)
        weights *= tf.gather(tf.math.reciprocal_no_nan(tf.sqrt(squares)), owner)
        weighted = tf.SparseTensor(tf.stack([owner, column], axis=1), weights, tf.stack([num, width]))
        vectors = tf.sparse.sparse_dense_matmul(weighted, self.components)
        return vectors * tf.math.reciprocal_no_nan(tf.norm(vectors, axis=1, keepdims=True))

    def _terms_of(self, text: tf.Tensor) -> tf.RaggedTensor:
        text = tf.strings.regex_replace(text, r"\x00", _GAP)  # lower case would end there
        plain = self._normalize(tf.strings.lower(text, encoding="utf-8"), "NFKD")
        plain = tf.strings.regex_replace(plain, self._accent, "")
        words = tf.strings.split(tf.strings.regex_replace(plain, self._no_word, _GAP), _GAP)
        words = tf.ragged.boolean_mask(words, words != "")
        terms = [words, tf.strings.ngrams(words, 2, _GAP)]
        if self._pieces is not None:
            terms.append(self._pieces_of(words))
        return tf.concat(terms, axis=1)

    def _pieces_of(self, words: tf.RaggedTensor) -> tf.RaggedTensor:
        low, high = self._pieces or (1, 1)
        padded = tf.strings.join([_GAP, words.values, _GAP])
        letters = tf.strings.unicode_split(padded, "UTF-8")
        pieces = tf.strings.ngrams(letters, tuple(range(low, high + 1)), "")
        pieces = pieces.with_values(tf.strings.join(["~", pieces.values]))
        return words.with_values(pieces).merge_dims(1, 2)


def _class(ranges: Iterable[tuple[int, int]]) -> str:
    """Code points as a character class of RE2."""
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges)
