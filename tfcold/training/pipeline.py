"""From a split to batches: who, what they had done, and what they did next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import scipy.sparse as sp
import tensorflow as tf

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Batches: TypeAlias = Any  # tf.data.Dataset, which comes without types
MakeBatch = Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]


def user_batches(
    split: Split,
    *,
    batch_size: int = 256,
    hidden_share: float = 0.5,
    max_history: int = 128,
    seed: int | None = None,
) -> Batches:
    """Batches of users, each with a part of their rows hidden: the model sees the rest and must name the hidden.

    One epoch shows every user with two or more training rows once, each time with another part hidden. This is the
    batch of the full softmax.

    Args:
        split: its training rows are read, no others.
        batch_size: int, default 256. Users a batch.
        hidden_share: float in (0, 1), default 0.5. Chance of a row to be hidden.
        max_history: int, default 128. Longest history (and list of targets) kept; a longer one is cut at random.
        seed: int or None. Fixes order and draws, epoch by epoch.

    Returns: dataset of dicts `user_row` int32 [B], `history` int32 [B, H] and `targets` int32 [B, P], 0 pads;
    H and P are `max_history`, so there is one shape to trace.
    """
    matrix = split.train_matrix().tocsr()
    starts, items = _rows(matrix)
    users = np.flatnonzero(np.diff(matrix.indptr) >= 2).astype(np.int32)

    def batch(user_rows: tf.Tensor, draw: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = _gather(starts, items, user_rows)
        order = tf.random.stateless_uniform(tf.shape(rows.flat_values), seed=draw)
        hidden = tf.random.stateless_uniform(tf.shape(rows.flat_values), seed=draw + 1) < hidden_share
        return {
            "user_row": user_rows,
            "history": _padded(rows, order, ~hidden, max_history),
            "targets": _padded(rows, order, hidden, max_history),
        }

    return _batched(tf.data.Dataset.from_tensor_slices(users), len(users), batch_size, seed, batch)


def row_batches(split: Split, *, batch_size: int = 1024, max_history: int = 64, seed: int | None = None) -> Batches:
    """Batches of training rows, each with the rest of its user's rows as history: the batch of in-batch softmax.

    Args:
        split: its training rows are read, no others.
        batch_size: int, default 1024. Rows a batch.
        max_history: int, default 64. Longest history kept; a longer one is cut at random.
        seed: int or None.

    Returns: dataset of dicts `user_row` int32 [B], `history` int32 [B, H] without the item, 0 pads, and `item_row`
    int32 [B].
    """
    matrix = split.train_matrix().tocsr()
    starts, items = _rows(matrix)
    pairs = matrix.tocoo()
    rows = np.stack([pairs.row, pairs.col], axis=1).astype(np.int32)

    def batch(pair: tf.Tensor, draw: tf.Tensor) -> dict[str, tf.Tensor]:
        user_rows, item_rows = pair[:, 0], pair[:, 1]
        done = _gather(starts, items, user_rows)
        order = tf.random.stateless_uniform(tf.shape(done.flat_values), seed=draw)
        others = done.flat_values != tf.gather(item_rows, done.value_rowids())
        return {
            "user_row": user_rows,
            "history": _padded(done, order, others, max_history),
            "item_row": item_rows,
        }

    return _batched(tf.data.Dataset.from_tensor_slices(rows), len(rows), batch_size, seed, batch)


def _batched(rows: Batches, count: int, batch_size: int, seed: int | None, batch: MakeBatch) -> Batches:
    rows = rows.shuffle(min(count, 1_000_000), seed=seed, reshuffle_each_iteration=True)
    # one number a batch: a second `batch` in the graph would be taken apart under a `tf.distribute` strategy
    draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    paired = tf.data.Dataset.zip((rows.batch(batch_size), draws))

    def drawn(rows: tf.Tensor, draw: tf.Tensor) -> dict[str, tf.Tensor]:
        return batch(rows, tf.stack([draw, tf.zeros_like(draw)]))

    return paired.map(drawn, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def _rows(matrix: sp.csr_matrix) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.constant(matrix.indptr, tf.int64), tf.constant(matrix.indices, tf.int32)


def _gather(starts: tf.Tensor, items: tf.Tensor, user_rows: tf.Tensor) -> tf.RaggedTensor:
    """What each user did, ragged [B, (n)]."""
    begin = tf.gather(starts, user_rows)
    length = tf.gather(starts, user_rows + 1) - begin
    positions = tf.ragged.range(begin, begin + length)
    return positions.with_flat_values(tf.gather(items, positions.flat_values))


def _padded(rows: tf.RaggedTensor, order: tf.Tensor, keep: tf.Tensor, width: int) -> tf.Tensor:
    """The kept items of each row, int32 [B, width], 0 pads; a random choice where there are more."""
    kept = tf.ragged.boolean_mask(rows, rows.with_flat_values(keep))
    keys = tf.ragged.boolean_mask(rows.with_flat_values(order), rows.with_flat_values(keep))
    dense_keys = keys.to_tensor(default_value=2.0)
    dense = kept.to_tensor(default_value=0)
    dense = tf.pad(dense, [[0, 0], [0, width]])
    dense_keys = tf.pad(dense_keys, [[0, 0], [0, width]], constant_values=2.0)
    chosen = tf.math.top_k(-dense_keys, k=width, sorted=True).indices
    return tf.ensure_shape(tf.gather(dense, chosen, batch_dims=1), [None, width])
