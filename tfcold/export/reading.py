"""Encoders put into a bundle that was written without them, or taken out of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tfcold.export.encoders import bundled_encoder, check_encoders, names_encoder
from tfcold.export.next_version import Standing
from tfcold.export.words import words_of

if TYPE_CHECKING:
    from tfcold.text.encoders import TextEncoder


def with_words(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    with_encoder: bool = True,
    encoders: Mapping[str, TextEncoder | str] | None = None,
) -> Path:
    """The version folder of the same bundle with its encoders in the SavedModel. Nothing is trained.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        out: name folder of the bundle to write; None is the one that `folder` is in, which gets its next version.
        with_encoder: bool, default True. False takes them out again.
        encoders: by block, those that the bundle does not name, or names where it cannot be reached.

    Raises:
        BundleError: `folder` is no bundle, `out` exists and is none, an encoder is of a block that the bundle does not
            have, or nothing says what encodes the first block.
        InputError: the first block's encoder cannot be put into a graph.
        EncoderMismatchError: an encoder is not the one that wrote the vectors of its block.
    """
    before = Standing.of(folder, out)
    check_encoders(before.manifest.text, encoders or {})
    words = None
    if with_encoder:
        found: dict[str, TextEncoder | str] = dict(encoders or {})
        for block, said in before.manifest.text.items():
            if block not in found and names_encoder(said):
                found[block] = bundled_encoder(before.version, block)
        words = words_of(before.manifest.text, found)
    change = {"encoders": 0 if words is None else len(words.blocks)}
    return before.written(before.tables, before.kept, before.split, change, words)
