"""Encoders that travel with a bundle, so that new items and sentences are encoded the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.errors import BundleError, EncoderMismatchError, NoWordsError
from tfcold.manifest import EXTRA, Manifest, check_files, read_manifest, version_folder
from tfcold.progress import logger
from tfcold.serving.words import reads_words
from tfcold.text.encode import encode_items
from tfcold.text.encoders import get_encoder
from tfcold.text.templates import TextTemplate
from tfcold.text.vectors import ENCODER, ENCODER_FINGERPRINT, TEMPLATE, TextVectors

if TYPE_CHECKING:
    from tfcold.serving import Recommender
    from tfcold.text.encoders import TextEncoder

ENCODERS_FOLDER: Final = "encoders"
WITHOUT_WORDS: Final = (
    "`folder` is a bundle that was fitted without words: it knows items by their ids alone, and cannot place new "
    "items or sentences. Fit it again with words"
)
_STORED: Final = "stored"  # path under assets.extra/
_SPEC: Final = "encoder_spec"  # what `get_encoder` takes


def check_encoders(text: Mapping[str, Any], encoders: Mapping[str, TextEncoder | str]) -> None:
    """Nothing, where the encoders are those of the blocks.

    Raises:
        BundleError: an encoder of a block that the model does not have.
        EncoderMismatchError: an encoder is not the one that wrote the block's vectors.
    """
    if odd := [block for block in encoders if block not in text]:
        raise BundleError(f"`encoders` must name blocks of the model, {list(text)}; received {odd}")
    for block, encoder in encoders.items():
        if not isinstance(encoder, str):
            check_same(block, text[block], encoder, "encoders")


def store_encoders(
    extra: Path, text: Mapping[str, Any], encoders: Mapping[str, TextEncoder | str]
) -> dict[str, dict[str, Any]]:
    """What the manifest says of each block, after the encoders that can be saved have been, under `extra`."""
    said = {block: dict(content) for block, content in text.items()}
    for block in said.keys() & encoders.keys():
        encoder = encoders[block]
        if isinstance(encoder, str):
            said[block][_SPEC] = encoder
            continue
        said[block].update({ENCODER: encoder.name, ENCODER_FINGERPRINT: encoder.fingerprint})
        if hasattr(encoder, "save"):
            place = f"{ENCODERS_FOLDER}/{block}"
            encoder.save(extra / place)
            said[block][_STORED] = place
    return said


def names_encoder(said: Mapping[str, Any]) -> bool:
    """Whether a bundle says what encodes a block: it holds the encoder, or has a name for it."""
    return any(said.get(name) for name in (_STORED, _SPEC, ENCODER))


def bundled_encoder(folder: str | Path, block: str | None = None) -> TextEncoder:
    """The encoder that wrote a block's vectors: from the bundle, or by its name.

    Args:
        folder: the bundle.
        block: str, default the first block, which sentences go by.

    Raises:
        BundleError: the bundle has no such block, does not say which encoder to take, or its files are damaged.
        EncoderMismatchError: the encoder found is not the one that wrote the vectors.
    """
    version = version_folder(folder)
    manifest = read_manifest(version)
    block = block or manifest.text_block
    if not manifest.text:
        raise BundleError(WITHOUT_WORDS)
    if block is None or block not in manifest.text:
        raise BundleError(f"`{version}` has no vectors of block {block!r}; it has {list(manifest.text)}")
    return encoder_of(version, block, manifest.text[block])


def encoder_of(version: Path, block: str, said: Mapping[str, Any]) -> TextEncoder:
    """The encoder that wrote a block's vectors, of items or users, by what the manifest says of it.

    Raises:
        BundleError, EncoderMismatchError: as `bundled_encoder`.
    """
    if _STORED in said:
        check_files(version, read_manifest(version), under=f"{EXTRA}/{said[_STORED]}")
        encoder = get_encoder(version / EXTRA / said[_STORED])
    elif spec := said.get(_SPEC) or said.get(ENCODER):
        encoder = get_encoder(spec)
    else:
        raise BundleError(
            f"`{version}` does not say what encodes block {block!r}: its vectors came from a file. Pass vectors instead"
        )
    check_same(block, said, encoder, "folder")
    return encoder


def encode_texts(folder: str | Path, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32 [B, T]: sentences as the bundle's first block sees them, ready for `recommend_from_vectors`.

    An empty text, or one of white space, says nothing and is a row of zeros.

    Raises:
        BundleError: as in `bundled_encoder`.
    """
    return _encoded_texts(bundled_encoder(folder), texts)


