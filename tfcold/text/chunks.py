"""Many texts through an encoder, a chunk at a time, with a progress bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tfcold.errors import InputError
from tfcold.progress import bar
from tfcold.text.encoders.base import TextEncoder, Vectors


def encoded_chunks(
    texts: Sequence[str], encoder: TextEncoder, *, batch_size: int, chunk_size: int
) -> Iterator[tuple[list[int], Vectors]]:
    """Pairs of positions in `texts` and their vectors, float32 [C, T], until every text had its turn.

    Longest texts first: a chunk holds texts of like length, so little is padded; the time left is never
    underestimated; and what does not fit into memory fails at once.

    Raises:
        InputError: the encoder gave NaN, infinity, or another number of rows than of texts.
    """
    order = sorted(range(len(texts)), key=lambda row: (-len(texts[row]), row))
    with bar(len(texts), title=f"encoding with {encoder.name}", unit="text") as progress:
        for start in range(0, len(order), chunk_size):
            rows = order[start : start + chunk_size]
            yield (
                rows,
                checked_vectors(encoder.encode([texts[row] for row in rows], batch_size=batch_size), rows, encoder),
            )
            progress.update(len(rows))


def checked_vectors(vectors: Vectors, rows: Sequence[int], encoder: TextEncoder) -> Vectors:
    """The same vectors, float32, once they proved to be [len(rows), T] and finite."""
    vectors = np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(rows):
        raise InputError(
            f"`encoder` {encoder.name!r} must give one row a text: [{len(rows)}, T]; gave {list(vectors.shape)}"
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise InputError(
            f"`encoder` {encoder.name!r} must give finite numbers; {len(bad)} of {len(vectors)} rows hold NaN or "
            f"infinity, the first for text {rows[bad[0]]}"
        )
    return vectors
