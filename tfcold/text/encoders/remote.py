"""Vectors from an endpoint that speaks the protocol of OpenAI."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tfcold.errors import InputError
from tfcold.remote import Endpoint, Masker
from tfcold.remote.retry import Patience, Temporary
from tfcold.text.encoders.base import Vectors, checked_texts

_EMPTY = " "  # endpoints refuse empty texts


class RemoteEncoder:
    """Embeddings of one model behind an endpoint; texts are masked before they are sent.

    Args:
        url: str. Base address; another machine than this one has to be allowed.
        model: str. What the server calls it.
        dimensions: int or None. The width to ask for, where the model lets one choose.
        allow_remote: bool or None. See `tfcold.remote.checked_address`; None asks the environment, so that the name of
            an encoder, which may come from somebody else's bundle, never sends text anywhere by itself.
        masker: default `Masker()`.
        timeout_seconds: float, default 60.
        patience: default `Patience()`: up to 5 attempts.

    Raises:
        InputError, RemoteError: an argument breaks a rule, or the address may not be called.
        ModelError: while encoding: see `tfcold.remote.Endpoint`; or vectors of another width than before.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        dimensions: int | None = None,
        allow_remote: bool | None = None,
        masker: Masker | None = None,
        timeout_seconds: float = 60.0,
        patience: Patience | None = None,
    ) -> None:
        if dimensions is not None and dimensions < 1:
            raise InputError(f"`dimensions` must be at least 1; received {dimensions}")
        self.endpoint = Endpoint(
            url, allow_remote=allow_remote, timeout_seconds=timeout_seconds, patience=patience, argument="encoder"
        )
        self.model = model
        self.dimensions = dimensions
        self.name = f"remote:{self.endpoint.address.url}#{model}"
        self.masker = masker or Masker()
        self._width = dimensions

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of address, model and width; what a server does under the same name, nobody can see."""
        content = ["remote-1", self.endpoint.address.url, self.model, self.dimensions]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def is_remote(self) -> bool:
        """Whether texts leave this machine."""
        return not self.endpoint.address.is_local

    @property
    def dim(self) -> int:
        """T, as asked for, as seen before, or learned by encoding one word."""
        return self._width or int(self._forward(["a"]).shape[1])

    def encode(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """float32 [N, T], row i for `texts[i]`."""
        texts = checked_texts(texts)
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1; received {batch_size}")
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.concatenate([self._forward(texts[at : at + batch_size]) for at in range(0, len(texts), batch_size)])

    def _forward(self, texts: Sequence[str]) -> Vectors:
        sent = [self.masker.mask(text) or _EMPTY for text in texts]
        body: dict[str, Any] = {"model": self.model, "input": sent, "encoding_format": "float"}
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        vectors = self.endpoint.embeddings(body, lambda content: _read(content, len(sent)))
        if self._width is not None and vectors.shape[1] != self._width:
            raise InputError(
                f"`encoder` {self.name} gives vectors {vectors.shape[1]} wide; {self._width} were asked for or came "
                "before. Name the model's own width, or another model"
            )
        self._width = vectors.shape[1]
        return vectors


def _read(content: dict[str, Any], number: int) -> Vectors:
    """float32 [N, T] in the order of the texts, which the server's own order need not be."""
    try:
        entries = sorted(content["data"], key=lambda entry: entry["index"])
        places = [entry["index"] for entry in entries]
        vectors = np.array([entry["embedding"] for entry in entries], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise Temporary(f"the answer holds no table of vectors ({type(error).__name__}: {error})") from None
    if places != list(range(number)) or vectors.ndim != 2 or vectors.shape[1] == 0:
        raise Temporary(f"the answer holds vectors {list(vectors.shape)} for {number} texts")
    if not np.isfinite(vectors).all():
        raise Temporary("the answer holds vectors that are not finite")
    return vectors