def _encoded_texts(encoder: TextEncoder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    vectors = np.zeros((len(texts), encoder.dim), np.float32)
    says = np.array([bool(text.strip()) for text in texts], np.bool_)
    if says.any():
        vectors[says] = encoder.encode([text for text in texts if text.strip()])
    return vectors


def sentence_vectors(recommender: Recommender, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32 [B, T]: the same for an open bundle, by the encoder in its SavedModel where there is one.

    Raises:
        BundleError: as in `bundled_encoder`.
    """
    if reads_words(recommender.manifest):
        return recommender.embed(texts)
    return encode_texts(recommender.folder, texts)


def phrase_vectors(recommender: Recommender, phrases: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
    """float32 [B, T] by block: phrases as the first block sees them, and every block whose encoder the bundle holds.

    A sentence encoder makes little of a single word that the lexical block has as a term, and much of one it lacks.
    A row of zeros is a phrase in which the encoder of that block knows no word.

    Raises:
        BundleError: as in `bundled_encoder`.
    """
    found = {str(recommender.manifest.text_block): sentence_vectors(recommender, phrases)}
    for block, said in recommender.manifest.text.items():
        if block not in found and _STORED in said:
            found[block] = _encoded_texts(bundled_encoder(recommender.folder, block), phrases)
    return found


def encode_new_items(
    folder: str | Path, items: pd.DataFrame, vectors: Mapping[str, TextVectors] | None = None
) -> dict[str, TextVectors]:
    """Vectors of new items for every block of a bundle in which they say something, as `add_items` takes them.

    Args:
        folder: the bundle.
        items: frame with `item_id` and the columns that the model's items had.
        vectors: those that are there already, by block; only the other blocks are encoded.

    Raises:
        BundleError: as in `bundled_encoder`.
        InputError: the frame lacks a column of the template.
    """
    manifest: Manifest = read_manifest(version_folder(folder))
    return encoded_blocks(items, manifest.text, lambda block: bundled_encoder(folder, block), vectors)


def encoded_blocks(
    frame: pd.DataFrame,
    text: Mapping[str, Mapping[str, Any]],
    encoder_of_block: Callable[[str], TextEncoder],
    vectors: Mapping[str, TextVectors] | None = None,
    encode: Callable[..., TextVectors] = encode_items,
) -> dict[str, TextVectors]:
    """The same for a table of items or users, with encoders that somebody else opens.

    Args:
        frame: the table.
        text: what the manifest says of each block.
        encoder_of_block: opens the encoder of one.
        vectors: those that are there already, by block.
        encode: `encode_items` (default) or `encode_users`.

    Returns: vectors by block; one whose encoder knows no word of the table is left out.
    """
    found = dict(vectors or {})
    for block, said in text.items():
        if block in found:
            continue
        template = TextTemplate.from_dict(said[TEMPLATE]) if said.get(TEMPLATE) else None
        try:
            found[block] = encode(frame, encoder_of_block(block), template=template)
        except NoWordsError as error:
            logger.warning("block %s stays empty: %s", block, error)
    return found


def check_same(block: str, said: Mapping[str, Any], encoder: TextEncoder, argument: str) -> None:
    """Nothing, where an encoder may be the one that wrote a block's vectors.

    Raises:
        EncoderMismatchError: the fingerprints differ.
    """
    wanted = said.get(ENCODER_FINGERPRINT)
    if wanted and wanted != encoder.fingerprint:
        raise EncoderMismatchError(
            f"`{argument}` gives encoder {encoder.name!r} ({encoder.fingerprint[:12]}) for block {block!r}, whose "
            f"vectors are of {said.get(ENCODER, '?')!r} ({str(wanted)[:12]}). Take that one"
        )
