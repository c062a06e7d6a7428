"""The best rows of a table for each query: exact, a block of queries at a time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf

BLOCK_CELLS: Final = 16_000_000  # scores held at once within one request: 64 MB
LOWEST: Final = float(np.finfo(np.float32).min)  # JSON has no word for -inf

Found = tuple[tf.Tensor, tf.Tensor]


def best(
    query: tf.Tensor,
    table: tf.Tensor,
    listed: tf.Tensor,
    hidden: tf.RaggedTensor,
    k: tf.Tensor,
    *,
    asked: tf.Tensor | None = None,
    scale: tf.Tensor | None = None,
    among: tf.Tensor | None = None,
) -> Found:
    """Rows of a table and their scores, int32 and float32 [B, K], best first; ties go to the lower row.

    A place for which there is no row holds row 0 and the lowest float32.

    Args:
        query: float32 [B, W].
        table: float32 [N, W]. The score is the dot product.
        listed: bool [N]. Which rows may be found.
        hidden: int32 ragged [B, None]. Rows that each query must not find; -1 is none.
        k: int32 scalar, from 0 to N.
        asked: bool [B]. Queries that find anything at all; None is every one.
        scale: float32 [N]. Factor of each row's scores; None is 1.
        among: int32 [B, M]. The only rows that each query may find; None is every one.
    """

    def scores(part: slice) -> tf.Tensor:
        block = tf.matmul(query[part], table, transpose_b=True)
        if scale is not None:
            block *= scale
        shown = listed
        if asked is not None:
            shown &= asked[part][:, None]
        if among is not None:
            shown &= _marks(among[part], tf.shape(table)[0])
        return _without(tf.where(shown, block, -np.inf), hidden[part])

    return _blocked_top_k(scores, tf.shape(query)[0], tf.shape(table)[0], k)


def checked(k: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
    """The smaller of `k` and `most`; below 1 it ends in `InvalidArgumentError`."""
    positive = tf.debugging.Assert(k >= 1, ["`k` must be at least 1; received", k])
    with tf.control_dependencies([] if positive is None else [positive]):  # a served graph keeps no other order
        return tf.minimum(k, most)


def nothing(query: tf.Tensor) -> tf.RaggedTensor:
    """Nothing to hide from any of the queries."""
    splits = tf.zeros([tf.shape(query)[0] + 1], tf.int64)
    return tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.int32), splits, validate=False)


def _blocked_top_k(scores: Any, num_queries: tf.Tensor, width: tf.Tensor, k: tf.Tensor) -> Found:
    size = tf.maximum(1, BLOCK_CELLS // tf.maximum(1, width))
    num_blocks = tf.maximum(1, -(-num_queries // size))  # one for no queries, so that there is something to join
    columns = tf.TensorArray(tf.int32, num_blocks, infer_shape=False, element_shape=[None, None])
    values = tf.TensorArray(tf.float32, num_blocks, infer_shape=False, element_shape=[None, None])

    def step(block: tf.Tensor, columns: tf.TensorArray, values: tf.TensorArray) -> tuple[tf.Tensor, Any, Any]:
        part = slice(block * size, tf.minimum(num_queries, (block + 1) * size))
        highest, at = tf.math.top_k(scores(part), k)
        found = tf.math.is_finite(highest)
        columns = columns.write(block, tf.where(found, at, 0))
        return block + 1, columns, values.write(block, tf.where(found, highest, LOWEST))

    _, columns, values = tf.while_loop(
        lambda block, *_: block < num_blocks, step, (tf.constant(0), columns, values), parallel_iterations=1
    )
    return columns.concat(), values.concat()


def _marks(rows: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Bool [B, width]: true where each line of `rows` [B, M] says."""
    owners = tf.repeat(tf.range(tf.shape(rows)[0]), tf.shape(rows)[1])
    at = tf.stack([owners, tf.reshape(rows, [-1])], axis=1)
    return tf.tensor_scatter_nd_update(tf.fill([tf.shape(rows)[0], width], False), at, tf.fill([tf.shape(at)[0]], True))


def _without(scores: tf.Tensor, hidden: tf.RaggedTensor) -> tf.Tensor:
    """The scores [B, N] with `-inf` at the columns that each row of `hidden` names; -1 names none."""
    at = tf.stack([tf.cast(hidden.value_rowids(), tf.int32), hidden.values], axis=1)
    at = tf.boolean_mask(at, hidden.values >= 0)
    return tf.tensor_scatter_nd_update(scores, at, tf.fill([tf.shape(at)[0]], np.float32(-np.inf)))
