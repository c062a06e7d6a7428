"""Splits candidates into ID and blocks of vectors, by exact Shapley values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.blocks import VectorBlock
from tfcold.export.parts import Parts
from tfcold.progress import logger
from tfcold.serving.item_split import ItemSplit

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MOST_BYTES: Final = 64_000_000  # beyond it a bundle keeps no split, and explanations do not tell blocks apart
MOST_BLOCKS: Final = 6  # every set of blocks is computed once
_PASS: Final = 4096


def split_of_items(
    parts: Parts, blocks: Mapping[str, VectorBlock], ids: Floats | None, is_cold: Mask
) -> ItemSplit | None:
    """The split of every item, or None where it would be too large to keep.

    The blocks' parts are Shapley values of a game whose players are the ID and the blocks: a set of them is worth the
    candidate vector that the model makes of these alone. That is exact whatever the fusion and the encoders do, and
    costs 2^B passes over the items.

    Args:
        parts: of the model.
        blocks: raw vectors of the items, one block for each that the model has.
        ids: float32 [I + 1, D]. ID embeddings; None where all items are cold.
        is_cold: bool [I + 1]. Items that training never saw, whose ID embedding is not read.
    """
    names, num = tuple(parts.encoders), len(is_cold)
    cells = len(names) * num * parts.dim
    if not names or len(names) > MOST_BLOCKS or 4 * cells > MOST_BYTES:
        if names:
            logger.info("the bundle keeps no split of items into blocks: %d MB", 4 * cells // 1_000_000)
        return None
    values = np.zeros((len(names), num, parts.dim), np.float32)
    for start in range(1, num, _PASS):
        rows = slice(start, start + _PASS)
        raw = {name: tf.constant(blocks[name].vectors[rows]) for name in names}
        masks = {name: blocks[name].mask[rows] for name in names}
        embedded = np.zeros((len(is_cold[rows]), parts.dim), np.float32) if ids is None else ids[rows]
        for chosen in _subsets(names):
            kept = {name: tf.constant(masks[name] & (name in chosen)) for name in names}
            features, kept = parts.encoded(raw, kept)
            for with_id in (False, True):
                worth = parts.fused(features, kept, tf.constant(embedded * with_id), tf.constant(is_cold[rows]))
                vectors = worth.numpy()
                for place, name in enumerate(names):
                    values[place, rows] += _share(name in chosen, len(chosen) + with_id, len(names) + 1) * vectors
    for place, name in enumerate(names):
        values[place, ~blocks[name].mask] = 0  # what is left there is rounding
    nothing = {name: tf.zeros([2, blocks[name].width]) for name in names}
    absent = {name: tf.constant([False, False]) for name in names}
    base = parts.fused(*parts.encoded(nothing, absent), tf.zeros([2, parts.dim]), tf.constant([False, True]))
    return ItemSplit(names, values, base.numpy())


def _subsets(names: tuple[str, ...]) -> list[frozenset[str]]:
    sizes = range(len(names) + 1)
    return [frozenset(chosen) for size in sizes for chosen in itertools.combinations(names, size)]


def _share(is_in: bool, size: int, players: int) -> float:
    """With what weight the worth of a set of `size` players counts for a player that is in it, or is not."""
    before = size - 1 if is_in else size
    if before < 0 or before >= players:
        return 0.0
    weight = math.factorial(before) * math.factorial(players - before - 1) / math.factorial(players)
    return weight if is_in else -weight
