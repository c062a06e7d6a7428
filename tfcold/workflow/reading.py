"""Whether a bundle can read words by itself, asked before a long fit."""

from __future__ import annotations

from tfcold.errors import InputError
from tfcold.export.readers import WAY_OUT, check_readable
from tfcold.text import get_encoder
from tfcold.workflow.features import DEFAULT_ENCODERS, LEXICAL, NO_ENCODER, TEXT, Words


def check_reading(words: Words) -> None:
    """Nothing, if the encoder of the block that sentences go by can be put into a SavedModel.

    Raises:
        InputError: it cannot, or that block comes from a file, or there is no encoder at all.
    """
    asked = list(words.encoders) if words.encoders is not None else _default(words)
    asked = [spec for spec in asked if spec != NO_ENCODER]
    dense = [spec for spec in asked if spec != LEXICAL]
    if dense:
        spec = dense[0]
        if not spec.startswith("remote:"):
            check_readable(get_encoder(spec))
            return
        raise InputError(f"`encoder` {spec!r} cannot be put into a SavedModel: it is an endpoint. {WAY_OUT}")
    if words.item_vectors or not asked:
        found = f"vectors from files ({', '.join(words.item_vectors)})" if words.item_vectors else "none"
        raise InputError(
            f"`with_encoder` needs an encoder for the block that sentences go by; received {found}. {WAY_OUT}"
        )


def _default(words: Words) -> list[str]:
    return [LEXICAL] if TEXT in words.item_vectors else list(DEFAULT_ENCODERS)
