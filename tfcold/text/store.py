"""Vectors on disk, found again by what was encoded and by whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from tfcold.errors import EncoderMismatchError, InputError
from tfcold.files import write_json
from tfcold.text.chunks import encoded_chunks
from tfcold.text.encoders.base import TextEncoder, checked_texts
from tfcold.text.shards import KEY_BYTES, Shards
from tfcold.text.vectors import FloatArray

FORMAT: Final = "tfcold-vectors-1"
RECORD: Final = "encoder.json"


class VectorStore:
    """A folder that remembers the vector of every text it was ever asked for.

    An entry is found by `sha256(encoder fingerprint, text)`: another text (so another template), model, pooling or
    length never finds an old entry, an unchanged row is never encoded twice. Every encoder has a folder of its own in
    it, with a record of who wrote there.

    Vectors reach the disk chunk by chunk, so a run that is killed loses one chunk at most and the next run goes on
    from there. Several processes may write at once: each appends to files of its own, and reads everybody's. Reading
    maps the files into memory. A run that finds every text never loads the encoder's model.

    Args:
        folder: where it lies; made on first use.
        dtype: "float16" (half the disk; text vectors lose nothing that matters) or "float32".
        chunk_size: int, at least 1. Texts encoded between two writes.

    Raises:
        InputError: an argument out of range, or `folder` is a file.
    """

    def __init__(
        self, folder: str | Path, dtype: Literal["float16", "float32"] = "float16", *, chunk_size: int = 512
    ) -> None:
        if dtype not in ("float16", "float32"):
            raise InputError(f"`dtype` must be 'float16' or 'float32'; received {dtype!r}")
        if chunk_size < 1:
            raise InputError(f"`chunk_size` must be at least 1; received {chunk_size}")
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"`folder` must be a folder; {str(folder)!r} is a file")
        self.dtype = np.dtype(dtype)
        self.chunk_size = chunk_size
        self._shards: dict[str, Shards] = {}

    def encode(self, texts: Sequence[str], encoder: TextEncoder, *, batch_size: int = 64) -> FloatArray:
        """[N, T] in the store's dtype, row i for `texts[i]`; only texts that are not in the store are encoded.

        Args:
            texts: N strings; equal ones are encoded once.
            encoder: who encodes.
            batch_size: int. Passed on to the encoder.

        Raises:
            EncoderMismatchError: the folder of this encoder says it was written by another one, or the encoder's
                width is not the one it wrote with.
            InputError: the encoder gave NaN, infinity or the wrong number of rows.
        """
        texts = checked_texts(texts)
        fingerprint = encoder.fingerprint
        keys = [_key(fingerprint, text) for text in texts]
        home = self._home(fingerprint)
        recorded = self._recorded_width(home, encoder)
        shards = self._opened(fingerprint, recorded) if recorded else None
        known = set(shards.known(keys)) if shards else set()
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            waiting = list(missing)
            for rows, vectors in encoded_chunks(
                [missing[key] for key in waiting], encoder, batch_size=batch_size, chunk_size=self.chunk_size
            ):
                if shards is None:
                    shards = self._started(home, encoder, int(vectors.shape[1]))
                self._check_width(home, encoder, shards.width, int(vectors.shape[1]))
                shards.append([waiting[row] for row in rows], self._narrowed(vectors, encoder))
        if shards is None:
            return np.zeros((0, encoder.dim), self.dtype)
        return shards.gathered(keys)

    def num_entries(self, encoder: TextEncoder) -> int:
        """How many texts of this encoder lie here."""
        width = self._recorded_width(self._home(encoder.fingerprint), encoder)
        return self._opened(encoder.fingerprint, width).num_entries() if width else 0

    def _home(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint[:24]}-{self.dtype.name}"

    def _opened(self, fingerprint: str, width: int) -> Shards:
        if fingerprint not in self._shards:
            self._shards[fingerprint] = Shards(self._home(fingerprint), width, self.dtype)
        return self._shards[fingerprint]

    def _started(self, home: Path, encoder: TextEncoder, width: int) -> Shards:
        record = {
            "format": FORMAT,
            "encoder": encoder.name,
            "encoder_fingerprint": encoder.fingerprint,
            "dim": width,
            "dtype": self.dtype.name,
        }
        if not (home / RECORD).is_file():  # two processes may both write it: the same content, renamed into place
            write_json(home / RECORD, record)
        self._check_width(home, encoder, self._recorded_width(home, encoder), width)
        return self._opened(encoder.fingerprint, width)

    def _recorded_width(self, home: Path, encoder: TextEncoder) -> int:
        """T as the record says; 0 where nothing was written yet."""
        try:
            record: dict[str, Any] = json.loads((home / RECORD).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0
        except json.JSONDecodeError as error:
            raise InputError(f"`folder` holds a damaged record: {str(home / RECORD)!r}. Delete that folder") from error
        said = (record.get("format"), record.get("encoder_fingerprint"), record.get("dtype"))
        if said != (FORMAT, encoder.fingerprint, self.dtype.name):
            raise EncoderMismatchError(
                f"`folder` {str(home)!r} holds {record.get('dtype')} vectors of encoder {record.get('encoder')!r} "
                f"({str(record.get('encoder_fingerprint'))[:12]}); received {self.dtype.name} vectors of "
                f"{encoder.name!r} ({encoder.fingerprint[:12]}). Use another store folder or delete this one"
            )
        return int(record["dim"])

    def _check_width(self, home: Path, encoder: TextEncoder, recorded: int, width: int) -> None:
        if recorded != width:
            raise EncoderMismatchError(
                f"`encoder` {encoder.name!r} gives vectors {width} wide; {str(home)!r} holds {recorded} under the same "
                "fingerprint. Its fingerprint must change with everything that changes its numbers"
            )

    def _narrowed(self, vectors: FloatArray, encoder: TextEncoder) -> FloatArray:
        with np.errstate(over="ignore"):
            narrow: FloatArray = np.ascontiguousarray(vectors, self.dtype)
        if not np.isfinite(narrow).all():
            raise InputError(
                f"`encoder` {encoder.name!r} gave numbers that {self.dtype.name} cannot hold, up to "
                f"{float(np.abs(vectors).max()):.3g}. Open the store with dtype='float32'"
            )
        return narrow


def _key(fingerprint: str, text: str) -> bytes:
    return hashlib.sha256(f"{fingerprint}\n{text}".encode("utf-8", "surrogatepass")).digest()[:KEY_BYTES]
