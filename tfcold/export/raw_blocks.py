"""Vectors of newcomers as the blocks of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfcold.blocks import VectorBlock
from tfcold.data.ids import IdMap
from tfcold.errors import EncoderMismatchError, InputError
from tfcold.progress import logger
from tfcold.text.vectors import ENCODER, TextVectors, require_same_encoder

Blocks = dict[str, VectorBlock]


def raw_blocks(new: IdMap, vectors: Mapping[str, TextVectors], text: Mapping[str, Mapping[str, Any]]) -> Blocks:
    """The blocks of a bundle with the vectors of newcomers; a block without vectors is masked.

    Args:
        new: their ids.
        vectors: by block.
        text: what the manifest says of each block, of items or of users.

    Raises:
        InputError: a block that the bundle does not have.
        EncoderMismatchError: another width, or another encoder.
    """
    widths = {block: int(said["width"]) for block, said in text.items()}
    if odd := [block for block in vectors if block not in widths]:
        raise InputError(f"`vectors` must name blocks of the bundle, {list(widths)}; received {odd}")
    blocks = {}
    for block, width in widths.items():
        given = vectors.get(block)
        if given is None:
            nothing = np.zeros(len(new) + 1, np.bool_)
            blocks[block] = VectorBlock(block, np.zeros((len(new) + 1, width), np.float32), nothing)
            continue
        if given.dim != width:
            raise EncoderMismatchError(
                f"`vectors[{block!r}]` must be {width} wide as the bundle's are; received {given.dim}. "
                "Encode newcomers with the encoder that the bundle names"
            )
        require_same_encoder(text[block], given.provenance, argument=f"vectors[{block!r}]")
        if ENCODER in text[block] and ENCODER not in given.provenance:
            logger.warning(
                "the vectors of block %s do not say which encoder wrote them; the bundle's are of %r",
                block, text[block][ENCODER],
            )  # fmt: skip
        blocks[block] = given.block(block, new)
    return blocks
