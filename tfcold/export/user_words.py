"""The words of users who join a bundle, encoded as those of its own users were."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import tensorflow as tf

from tfcold.data.ids import IdMap, Ids
from tfcold.errors import BundleError, InputError
from tfcold.export.encoders import encoded_blocks
from tfcold.export.parts import Parts, Words
from tfcold.export.raw_blocks import raw_blocks
from tfcold.manifest import Manifest
from tfcold.text.encode import encode_users
from tfcold.text.encoders import TextEncoder
from tfcold.text.vectors import TextVectors


def words_of_users(
    ids: Ids,
    users: pd.DataFrame | None,
    vectors: Mapping[str, TextVectors] | None,
    manifest: Manifest,
    parts: Parts,
    encoder_of_block: Callable[[str], TextEncoder],
) -> Words:
    """What `Parts.query` takes of the words of N users: raw vectors [N, T] and masks bool [N] by block.

    Args:
        ids: object [N] of str. Users who join; of those that are not in the table, no words are known.
        users: frame with `user_id` and the columns of words that the bundle's users had, or None.
        vectors: ready vectors by block; a block may be left out. None encodes the table.
        manifest, parts: of the bundle.
        encoder_of_block: opens the encoder of a block.

    Raises:
        InputError: the model has no part that reads words of users, a block it does not know, or a table without the
            columns of the template.
        EncoderMismatchError: vectors of another encoder or width.
        BundleError: a bundle of an earlier version, or one that does not say what encodes a block.
    """
    argument, number = ("users", len(users)) if users is not None else ("vectors", len(ids))
    _check_reads_users(manifest, parts, argument, f"{number} users")
    if vectors is None and users is not None:
        vectors = encoded_blocks(users, manifest.user_text, encoder_of_block, encode=encode_users)
    blocks = raw_blocks(IdMap(ids), vectors or {}, manifest.user_text)
    return {name: (tf.constant(one.vectors[1:]), tf.constant(one.mask[1:])) for name, one in blocks.items()}


def _check_reads_users(manifest: Manifest, parts: Parts, argument: str, number: str) -> None:
    """Nothing, where a bundle can read words of users.

    Raises:
        InputError: its model was fitted without.
        BundleError: it was written before bundles kept what reads them.
    """
    wanted = manifest.schema.get("user_vectors") or {}
    if not wanted:
        raise InputError(
            f"`{argument}` must be left out: this model was fitted without words of users, and cannot read them; "
            f"received words of {number}. Users then go by `history`; or fit again with `tfcold fit --users`"
        )
    if missing := [block for block in wanted if block not in parts.user_encoders]:
        raise BundleError(
            f"`{argument}` must be left out: the bundle was written without the layers that read words of users "
            f"(blocks {', '.join(missing)}), by tfcold {manifest.tfcold}; received words of {number}. Users then go by "
            "`history`; or fit again"
        )
