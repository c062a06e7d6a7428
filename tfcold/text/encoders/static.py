"""Static token vectors: a lookup and a mean, thousands of texts a second."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfcold.errors import InputError
from tfcold.text.encoders.base import Vectors, checked_texts, fingerprint_of, l2_normalised


class StaticEncoder:
    """The mean of the vectors of a text's tokens, as wordllama and model2vec store them.

    `v(text) = normalise(mean over tokens t of E[t])`, with no mark for start or end and no weight on a token. Word
    order is lost; speed and size are what is won.

    Args:
        folder: holds one `.safetensors` file with a table [tokens, T] and one tokenizer `.json` of Hugging Face
            tokenizers.
        normalize: bool, default true. Whether vectors have length 1. A text without a known token is zeros.
        name: str.

    Raises:
        InputError: the folder does not hold these files.

    References:
        wordllama, https://github.com/dleemiller/WordLlama; we normalise, which it leaves to the caller.
    """

    def __init__(self, folder: str | Path, *, normalize: bool = True, name: str = "static") -> None:
        self.folder = Path(folder)
        self.normalize = normalize
        self.name = name
        self._weights_file, self.tokenizer_file = static_files(self.folder)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the table, the tokenizer and `normalize`."""
        files = [("weights", self._weights_file), ("tokenizer", self.tokenizer_file)]
        return fingerprint_of("static-1", files, {"normalize": self.normalize})

    @property
    def dim(self) -> int:
        """T."""
        return int(self.table.shape[1])

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T], row i for `texts[i]`. `batch_size` below 1,024 is raised to that: a step costs little."""
        texts = checked_texts(texts)
        size = max(batch_size, 1_024)
        parts = [self._means(texts[start : start + size]) for start in range(0, len(texts), size)]
        vectors = np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)
        return l2_normalised(vectors) if self.normalize else vectors

    def _means(self, texts: list[str]) -> Vectors:
        import tensorflow as tf

        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False)]
        counts = np.array([len(ids) for ids in tokens])
        flat = np.fromiter((token for ids in tokens for token in ids), np.int64, counts.sum())
        known = flat < len(self.table)  # a token that was added after the table was made
        rows = np.repeat(np.arange(len(texts)), counts)[known]
        vectors = tf.nn.embedding_lookup(self.table, flat[known])
        sums = tf.math.unsorted_segment_sum(vectors, rows, len(texts))
        divisors = np.maximum(np.bincount(rows, minlength=len(texts)), 1).astype(np.float32)
        return np.asarray(sums, np.float32) / divisors[:, None]

    @cached_property
    def table(self) -> Any:
        """float32 [tokens, T], a tensor, read on first use."""
        import tfcold._keras  # noqa: F401  settles tf.keras first

        import tensorflow as tf  # isort: skip
        from safetensors.numpy import load_file

        tables = {name: values for name, values in load_file(self._weights_file).items() if values.ndim == 2}
        if len(tables) != 1:
            raise InputError(
                f"`folder` must hold one table of token vectors; {self._weights_file.name!r} holds {len(tables)}: "
                f"{sorted(tables)[:3]}"
            )
        return tf.constant(next(iter(tables.values())).astype(np.float32))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def static_files(folder: Path) -> tuple[Path, Path]:
    """The table and the tokenizer of a folder of static vectors.

    Raises:
        InputError: the folder is missing, or does not hold exactly one of each.
    """
    if not folder.is_dir():
        raise InputError(f"`folder` names a folder that does not exist: {str(folder)!r}")
    weights = sorted(folder.rglob("*.safetensors"))
    tokenizers = sorted(path for path in folder.rglob("*.json") if "tokenizer" in path.name)
    if len(tokenizers) > 1:
        tokenizers = [path for path in tokenizers if path.name == "tokenizer.json"]
    if len(weights) != 1 or len(tokenizers) != 1:
        raise InputError(
            f"`folder` must hold one .safetensors file and one tokenizer .json; {str(folder)!r} holds "
            f"{len(weights)} and {len(tokenizers)}"
        )
    return weights[0], tokenizers[0]
