"""Append-only files of vectors and their keys: torn tails are dropped, and nobody writes into another's file."""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tfcold.errors import InputError
from tfcold.text.vectors import FloatArray

KEY_BYTES: Final = 32
_ENTRY_BYTES: Final = KEY_BYTES + 4  # key, crc32 of the vector
_VECTORS: Final = ".vectors"
_KEYS: Final = ".keys"


class Shards:
    """All shards in one folder, read as one table; and the one shard that this process writes.

    A shard is two files: `NAME.vectors`, rows of T numbers, and `NAME.keys`, one entry a row (key, crc32 of the row).
    Vectors are written and flushed first, then the keys: a row counts once its whole entry is there. A run that is
    killed leaves at most a tail that has no entry, or half an entry; both are ignored, and cut off when the same
    process writes on. A row whose checksum does not fit (a disk that lost a block) counts as absent.

    Args:
        folder: where the shards lie.
        width: T.
        dtype: float16 or float32.
    """

    def __init__(self, folder: Path, width: int, dtype: np.dtype[Any]) -> None:
        self.folder = folder
        self.width = width
        self.dtype = dtype
        self._row_bytes = width * dtype.itemsize
        self._token = uuid.uuid4().hex[:12]
        self._rows: dict[bytes, tuple[str, int]] = {}  # key -> shard, row
        self._read: dict[str, int] = {}  # shard -> entries read so far
        self._maps: dict[str, FloatArray] = {}
        self._lock = threading.Lock()

    def num_entries(self) -> int:
        """Distinct keys on disk now."""
        with self._lock:
            self._refresh()
            return len(self._rows)

    def known(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those of the keys that have a vector on disk now, written by whomever, whose checksum fits."""
        with self._lock:
            self._refresh()
            return [key for key in dict.fromkeys(keys) if key in self._rows]

    def append(self, keys: Sequence[bytes], vectors: FloatArray) -> None:
        """Writes rows [C, T] to this process's shard; they survive a kill once this returns."""
        name = f"{self._token}-{os.getpid()}"  # a forked child gets a shard of its own
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            start = self._read.get(name, 0)
            entries = b"".join(
                key + zlib.crc32(row).to_bytes(4, "little") for key, row in zip(keys, vectors, strict=True)
            )
            _write_at(self.folder / (name + _VECTORS), start * self._row_bytes, vectors.tobytes())
            _write_at(self.folder / (name + _KEYS), start * _ENTRY_BYTES, entries)
            self._read[name] = start + len(keys)
            self._rows.update((key, (name, start + at)) for at, key in enumerate(keys))

    def gathered(self, keys: Sequence[bytes]) -> FloatArray:
        """[N, T] of keys that are all known."""
        with self._lock:
            vectors = np.empty((len(keys), self.width), self.dtype)
            by_shard: dict[str, list[tuple[int, int]]] = {}
            for at, key in enumerate(keys):
                name, row = self._rows[key]
                by_shard.setdefault(name, []).append((at, row))
            for name, pairs in by_shard.items():
                ats, rows = np.array(pairs).T
                vectors[ats] = self._mapped(name, int(rows.max()) + 1)[rows]
            return vectors

    def _refresh(self) -> None:
        """Reads the entries that were written since the last look, by this process or another."""
        for path in sorted(self.folder.glob(f"*{_KEYS}")):
            name = path.name.removesuffix(_KEYS)
            first = self._read.get(name, 0)
            vectors = path.with_name(name + _VECTORS)
            stored = vectors.stat().st_size // self._row_bytes if vectors.exists() else 0
            last = min(path.stat().st_size // _ENTRY_BYTES, stored)
            if last > first:
                self._read_entries(path, name, first, last)
                self._read[name] = last

    def _read_entries(self, path: Path, name: str, first: int, last: int) -> None:
        with open(path, "rb") as stream:
            stream.seek(first * _ENTRY_BYTES)
            entries = stream.read((last - first) * _ENTRY_BYTES)
        table = self._mapped(name, last)
        for row in range(first, last):
            entry = entries[(row - first) * _ENTRY_BYTES :][:_ENTRY_BYTES]
            if zlib.crc32(table[row]) == int.from_bytes(entry[KEY_BYTES:], "little"):
                self._rows.setdefault(entry[:KEY_BYTES], (name, row))

    def _mapped(self, name: str, rows: int) -> FloatArray:
        table = self._maps.get(name)
        if table is None or len(table) < rows:
            path = self.folder / (name + _VECTORS)
            if path.stat().st_size < rows * self._row_bytes:
                raise InputError(f"`folder` lost vectors while it was read: {str(path)!r} has become shorter")
            count = path.stat().st_size // self._row_bytes
            table = np.memmap(path, self.dtype, mode="r", shape=(count, self.width))
            self._maps[name] = table
        return table


def _write_at(path: Path, position: int, content: bytes) -> None:
    """Cuts the file at `position` (what is left of a write that failed goes), then appends and flushes to the disk."""
    with open(path, "r+b" if path.exists() else "xb") as stream:
        stream.truncate(position)
        stream.seek(position)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
