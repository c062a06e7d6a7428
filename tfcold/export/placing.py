"""The place that vectors give a new item, and a history a new user, by the small layers of a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.blocks import VectorBlock
from tfcold.columns import ITEM_ID
from tfcold.data.ids import IdMap, Ids
from tfcold.errors import BundleError, InputError, one_of
from tfcold.export.bundle import PARTS_FILE
from tfcold.export.encoders import WITHOUT_WORDS, encoded_blocks, encoder_of
from tfcold.export.item_file import as_shown
from tfcold.export.item_split import split_of_items
from tfcold.export.module import SENTENCE_COUNT
from tfcold.export.parts import Parts, Words
from tfcold.export.raw_blocks import Blocks, raw_blocks
from tfcold.export.stored import STORES, restored, rounded
from tfcold.export.user_words import words_of_users
from tfcold.manifest import EXTRA, Manifest, check_files, read_manifest
from tfcold.progress import logger
from tfcold.serving.attributes import fitted_columns
from tfcold.serving.item_split import ItemSplit
from tfcold.serving.newcomers import NewItems
from tfcold.text.encoders import TextEncoder
from tfcold.text.vectors import TextVectors

Floats = npt.NDArray[np.float32]


class BundlePlaces:
    """What `tfcold.serving.Recommender` asks when something joins it. Layers and encoders are opened once.

    Args:
        version: version folder of a bundle.

    Raises:
        BundleError: its layers cannot be rebuilt.
    """

    def __init__(self, version: Path) -> None:
        self.manifest: Manifest = read_manifest(version)
        self.parts = parts_of(version, self.manifest)
        self._version = version
        self._encoders: dict[str, TextEncoder] = {}
        self._place = _compiled(self.parts)

    def items(
        self, items: pd.DataFrame, vectors: Mapping[str, TextVectors] | None, kept: pd.DataFrame | None
    ) -> NewItems:
        """New items; blocks that `vectors` does not name are encoded where it is None, and empty where it is given."""
        given = vectors
        if given is None:
            given = encoded_blocks(items, self.manifest.text, lambda block: self._encoder(block, self.manifest.text))
        return placed(items, given, kept, self.manifest, self._place)[0]

    def shown(self, items: pd.DataFrame, kept: pd.DataFrame | None) -> tuple[Ids, pd.DataFrame]:
        """The ids of a frame, and its cells in the columns of `kept`."""
        return shown_cells(items, kept)

    def words(self, ids: Ids, users: pd.DataFrame | None, vectors: Mapping[str, TextVectors] | None) -> Words:
        """What `query` takes of the words of users who join; see `words_of_users`."""
        said = self.manifest.user_text
        return words_of_users(ids, users, vectors, self.manifest, self.parts, lambda block: self._encoder(block, said))

    def query(self, summed: Floats, counts: Floats, words: Words | None = None) -> Floats:
        """float32 [B, D + 1] of the sum [B, D] and the number [B] of what somebody did, and of their words."""
        vectors: Floats = self.parts.query(tf.constant(summed), tf.constant(counts), words).numpy()
        return vectors

    def candidates(self, vectors: Floats) -> Floats:
        """float32 [B, D + 1] of items known by their vector in the first block."""
        found: Floats = self.parts.newcomer(tf.constant(vectors), tf.constant(vectors.any(axis=1))).numpy()
        return found

    def sentences(self, vectors: Mapping[str, Floats]) -> Floats:
        """float32 [B, D + 1] of sentences known by their vectors [B, T] in some blocks; zeros say nothing there.

        The direction is that of an item with these vectors in a history, its length one; zeros where no block says
        anything. The prior stands back as after `SENTENCE_COUNT` interactions, as it does for the first block alone.
        """
        num = len(next(iter(vectors.values())))
        raw = {
            name: tf.constant(vectors.get(name, np.zeros((num, one.width), np.float32)))
            for name, one in self.parts.encoders.items()
        }
        masks = {name: tf.reduce_any(given != 0, axis=1) for name, given in raw.items()}
        says = tf.cast(tf.reduce_any(tf.stack(list(masks.values())), axis=0), tf.float32)
        said = tf.math.l2_normalize(self.parts.history(*self.parts.encoded(raw, masks)), axis=1) * says[:, None]
        nobody = tf.zeros_like(said), tf.zeros_like(says)
        found: Floats = self.parts.query(*nobody, said=(said, SENTENCE_COUNT * says)).numpy()
        return found

    def rounded(self, table: Floats, store: str) -> Floats:
        """The rows of a table as a bundle gives them back that keeps its numbers in `store`."""
        return restored(*rounded(table, one_of(STORES, store, "store")))

    def split(self, raw: tuple[Blocks, int]) -> ItemSplit | None:
        """How much of one item each block makes up, at row 1; `raw` is its blocks and its row in them."""
        blocks, row = raw
        alone = {name: VectorBlock(name, one.vectors[[0, row]], one.mask[[0, row]]) for name, one in blocks.items()}
        return split_of_items(self.parts, alone, None, np.ones(2, np.bool_))

    def _encoder(self, block: str, text: Mapping[str, Any]) -> TextEncoder:
        if block not in self._encoders:
            self._encoders[block] = encoder_of(self._version, block, text[block])
        return self._encoders[block]


def shown_cells(items: pd.DataFrame, kept: pd.DataFrame | None) -> tuple[Ids, pd.DataFrame]:
    """The ids of a frame, and what lists may show of these items: cells in the columns that the bundle keeps.

    Args:
        items: frame with `item_id`.
        kept: frame of what the bundle keeps of its items, without ids, or None.

    Raises:
        InputError: no ids, one that stands twice, or a cell that does not fit its column.
    """
    shown = as_shown(items)
    ids = shown[ITEM_ID].to_numpy(object)
    return ids, pd.DataFrame(fitted_columns(shown, kept), index=range(len(ids)))


def placed(
    items: pd.DataFrame,
    vectors: Mapping[str, TextVectors],
    kept: pd.DataFrame | None,
    manifest: Manifest,
    place: Callable[[Blocks], tuple[Floats, Floats]],
    check: Callable[[Ids], None] | None = None,
) -> tuple[NewItems, Blocks]:
    """New items with their place, and their raw blocks.

    Args:
        items: frame with `item_id` and what lists may show.
        vectors: by block.
        kept: frame of what the bundle keeps of its items, without ids, or None.
        manifest: of the bundle.
        place: raw blocks of N items to candidate [N, D + 1] and history [N, D] vectors, as `Parts.items`.
        check: raises for ids that may not join.

    Raises:
        InputError, EncoderMismatchError, BundleError: as `add_items`.
    """
    shown = as_shown(items)
    ids = IdMap(shown[ITEM_ID].to_numpy(object))
    if len(ids) == 0:
        raise InputError("`items` must have at least one row; received 0")
    if not manifest.text:
        raise BundleError(WITHOUT_WORDS)
    blocks = raw_blocks(ids, vectors, manifest.text)
    if not any(block.mask.any() for block in blocks.values()):
        raise InputError(f"`vectors` must hold a vector of at least one new item; none of {len(ids)} ids has one")
    if check is not None:
        check(ids.ids)
    columns = fitted_columns(shown, kept)
    candidates, history = place(blocks)
    is_known = np.any([block.mask[1:] for block in blocks.values()], axis=0)
    candidates[~is_known], history[~is_known] = 0, 0
    if not is_known.all():
        logger.warning("%d of %d new items have no vector and cannot be listed", (~is_known).sum(), len(ids))
    raw = np.empty(len(ids), object)
    for row in range(len(ids)):
        raw[row] = (blocks, row + 1)
    return NewItems(ids.ids, candidates, history, is_known, columns, raw), blocks


def _compiled(parts: Parts) -> Callable[[Blocks], tuple[Floats, Floats]]:
    """`Parts.items` as one graph, traced here: for one item the layers called one by one take ten times as long."""
    if not parts.encoders:
        return parts.items
    vectors = {name: tf.TensorSpec([None, one.width], tf.float32) for name, one in parts.encoders.items()}
    masks = {name: tf.TensorSpec([None], tf.bool) for name in parts.encoders}

    def place(vectors: dict[str, tf.Tensor], masks: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        features, masks = parts.encoded(vectors, masks)
        return parts.candidate(features, masks), parts.history(features, masks)

    graph = tf.function(place, input_signature=[vectors, masks], autograph=False).get_concrete_function()

    def placed_by_graph(blocks: Blocks) -> tuple[Floats, Floats]:
        given = {name: tf.constant(blocks[name].vectors[1:]) for name in vectors}
        candidates, history = graph(given, {name: tf.constant(blocks[name].mask[1:]) for name in masks})
        return candidates.numpy(), history.numpy()

    return placed_by_graph


def parts_of(version: Path, manifest: Manifest) -> Parts:
    """The small layers of a version folder.

    Raises:
        BundleError: they are damaged, or cannot be read or rebuilt.
    """
    check_files(version, manifest, under=f"{EXTRA}/{PARTS_FILE}")
    path = version / EXTRA / PARTS_FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights: dict[str, npt.NDArray[Any]] = dict(arrays)
    except (OSError, ValueError) as error:
        raise BundleError(f"`{path}` cannot be read: {error}") from error
    return Parts.from_config(manifest.parts, weights)
