"""Items and users -> their text vectors."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data.ids import as_ids
from tfcold.data.tables import Items, Users
from tfcold.errors import InputError, NoWordsError
from tfcold.progress import logger
from tfcold.text.chunks import checked_vectors, encoded_chunks
from tfcold.text.encoders.base import FrameEncoder, TextEncoder
from tfcold.text.store import VectorStore
from tfcold.text.templates import TextTemplate
from tfcold.text.vectors import ENCODER, ENCODER_FINGERPRINT, TEMPLATE, TEMPLATE_FINGERPRINT, FloatArray, TextVectors

_CHUNK = 4_096


def encode_items(
    items: Items | pd.DataFrame,
    encoder: TextEncoder,
    *,
    template: TextTemplate | None = None,
    store: VectorStore | None = None,
    batch_size: int = 64,
) -> TextVectors:
    """One vector for every item that has words.

    Each row becomes a sentence (`template`), equal sentences are encoded once, and sentences that the store knows are
    not encoded at all. An item whose sentence is empty, or in which the encoder finds nothing it knows (a vector of
    zeros), is left out: it is missing, and a block made of the result masks it.

    Args:
        items: the items table, or a frame with a column `item_id`.
        encoder: who encodes. A `FrameEncoder` (lexical) reads the rows themselves, and uses neither template nor store.
        template: which columns make the sentence. None takes `TextTemplate.infer`.
        store: where vectors are kept between runs; None keeps them in memory only.
        batch_size: int. Passed on to the encoder.

    Returns: TextVectors in the order of the table; the store's dtype, float32 without a store.

    Raises:
        InputError: no column of words, or an encoder that was not fitted or gives NaN.
        NoWordsError: no item with words at all.
        EncoderMismatchError: the store's folder belongs to another encoder.
    """
    return _encoded(_frame_of(items, ITEM_ID, "items"), ITEM_ID, encoder, template, store, batch_size)


def encode_users(
    users: Users | pd.DataFrame,
    encoder: TextEncoder,
    *,
    template: TextTemplate | None = None,
    store: VectorStore | None = None,
    batch_size: int = 64,
) -> TextVectors:
    """One vector for every user that has words; see `encode_items`.

    Args:
        users: the users table, or a frame with a column `user_id`.
        encoder: as there.
        template: as there.
        store: as there.
        batch_size: as there.
    """
    return _encoded(_frame_of(users, USER_ID, "users"), USER_ID, encoder, template, store, batch_size)


def _encoded(
    frame: pd.DataFrame,
    id_column: str,
    encoder: TextEncoder,
    template: TextTemplate | None,
    store: VectorStore | None,
    batch_size: int,
) -> TextVectors:
    ids, _ = as_ids(frame[id_column])
    provenance: dict[str, Any] = {ENCODER: encoder.name, ENCODER_FINGERPRINT: encoder.fingerprint}
    if hasattr(type(encoder), "encode_frame"):  # isinstance would ask for `dim`, which may load or call a model
        encoder = cast("FrameEncoder", encoder)
        vectors: FloatArray = checked_vectors(encoder.encode_frame(frame), range(len(frame)), encoder)
    else:
        template = template or TextTemplate.infer(frame, id_column)
        provenance |= {TEMPLATE: template.to_dict(), TEMPLATE_FINGERPRINT: template.fingerprint}
        texts = template.render(frame)
        worded = np.array([bool(text) for text in texts], np.bool_)
        texts = [text for text in texts if text]
        ids = ids[worded]
        if not texts:
            raise NoWordsError(
                f"`template` finds no words in any of {len(frame)} rows; it reads {list(template.columns)}. "
                "Name columns that hold words"
            )
        vectors = (
            store.encode(texts, encoder, batch_size=batch_size) if store else _in_memory(texts, encoder, batch_size)
        )
    known = vectors.any(axis=1)
    if not known.any():
        raise NoWordsError(f"`encoder` {encoder.name!r} knows no word of any of {len(frame)} rows")
    if known.sum() < len(frame):
        logger.info("%d of %d rows have no words for encoder %s", len(frame) - known.sum(), len(frame), encoder.name)
    return TextVectors(ids[known], vectors[known], provenance)


def _in_memory(texts: list[str], encoder: TextEncoder, batch_size: int) -> FloatArray:
    distinct = list(dict.fromkeys(texts))
    at = {text: row for row, text in enumerate(distinct)}
    table: FloatArray | None = None
    for rows, vectors in encoded_chunks(distinct, encoder, batch_size=batch_size, chunk_size=_CHUNK):
        if table is None:
            table = np.zeros((len(distinct), vectors.shape[1]), np.float32)
        table[rows] = vectors
    assert table is not None
    return table[[at[text] for text in texts]]


def _frame_of(table: Items | Users | pd.DataFrame, id_column: str, argument: str) -> pd.DataFrame:
    frame = table if isinstance(table, pd.DataFrame) else table.frame
    if id_column not in frame.columns:
        raise InputError(
            f"`{argument}` must have a column {id_column!r}; its columns are {[str(name) for name in frame.columns]}"
        )
    without = as_ids(frame[id_column])[1]
    if without.any():
        raise InputError(
            f"`{argument}` must have an id in every row; {without.sum()} of {len(frame)} rows of {id_column!r} are "
            f"empty, the first is row {int(np.flatnonzero(without)[0])}"
        )
    if len(frame) == 0:
        raise InputError(f"`{argument}` must have at least one row; received 0")
    return frame
