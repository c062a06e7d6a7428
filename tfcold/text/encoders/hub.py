"""Sentence encoders as TensorFlow Hub knows them: SavedModels that take strings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from tfcold.errors import InputError
from tfcold.text.encoders.base import Vectors, checked_texts, fingerprint_of
from tfcold.text.encoders.preset_files import model_files

_OUTPUTS: Final = ("default", "outputs", "embeddings", "output_0")


class HubEncoder:
    """A SavedModel from strings [N] to vectors [N, T], loaded by `tensorflow_hub.load`.

    Args:
        handle: a folder with a SavedModel, or a handle that TensorFlow Hub resolves
            (`"https://tfhub.dev/google/universal-sentence-encoder/4"`).
        signature: str or None. Name of the signature to call; None calls the model itself where it can be called,
            else its signature `serving_default`.
        output: str or None. Which output to take where the model gives several; None looks for `default`, `outputs`,
            `embeddings`, `output_0`, or takes the only one.
        name: str or None. For people; None is the last part of the handle that is no number.

    Raises:
        InputError: on first use: nothing at `handle`, or a model that does not map strings to a table of numbers.
    """

    def __init__(
        self, handle: str | Path, *, signature: str | None = None, output: str | None = None, name: str | None = None
    ) -> None:
        self.handle = str(handle)
        self.signature = signature
        self.output = output
        parts = [part for part in self.handle.rstrip("/").split("/") if not part.isdigit()]
        self.name = name or parts[-1]

    @cached_property
    def folder(self) -> Path:
        """Where the SavedModel lies; TensorFlow Hub fetches and caches it where it is not local."""
        local = Path(self.handle)
        if local.is_dir():
            return local
        if "://" not in self.handle:
            raise InputError(f"`handle` names a folder that does not exist: {self.handle!r}")
        import tfcold._keras  # noqa: F401  settles tf.keras first

        import tensorflow_hub as hub  # isort: skip

        try:
            return Path(hub.resolve(self.handle))
        except Exception as error:  # offline, no such model: urllib, OSError, tf.errors
            raise InputError(f"`handle` cannot be resolved by TensorFlow Hub: {self.handle!r} ({error})") from error

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the SavedModel's files, the signature and the output taken."""
        settings = {"signature": self.signature, "output": self.output}
        return fingerprint_of("hub-1", model_files(self.folder), settings)

    @cached_property
    def dim(self) -> int:
        """T, learned by encoding one word."""
        return int(self._forward(["a"]).shape[1])

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T], row i for `texts[i]`."""
        texts = checked_texts(texts)
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1; received {batch_size}")
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.concatenate([self._forward(texts[at : at + batch_size]) for at in range(0, len(texts), batch_size)])

    def _forward(self, texts: Sequence[str]) -> Vectors:
        import tensorflow as tf

        try:
            answer = self._function(tf.constant(list(texts)))
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise InputError(
                f"`handle` holds a model that does not take strings [N]: {self.handle!r} ({error})"
            ) from error
        vectors = np.asarray(self._picked(answer), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InputError(
                f"`handle` must hold a model that gives [N, T]; {self.handle!r} gives {list(vectors.shape)} "
                f"for {len(texts)} texts"
            )
        return vectors

    def call(self, texts: Any) -> Any:
        """What the model gives for a tensor of strings [N], the output chosen."""
        return self._picked(self._function(texts))

    def _picked(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            return answer
        names = [self.output] if self.output else [name for name in _OUTPUTS if name in answer]
        if not names and len(answer) == 1:
            names = list(answer)
        if not names or names[0] not in answer:
            raise InputError(f"`output` must name one of {sorted(answer)}; received {self.output!r}")
        return answer[names[0]]

    @cached_property
    def _function(self) -> Any:
        model = self.model
        if self.signature is None and callable(model):
            return model
        wanted = self.signature or "serving_default"
        if wanted not in model.signatures:
            raise InputError(f"`signature` must be one of {sorted(model.signatures)}; received {self.signature!r}")
        function = model.signatures[wanted]
        argument = next(iter(function.structured_input_signature[1]))
        return lambda texts: function(**{argument: texts})

    @cached_property
    def model(self) -> Any:
        """What `tensorflow_hub.load` gives, loaded on first use."""
        import tfcold._keras  # noqa: F401  settles tf.keras first

        import tensorflow_hub as hub  # isort: skip

        with contextlib.suppress(ImportError):
            import tensorflow_text  # noqa: F401  registers the ops of most text models
        try:
            return hub.load(str(self.folder))
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"`handle` holds no SavedModel: {self.handle!r} ({error})") from error
