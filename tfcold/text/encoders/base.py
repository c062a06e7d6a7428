"""What every text encoder answers, and what several of them share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.errors import InputError
from tfcold.files import sha256_of_file

Vectors = npt.NDArray[np.float32]


@runtime_checkable
class TextEncoder(Protocol):
    """Sentences in, vectors out; the same sentence always gives the same vector, whatever stands beside it.

    Attributes:
        name: str. For people: `"minilm"`, `"lexical"`, ...
    """

    name: str

    @property
    def dim(self) -> int:
        """T, the width of its vectors. May load the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """sha256 of everything that changes the numbers: weights, tokenizer, pooling, normalisation, length.

        Does not load the model where the weights lie in a local folder.
        """
        ...

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T], row i for `texts[i]`."""
        ...


@runtime_checkable
class FrameEncoder(TextEncoder, Protocol):
    """A text encoder that reads whole rows: categories and numbers beside words."""

    def encode_frame(self, frame: pd.DataFrame) -> Vectors:
        """float32 [N, T], row i for row i of the table; zeros where it finds nothing it knows."""
        ...


def checked_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list of str.

    Raises:
        InputError: one bare string, or something else that is no sequence of strings.
    """
    if isinstance(texts, str):
        raise InputError(
            f"`texts` must be a sequence of strings; received one string: {texts[:40]!r}. Put it in a list"
        )
    texts = list(texts)
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong:
        raise InputError(
            f"`texts` must hold strings; {len(wrong)} of {len(texts)} are not, the first a {type(wrong[0]).__name__}: "
            f"{wrong[0]!r}. Render rows with a TextTemplate, which skips empty cells"
        )
    return texts


def fingerprint_of(kind: str, files: Iterable[tuple[str, Path]], settings: dict[str, Any]) -> str:
    """Lower-case hexadecimal sha256 over a kind of encoder, its files' names and contents, and its settings."""
    content = [kind, [[name, sha256_of_file(path)] for name, path in sorted(files)], settings]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def l2_normalised(vectors: Vectors) -> Vectors:
    """Rows of length 1; a row of zeros stays zeros."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
