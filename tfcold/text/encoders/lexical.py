"""Words, categories and number bands of an item -> a short dense vector: TF-IDF reduced by SVD."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.errors import InputError
from tfcold.files import written_aside
from tfcold.text.encoders.base import Vectors, checked_texts, l2_normalised
from tfcold.text.encoders.lexical_terms import RowTerms

FORMAT: Final = "tfcold-lexical-1"
SETTINGS_FILE: Final = "lexical.json"
ARRAYS_FILE: Final = "lexical.npz"

_ROWS_FOR_RARE_TERMS: Final = 100  # below that many rows a term of a single row is kept
_EXACT_CELLS: Final = 500_000  # up to that many cells the SVD is exact


class LexicalEncoder:
    """A vector of the words, categories and numbers of a row, learned from the training rows alone.

    A row becomes terms: its words and pairs of words, `genres=comedy` for every name in a categorical cell,
    `price=3` for the quantile band of a number (`lexical_terms.RowTerms`). Term t of a row weighs
    `(1 + ln tf) * (ln((1 + N) / (1 + df)) + 1)`, the row is normalised, projected on the first right singular vectors
    of the training rows, and normalised again. Terms that no training row has count for nothing.

    Args:
        dim: int, at least 1, default 256. The most coordinates a vector may have; fewer where the training rows have
            a lower rank, see `dim` after `fit`.
        text: names of columns of words. None, with `categorical` and `numeric` also None: all three are worked out
            from the training rows by `tfcold.text.kinds.column_kinds`.
        categorical: names of columns of names, one or several a cell (split at commas and bars).
        numeric: names of columns of numbers.
        char_ngrams: None or (low, high). Also pieces of words of that many characters; helps with misspellings and
            with languages that do not put spaces between words.
        max_terms: int, default 50,000. The most frequent terms kept.
        bins: int, at least 2. Bands of a numeric column.
        seed: int. Fixes the randomised SVD.

    Raises:
        InputError: an argument out of range.

    References:
        Deerwester et al. 1990, Indexing by Latent Semantic Analysis; the randomised SVD of Halko et al. 2009,
        arXiv:0909.4061, through scikit-learn. We normalise after the projection too.
    """

    name = "lexical"
    id_columns: Final = ("item_id", "user_id")

    def __init__(
        self,
        dim: int = 256,
        *,
        text: Sequence[str] | None = None,
        categorical: Sequence[str] | None = None,
        numeric: Sequence[str] | None = None,
        char_ngrams: tuple[int, int] | None = None,
        max_terms: int = 50_000,
        bins: int = 10,
        seed: int = 0,
    ) -> None:
        for argument, value, least in (("dim", dim, 1), ("max_terms", max_terms, 1), ("bins", bins, 2)):
            if value < least:
                raise InputError(f"`{argument}` must be at least {least}; received {value}")
        self._settings: dict[str, Any] = {
            "dim": dim,
            "text": None if text is None else list(text),
            "categorical": None if categorical is None else list(categorical),
            "numeric": None if numeric is None else list(numeric),
            "char_ngrams": None if char_ngrams is None else list(char_ngrams),
            "max_terms": max_terms,
            "bins": bins,
            "seed": seed,
        }
        self._terms: RowTerms | None = None
        self._vocabulary: dict[str, int] = {}
        self._idf: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._components: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)  # [terms, T]
        self._fingerprint = ""

    @property
    def is_fitted(self) -> bool:
        return self._terms is not None

    @property
    def dim(self) -> int:
        """T: `min(dim, rank of the training rows)`. Needs `fit`."""
        self._require_fitted()
        return int(self._components.shape[1])

    @property
    def fingerprint(self) -> str:
        """sha256 of everything fitted: columns, bands, terms, weights, projection. Needs `fit`."""
        self._require_fitted()
        return self._fingerprint

    @property
    def vocabulary(self) -> list[str]:
        """The V terms it knows, in the order of `idf` and `components`. Needs `fit`."""
        self._require_fitted()
        return list(self._vocabulary)

    @property
    def idf(self) -> npt.NDArray[np.float32]:
        """float32 [V], what a term that stands once in a row weighs."""
        return self._idf

    @property
    def components(self) -> npt.NDArray[np.float32]:
        """float32 [V, T], the projection."""
        return self._components

    @property
    def char_ngrams(self) -> tuple[int, int] | None:
        """Shortest and longest piece of a word that counts as a term; None for none."""
        return self._require_fitted().char_ngrams

    def fit(self, frame: pd.DataFrame) -> LexicalEncoder:
        """Learns terms, bands and projection from these rows; returns itself.

        Args:
            frame: the rows of training items only. What is learned here is never learned from a held-out item.

        Raises:
            InputError: no rows, a column that is not there, or rows without a single term.
        """
        settings = self._settings
        terms = RowTerms.fitted(
            frame,
            text=settings["text"],
            categorical=settings["categorical"],
            numeric=settings["numeric"],
            char_ngrams=settings["char_ngrams"],
            bins=settings["bins"],
            id_columns=self.id_columns,
        )
        rows = list(terms.of_frame(frame))
        counts, vocabulary = _counted(rows, settings["max_terms"])
        frequency = np.bincount(counts.indices, minlength=len(vocabulary))
        self._idf = (np.log((1 + len(rows)) / (1 + frequency)) + 1).astype(np.float32)
        self._vocabulary = vocabulary
        self._components = _right_singular_vectors(self._weighted(counts), settings["dim"], settings["seed"])
        self._terms = terms
        self._fingerprint = self._hash()
        return self

    def encode_frame(self, frame: pd.DataFrame) -> Vectors:
        """float32 [N, T], rows of length 1; a row without a known term is zeros (a missing row, not data)."""
        return self._encoded(self._require_fitted().of_frame(frame))

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T] of plain sentences, read by their words alone: what a person types, not a row."""
        return self._encoded(self._require_fitted().of_texts(checked_texts(texts)))

    def _encoded(self, rows: Iterable[list[str]]) -> Vectors:
        known = self._vocabulary
        counts = _matrix(rows, len(known), known.get)
        return l2_normalised(np.asarray(self._weighted(counts) @ self._components, np.float32))

    def _weighted(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        weighted = counts.astype(np.float32)
        weighted.data = (1 + np.log(weighted.data)) * self._idf[weighted.indices]
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return sp.csr_matrix(
            sp.diags(np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0)) @ weighted, dtype=np.float32
        )

    def _require_fitted(self) -> RowTerms:
        if self._terms is None:
            raise InputError(
                "`encoder` must be fitted before it encodes: call `LexicalEncoder(...).fit(rows of training items)`"
            )
        return self._terms

    def save(self, folder: str | Path) -> None:
        """Writes the fitted encoder as a folder of one JSON and one npz file, without pickle; aside and renamed."""
        content = {"format": FORMAT, "settings": self._settings, "terms": self._require_fitted().to_dict()}
        with written_aside(folder) as aside:
            aside.mkdir()
            (aside / SETTINGS_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            np.savez_compressed(
                aside / ARRAYS_FILE,
                vocabulary=np.frombuffer(json.dumps(list(self._vocabulary)).encode(), np.uint8),
                idf=self._idf,
                components=self._components,
            )

    @classmethod
    def load(cls, folder: str | Path) -> LexicalEncoder:
        """The encoder that `save` wrote; it gives the same vectors and has the same fingerprint.

        Raises:
            InputError: the folder holds no such encoder, or one of another version.
        """
        folder = Path(folder)
        if not (folder / SETTINGS_FILE).is_file() or not (folder / ARRAYS_FILE).is_file():
            raise InputError(f"`folder` holds no lexical encoder ({SETTINGS_FILE}, {ARRAYS_FILE}): {str(folder)!r}")
        content = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise InputError(f"`folder` must hold format {FORMAT!r}; {str(folder)!r} holds {content.get('format')!r}")
        encoder = cls(**content["settings"])
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            terms = json.loads(arrays["vocabulary"].tobytes())
            encoder._idf, encoder._components = arrays["idf"], arrays["components"]
        encoder._vocabulary = {term: at for at, term in enumerate(terms)}
        encoder._terms = RowTerms.from_dict(content["terms"])
        encoder._fingerprint = encoder._hash()
        return encoder

    def _hash(self) -> str:
        digest = hashlib.sha256(FORMAT.encode())
        digest.update(json.dumps(self._require_fitted().to_dict(), sort_keys=True).encode())
        digest.update(json.dumps(list(self._vocabulary)).encode())
        for array in (self._idf, self._components):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _counted(rows: list[list[str]], max_terms: int) -> tuple[sp.csr_matrix, dict[str, int]]:
    """Counts [N, V] and the kept terms in alphabetical order, each with its column."""
    frequency: dict[str, int] = {}
    for row in rows:
        for term in set(row):
            frequency[term] = frequency.get(term, 0) + 1
    least = 1 if len(rows) < _ROWS_FOR_RARE_TERMS else 2
    kept = [term for term, count in frequency.items() if count >= least] or list(frequency)
    kept = sorted(sorted(kept, key=lambda term: (-frequency[term], term))[:max_terms])
    if not kept:
        raise InputError(
            f"`frame` must hold words, categories or numbers; its {len(rows)} rows have none in the columns chosen"
        )
    vocabulary = {term: at for at, term in enumerate(kept)}
    return _matrix(rows, len(kept), vocabulary.get), vocabulary


def _matrix(rows: Iterable[list[str]], width: int, column_of: Callable[[str], int | None]) -> sp.csr_matrix:
    columns: list[int] = []
    starts = [0]
    for row in rows:
        columns.extend(at for at in map(column_of, row) if at is not None)
        starts.append(len(columns))
    counts = sp.csr_matrix(
        (np.ones(len(columns), np.float32), np.array(columns, np.int32), np.array(starts, np.int64)),
        shape=(len(starts) - 1, width),
    )
    counts.sum_duplicates()
    return counts


def _right_singular_vectors(weighted: sp.csr_matrix, dim: int, seed: int) -> npt.NDArray[np.float32]:
    """[V, T] with T = min(dim, rank); signs fixed so that a repeated fit repeats exactly."""
    rows, width = weighted.shape
    if rows * width <= _EXACT_CELLS:
        _, values, right = np.linalg.svd(weighted.toarray().astype(np.float64), full_matrices=False)
    else:
        from sklearn.decomposition import TruncatedSVD

        svd = TruncatedSVD(n_components=min(dim, rows, width), random_state=seed).fit(weighted)
        values, right = svd.singular_values_, svd.components_
    rank = int((values > values[0] * 1e-5).sum())
    right = right[: min(dim, rank)]
    strongest = right[np.arange(len(right)), np.abs(right).argmax(axis=1)]
    return np.ascontiguousarray((right * np.sign(strongest)[:, None]).T, np.float32)
