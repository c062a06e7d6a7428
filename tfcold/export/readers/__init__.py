"""Encoders as TensorFlow ops, so that a SavedModel reads words by itself.

`reader_of` gives the reader of an encoder: a `tf.Module` that maps strings [B] to the vectors [B, T] that the encoder
itself gives. Readers hold weights as variables and vocabularies as variables or constants, and need TensorFlow and
TensorFlow Text, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from tfcold.errors import InputError
from tfcold.export.readers.hub import HubReader
from tfcold.export.readers.lexical import LexicalReader
from tfcold.export.readers.static import StaticReader
from tfcold.export.readers.transformer import TransformerReader
from tfcold.text.encoders import HubEncoder, KerasNLPEncoder, LexicalEncoder, StaticEncoder

WAY_OUT: Final = (
    "Write the bundle without it, encode sentences outside (`tfcold.export.encode_texts`), and ask "
    "`recommend_from_vector`"
)
_READERS: Final[dict[type, Callable[[Any], tf.Module]]] = {
    HubEncoder: HubReader,
    KerasNLPEncoder: TransformerReader,
    LexicalEncoder: LexicalReader,
    StaticEncoder: StaticReader,
}


def check_readable(encoder: Any) -> Callable[[Any], tf.Module] | None:
    """What makes the reader of an encoder; None where it brings its own. Loads nothing.

    Raises:
        InputError: an encoder of a kind that cannot be put into a graph.
    """
    if hasattr(encoder, "in_graph"):
        return None
    make = next((make for kind, make in _READERS.items() if isinstance(encoder, kind)), None)
    if make is None:
        raise InputError(
            f"`encoder` {encoder.name!r} ({type(encoder).__name__}) cannot be put into a SavedModel: "
            f"it is no graph of TensorFlow. {WAY_OUT}"
        )
    return make


def reader_of(encoder: Any) -> tf.Module:
    """A module whose call, a `tf.function`, maps strings [B] to float32 [B, T] as `encoder.encode` does.

    Args:
        encoder: one of tfcold, or of yours with a method `in_graph()` that gives such a module.

    Raises:
        InputError: an encoder that cannot be put into a graph.
    """
    make = check_readable(encoder)
    try:
        return encoder.in_graph() if make is None else make(encoder)
    except NotImplementedError as error:
        raise InputError(f"`encoder` {encoder.name!r} cannot be put into a SavedModel: {error}. {WAY_OUT}") from error


__all__ = ["WAY_OUT", "check_readable", "reader_of"]
