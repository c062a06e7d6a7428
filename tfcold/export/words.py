"""What lets a SavedModel read words by itself: the encoders of its blocks as TensorFlow ops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.errors import BundleError, InputError
from tfcold.export.encoders import WITHOUT_WORDS, check_same
from tfcold.export.readers import WAY_OUT, reader_of
from tfcold.manifest import Manifest
from tfcold.progress import logger
from tfcold.serving.words import IN_GRAPH
from tfcold.text.encoders import get_encoder

if TYPE_CHECKING:
    from tfcold.text.encoders import TextEncoder

TOLERANCE: Final = 1e-4  # of vectors of length 1
SAMPLES: Final = (
    "a quiet film about the sea",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich (1999)",
    "x",
)

Floats = npt.NDArray[np.float32]


class Words(tf.Module):
    """Reads texts for some blocks of a bundle, always with the first among them, which sentences go by.

    Args:
        readers: by block, in the order of the blocks: what maps strings [B] to float32 [B, T].
    """

    def __init__(self, readers: Mapping[str, Any]) -> None:
        super().__init__(name="words")
        self.readers = dict(readers)

    @property
    def blocks(self) -> list[str]:
        return list(self.readers)

    def vectors(self, text: tf.Tensor, block: str | None = None) -> tf.Tensor:
        """float32 [B, T] of strings [B] as a block, by default the first, sees them; zeros for a text without words."""
        found = self.readers[block or self.blocks[0]](text)
        said = tf.strings.length(tf.strings.strip(text)) > 0
        return tf.where(said[:, None], found, tf.zeros_like(found))


def words_of(text: Mapping[str, Mapping[str, Any]], encoders: Mapping[str, TextEncoder | str]) -> Words:
    """The encoders of a model's blocks, ready to be saved.

    Args:
        text: blocks as the manifest says them, in order.
        encoders: by block, or their names. A block without one is left out, except the first; so is a later one whose
            encoder cannot be put into a graph, with a warning.

    Raises:
        BundleError: a model without blocks, or nothing says what encodes the first block.
        InputError: the first block's encoder cannot be put into a graph.
        EncoderMismatchError: an encoder is not the one that wrote the vectors of its block.
    """
    if not text:
        raise BundleError(WITHOUT_WORDS)
    readers: dict[str, Any] = {}
    for place, (block, said) in enumerate(text.items()):
        encoder = encoders.get(block)
        if encoder is None:
            if place == 0:
                raise BundleError(
                    f"`with_encoder` needs the encoder of block {block!r}, which sentences go by; its vectors came "
                    f"from a file. {WAY_OUT}"
                )
            continue
        encoder = get_encoder(encoder) if isinstance(encoder, str) else encoder
        check_same(block, said, encoder, "encoders")
        try:
            reader = reader_of(encoder)
        except InputError as error:
            if place == 0:
                raise
            logger.warning("block %s stays without its encoder in the graph: %s", block, error)
            continue
        _check_reads(block, int(said["width"]), encoder, reader)
        readers[block] = reader
    return Words(readers)


def carried_words(loaded: Any, manifest: Manifest) -> Words | None:
    """The words that a bundle reads, to be saved again in its next version; None where it reads none.

    Nothing is fetched or rebuilt: graph and weights are those of the SavedModel.

    Args:
        loaded: the SavedModel, opened.
        manifest: what the bundle says of itself.
    """
    blocks = [block for block, said in manifest.text.items() if said.get(IN_GRAPH)]
    if not blocks:
        return None
    return Words({block: loaded.words.readers[block] for block in blocks})


def said_in_graph(text: Mapping[str, Mapping[str, Any]], words: Words | None) -> dict[str, dict[str, Any]]:
    """What the manifest says of the blocks, with or without an encoder in the graph."""
    plain = {block: {name: value for name, value in said.items() if name != IN_GRAPH} for block, said in text.items()}
    for block in [] if words is None else words.blocks:
        plain[block][IN_GRAPH] = True
    return plain


def verify_words(loaded: Any, words: Words | None) -> None:
    """Nothing, where a SavedModel just written and opened reads texts as `words` do.

    Raises:
        BundleError: it does not.
    """
    if words is None:
        return
    texts = tf.constant([*SAMPLES, ""])
    found = loaded.signatures["embed_items"](text=texts)
    for block in words.blocks:
        expected = words.vectors(texts, block).numpy()
        _check_near(f"block {block!r} of the bundle just written", found[block].numpy(), expected)


def _check_reads(block: str, width: int, encoder: TextEncoder, reader: Any) -> None:
    found, expected = reader(tf.constant(SAMPLES)).numpy(), np.asarray(encoder.encode(list(SAMPLES)))
    if found.shape != (len(SAMPLES), width):
        raise InputError(
            f"`encoder` {encoder.name!r} gives vectors {list(found.shape)} in a graph; block {block!r} is {width} wide"
        )
    _check_near(f"encoder {encoder.name!r} of block {block!r} in a graph", found, expected)


def _check_near(what: str, found: Floats, expected: Floats) -> None:
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    off = float(np.abs(found - expected).max(initial=0)) / scale
    if not off <= TOLERANCE:
        raise BundleError(
            f"{what} gives vectors that differ by {off:.3g} from those of Python, more than {TOLERANCE:g}, so nothing "
            f"was kept. Please report this. {WAY_OUT}"
        )
