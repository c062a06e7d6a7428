"""Sentence encoders of keras-nlp, fast on short texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfcold.errors import InputError
from tfcold.text.encoders.base import Vectors, checked_texts, fingerprint_of
from tfcold.text.encoders.preset_files import folder_of_preset, model_files, width_in_config

LENGTHS: Final = (8, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512)
_TEXTS_AT_ONCE: Final = 8_192  # tokenised and sorted together


class KerasNLPEncoder:
    """A `keras_nlp.models.TextEmbedder`, pooling and normalisation included, that does not compute padding.

    The embedder as it comes pads every text to 256 tokens. Here texts are sorted by their number of tokens and padded
    to the next of a few lengths; the last batch of a length is filled up, so the model only ever sees few shapes, and
    it is traced once for all of them. The vectors are those of `TextEmbedder.encode_text`.

    Args:
        preset: a folder (of sentence-transformers or of keras-nlp), a Hugging Face handle `"hf://owner/model"`, a
            Kaggle handle `"kaggle://..."`, or the name of a keras-nlp preset.
        max_length: int, at least 4, default 128. Longer texts are cut to that many tokens, start and end mark
            included.
        name: str or None. For people; None is the last part of `preset`.

    Raises:
        InputError: `max_length` too small; on first use: nothing to load at `preset`, or no TextEmbedder in it.

    Nothing is loaded before the first `encode`; `fingerprint` reads files only.
    """

    def __init__(self, preset: str | Path, max_length: int = 128, *, name: str | None = None) -> None:
        if max_length < 4:
            raise InputError(f"`max_length` must be at least 4; received {max_length}")
        self.preset = str(preset)
        self.max_length = max_length
        self.name = name or self.preset.rstrip("/").rsplit("/", 1)[-1]

    @cached_property
    def folder(self) -> Path:
        """Where the preset's files lie; fetched by its hub's own client where they are not local."""
        return folder_of_preset(self.preset)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the preset's files (weights, vocabulary, pooling, ...) and `max_length`."""
        return fingerprint_of("keras-nlp-1", model_files(self.folder), {"max_length": self.max_length})

    @cached_property
    def dim(self) -> int:
        """T, from the preset's config where it says, else from the model."""
        return width_in_config(self.folder) or int(self.embedder.output_shape[-1])

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T], row i for `texts[i]`.

        Args:
            texts: N strings.
            batch_size: int, at least 1. Texts in one step; small ones keep memory low.
        """
        texts = checked_texts(texts)
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1; received {batch_size}")
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        parts = [
            self._encode_part(texts[start : start + _TEXTS_AT_ONCE], batch_size)
            for start in range(0, len(texts), _TEXTS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _encode_part(self, texts: list[str], batch_size: int) -> Vectors:
        inputs = self._tokens(texts)
        lengths = inputs["padding_mask"].sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        result: Vectors | None = None
        for length, rows in _batches(lengths[order], order, batch_size, self.max_length):
            filled = np.resize(rows, batch_size) if len(order) >= batch_size else rows
            vectors = self._forward({name: values[filled, :length] for name, values in inputs.items()})
            if result is None:
                result = np.zeros((len(texts), vectors.shape[1]), np.float32)
            result[rows] = vectors[: len(rows)]
        assert result is not None
        return result

    def _tokens(self, texts: list[str]) -> dict[str, npt.NDArray[Any]]:
        inputs = self.embedder.preprocessor(texts)
        return {name: np.asarray(values) for name, values in inputs.items()}

    def _forward(self, inputs: dict[str, npt.NDArray[Any]]) -> Vectors:
        return np.asarray(self._compiled(inputs), np.float32)

    @cached_property
    def _compiled(self) -> Any:
        import tensorflow as tf

        embedder = self.embedder
        signature = {name: tf.TensorSpec([None, None], values.dtype) for name, values in self._tokens(["a"]).items()}
        return tf.function(lambda inputs: embedder(inputs, training=False), input_signature=[signature])

    @cached_property
    def embedder(self) -> Any:
        """The `keras_nlp.models.TextEmbedder`, loaded on first use."""
        import tfcold._keras  # noqa: F401  settles tf.keras before keras-nlp brings Keras 3

        import keras_nlp  # isort: skip

        try:
            embedder = keras_nlp.models.TextEmbedder.from_preset(str(self.folder))
        except (ValueError, KeyError, AttributeError, FileNotFoundError) as error:
            raise InputError(
                f"`preset` holds no sentence encoder that keras-nlp can read: {self.preset!r} ({error})"
            ) from error
        embedder.preprocessor.sequence_length = self.max_length
        return embedder


def _batches(
    lengths: npt.NDArray[Any], order: npt.NDArray[np.int64], batch_size: int, max_length: int
) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Pairs of a padded length and the rows that take it; `lengths` ascending, of the rows in `order`."""
    batches = []
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        longest = int(lengths[start : start + batch_size][-1])
        padded = next((length for length in LENGTHS if length >= longest), longest)
        batches.append((min(padded, max_length), rows))
    return batches
