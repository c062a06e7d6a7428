"""The best rows of a table for each query: exact, a block of the table at a time.

Scores stand as [rows, queries]: TensorFlow multiplies a tall table by a few queries several times faster that way round
than the other. A list is then found in two steps. The best of every `CHUNK` rows are compared first; the k best rows
lie in the k chunks with the best of these, so only what is in them is sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf

BLOCK_CELLS: Final = 4_000_000  # scores held at once: 16 MB; pages of larger tensors are given back after every block
BLOCK_QUERIES: Final = 64
CHUNK: Final = 64
LOWEST: Final = float(np.finfo(np.float32).min)  # JSON has no word for -inf

Found = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Rows:
    """What is searched.

    Args:
        table: float32, float16 or int8 [N, W], N a multiple of `CHUNK`. Scores are dot products with its rows.
        unlisted: int32 [L], ascending. Rows that no query may find.
        scale: float32 [N]. Factor of each row's scores; None is 1.
        one_block: bool, default False. `fits_one_block`: the graph then does without a loop over blocks.
    """

    table: tf.Tensor
    unlisted: tf.Tensor
    scale: tf.Tensor | None = None
    one_block: bool = False

    @property
    def num_chunks(self) -> tf.Tensor:
        """N / `CHUNK`."""
        return tf.shape(self.table)[0] // CHUNK

    def scores(self, query: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        """Float32 [R, B] of the rows of these chunks, `-inf` where not listed."""
        start, stop, width = first * CHUNK, last * CHUNK, self.table.shape[1]
        chunks = tf.reshape(self.table, [-1, CHUNK * width])[first:last]  # aligned, so no copy; a row may not be
        block = _products(tf.cast(tf.reshape(chunks, [-1, width]), tf.float32), query)
        if self.scale is not None:
            block *= self.scale[start:stop, None]
        gone = self.unlisted
        if not self.one_block:
            begin, end = tf.unstack(tf.searchsorted(gone, tf.stack([start, stop])))
            gone = gone[begin:end] - start
        return tf.tensor_scatter_nd_update(block, gone[:, None], tf.fill([tf.size(gone), tf.shape(query)[0]], -np.inf))


def fits_one_block(num_rows: int, width: int) -> bool:
    """Whether scores of so many rows are held at once, whatever is asked of them."""
    return -(-num_rows // CHUNK) * CHUNK <= BLOCK_CELLS // max(BLOCK_QUERIES, width)


def best(
    query: tf.Tensor,
    rows: Rows,
    hidden: tf.RaggedTensor,
    k: tf.Tensor,
    *,
    asked: tf.Tensor | None = None,
    among: tf.Tensor | None = None,
) -> Found:
    """Rows and their scores, int32 and float32 [B, K], best first; ties go to the lower row.

    A place for which there is no row holds row 0 and the lowest float32.

    Args:
        query: float32 [B, W].
        rows: what is searched, N rows.
        hidden: int32 ragged [B, None]. Rows that each query must not find; -1 is none.
        k: int32 scalar, from 0 to N.
        asked: bool [B]. Queries that find anything at all; None is every one.
        among: int32 [B, M]. The only rows that each query may find; None is every one.
    """
    num = tf.shape(query)[0]
    owners = tf.cast(hidden.value_rowids(), tf.int32)
    query, among = _at_least_one(query), None if among is None else _at_least_one(among)
    away = tf.stack([hidden.values, owners], axis=1)
    at, highest = tf.cond(  # a loop over blocks of queries takes longer to start
        num <= BLOCK_QUERIES,
        lambda: _best_of_blocks(query, rows, away, k, among),
        one_node(lambda: _best_by_blocks(query, rows, away, k, among)),
    )
    at, highest = at[:num], highest[:num]
    found = tf.math.is_finite(highest)
    if asked is not None:
        found &= asked[:, None]
    return tf.where(found, at, 0), tf.where(found, highest, LOWEST)


def one_node(branch: Callable[[], Found]) -> Callable[[], Found]:
    """The branch of a `tf.cond` that is hardly ever taken, as one node of the graph.

    TensorFlow visits every node of a branch that is not taken, which can take longer than the branch that is.
    """
    return tf.function(branch, autograph=False, experimental_attributes={"_noinline": True})


def _best_by_blocks(query: tf.Tensor, rows: Rows, away: tf.Tensor, k: tf.Tensor, among: tf.Tensor | None) -> Found:
    """The best of all rows for any number of queries, a block of `BLOCK_QUERIES` at a time."""
    num_blocks = -(-tf.shape(query)[0] // BLOCK_QUERIES)
    columns = tf.TensorArray(tf.int32, num_blocks, infer_shape=False, element_shape=[None, None])
    values = tf.TensorArray(tf.float32, num_blocks, infer_shape=False, element_shape=[None, None])

    def step(block: tf.Tensor, columns: tf.TensorArray, values: tf.TensorArray) -> tuple[tf.Tensor, Any, Any]:
        part = slice(block * BLOCK_QUERIES, tf.minimum(tf.shape(query)[0], (block + 1) * BLOCK_QUERIES))
        only = None if among is None else among[part]
        at, highest = _best_of_blocks(query[part], rows, away - [[0, part.start]], k, only)
        return block + 1, columns.write(block, at), values.write(block, highest)

    _, columns, values = tf.while_loop(
        lambda block, *_: block < num_blocks, step, (tf.constant(0), columns, values), parallel_iterations=1
    )
    return columns.concat(), values.concat()


def _best_of_blocks(query: tf.Tensor, rows: Rows, away: tf.Tensor, k: tf.Tensor, among: tf.Tensor | None) -> Found:
    """The best of all rows for a few queries, with what each block of rows adds put behind the best so far."""
    num = tf.shape(query)[0]
    cells = num if rows.table.dtype == tf.float32 else tf.maximum(num, rows.table.shape[1])  # a block in float32, too
    size = tf.maximum(1, BLOCK_CELLS // CHUNK // cells)

    def step(first: tf.Tensor, at: tf.Tensor, highest: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        last = tf.minimum(rows.num_chunks, first + size)
        scores = rows.scores(query, first, last)
        here = [[first * CHUNK, 0]]
        if among is not None:
            scores = _only(scores, _pairs(among) - here)
        scores = without(scores, away - here)
        more, values = _finalists(scores, k)
        if not rows.one_block:
            more, values = tf.concat([at, more + first * CHUNK], axis=1), tf.concat([highest, values], axis=1)
        highest, places = tf.math.top_k(values, k)
        return last, tf.gather(more, places, batch_dims=1), highest

    start = (tf.constant(0), tf.zeros([num, k], tf.int32), tf.fill([num, k], -np.inf))
    if rows.one_block:
        return step(*start)[1:]
    shapes = (tf.TensorShape([]), tf.TensorShape([None, None]), tf.TensorShape([None, None]))
    _, at, highest = tf.while_loop(
        lambda first, *_: first < rows.num_chunks, step, start, shape_invariants=shapes, parallel_iterations=1
    )
    return at, highest


def _products(table: tf.Tensor, query: tf.Tensor) -> tf.Tensor:
    """[R, B]; a single query goes the other way round, which is faster by a quarter."""
    return tf.cond(
        tf.shape(query)[0] == 1,
        lambda: tf.reshape(tf.matmul(query, table, transpose_b=True), [-1, 1]),
        lambda: tf.matmul(table, query, transpose_b=True),
    )


def _finalists(scores: tf.Tensor, k: tf.Tensor) -> Found:
    """Rows and scores [B, F], rows ascending, among which are the k best of `scores` [R, B]."""
    width = tf.shape(scores)[1]
    tops = tf.reduce_max(tf.reshape(scores, [-1, CHUNK, width]), axis=1)
    _, chosen = tf.math.top_k(tf.transpose(tops), tf.minimum(k, tf.shape(tops)[0]), sorted=False)
    at = tf.reshape(tf.sort(chosen, axis=1)[:, :, None] * CHUNK + tf.range(CHUNK), [width, -1])
    return at, tf.gather(tf.reshape(scores, [-1]), at * width + tf.range(width)[:, None])


def _at_least_one(lines: tf.Tensor) -> tf.Tensor:
    """The lines [B, N], or one of zeros, so that a block is never empty."""
    return tf.pad(lines, [[0, tf.cast(tf.shape(lines)[0] == 0, tf.int32)], [0, 0]])


def _pairs(rows: tf.Tensor) -> tf.Tensor:
    """Int32 [B * M, 2] of row and query."""
    owners = tf.repeat(tf.range(tf.shape(rows)[0]), tf.shape(rows)[1])
    return tf.stack([tf.reshape(rows, [-1]), owners], axis=1)


def _changed(scores: tf.Tensor, at: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """The scores with other values at these pairs of row and query; a pair that is not among them changes nothing."""
    return tf.raw_ops.TensorScatterUpdate(tensor=scores, indices=at, updates=values, bad_indices_policy="IGNORE")


def _only(scores: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    """The scores with `-inf` anywhere but at these places."""
    at = tf.boolean_mask(at, tf.reduce_all((at >= 0) & (at < tf.shape(scores)), axis=1))
    return _changed(tf.fill(tf.shape(scores), -np.inf), at, tf.gather_nd(scores, at))


def without(scores: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    """The scores with `-inf` at these places, int32 [M, rank of scores]; one outside of them changes nothing."""
    return _changed(scores, at, tf.fill([tf.shape(at)[0]], -np.inf))


def checked(k: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
    """The smaller of `k` and `most`; below 1 it ends in `InvalidArgumentError`."""
    positive = tf.debugging.Assert(k >= 1, ["`k` must be at least 1; received", k])
    with tf.control_dependencies([] if positive is None else [positive]):  # a served graph keeps no other order
        return tf.minimum(k, most)


def nothing(query: tf.Tensor) -> tf.RaggedTensor:
    """Nothing to hide from any of the queries."""
    splits = tf.zeros([tf.shape(query)[0] + 1], tf.int64)
    return tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.int32), splits, validate=False)
