"""The best rows of a few cells or leaves for each query: most of what the exact search finds, in less time."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcold.export.cells import CELL, Cells
from tfcold.export.leaves import Leaves
from tfcold.export.search import LOWEST, Found, Rows, best, without


def best_near(query: tf.Tensor, rows: Rows, where: Cells | Leaves, hidden: tf.RaggedTensor, k: tf.Tensor) -> Found:
    """What `search.best` finds, but that a row may be missing whose cell or leaf was not looked into.

    Those with the best hopes are looked into and their rows scored. Longer lists, and those from which more is hidden,
    look into more: as many times as many as the square root of how much longer they are, hidden rows counted. The
    exact search answers instead where that is too many, and where a list would come out shorter than `k`: k rows come
    back whenever k can be found.

    Args:
        query: float32 [B, W].
        rows: what is searched, N rows.
        where: cells or leaves of these rows; their arrays may be variables.
        hidden: int32 ragged [B, None]. Rows that each query must not find; -1 is none.
        k: int32 scalar, from 0 to N.
    """
    num = tf.shape(query)[0]
    reach = k + tf.reduce_max(tf.concat([[0], tf.cast(hidden.row_lengths(), tf.int32)], axis=0))
    wider = tf.sqrt(tf.maximum(1.0, tf.cast(reach, tf.float32) / where.k))
    probes = tf.cast(tf.math.ceil(where.probes * wider), tf.int32)
    size = probes * CELL if isinstance(where, Cells) else tf.cast(tf.math.ceil(where.scored * wider), tf.int32)

    def near() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        if isinstance(where, Cells):
            at, values = _best_of_cells(query, rows, where, hidden, k, probes)
        else:
            at, values = _best_of_leaves(query, rows, where, hidden, k, probes, size)
        return at, values, tf.reduce_all(values > LOWEST)

    def nowhere() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return tf.zeros([num, k], tf.int32), tf.zeros([num, k]), tf.constant(False)

    few = (num > 0) & (probes <= where.most) & (reach <= size)
    at, values, whole = tf.cond(few, near, nowhere)
    return tf.cond(whole, lambda: (at, values), lambda: best(query, rows, hidden, k))


def _best_of_cells(
    query: tf.Tensor, rows: Rows, cells: Cells, hidden: tf.RaggedTensor, k: tf.Tensor, probes: tf.Tensor
) -> Found:
    hopes = tf.matmul(tf.concat([query, tf.norm(query, axis=1, keepdims=True)], axis=1), cells.guide, transpose_b=True)
    chosen = tf.sort(tf.math.top_k(hopes, probes, sorted=False)[1], axis=1)
    width = rows.table.shape[1]
    table = tf.reshape(rows.table, [-1, CELL * width])  # a cell is one piece of memory

    def one(number: tf.Tensor) -> Found:
        mine = chosen[number]
        block = tf.cast(tf.reshape(tf.gather(table, mine), [-1, width]), tf.float32)
        scores = tf.reshape(tf.matmul(query[number : number + 1], block, transpose_b=True), [-1])
        if rows.scale is not None:
            scores *= tf.reshape(tf.gather(tf.reshape(rows.scale, [-1, CELL]), mine), [-1])
        scores = tf.where(tf.reshape(tf.gather(cells.listed, mine), [-1]), scores, -np.inf)
        away = hidden.values[hidden.row_splits[number] : hidden.row_splits[number + 1]]
        place = tf.minimum(tf.searchsorted(mine, away // CELL), probes - 1)
        inside = tf.gather(mine, place) == away // CELL
        scores = without(scores, tf.where(inside, place * CELL + away % CELL, -1)[:, None])
        values, places = tf.math.top_k(scores, k)
        return tf.gather(mine, places // CELL) * CELL + places % CELL, values

    return tf.map_fn(one, tf.range(tf.shape(query)[0]), fn_output_signature=(tf.int32, tf.float32))


def _best_of_leaves(
    query: tf.Tensor,
    rows: Rows,
    leaves: Leaves,
    hidden: tf.RaggedTensor,
    k: tf.Tensor,
    probes: tf.Tensor,
    scored: tf.Tensor,
) -> Found:
    candidates = leaves.candidates(query, probes, scored)

    def one(number: tf.Tensor) -> Found:
        mine = candidates[number]
        at = tf.maximum(mine, 0)
        block = tf.cast(tf.gather(rows.table, at), tf.float32)
        scores = tf.reshape(tf.matmul(query[number : number + 1], block, transpose_b=True), [-1])
        if rows.scale is not None:
            scores *= tf.gather(rows.scale, at)
        away = hidden.values[hidden.row_splits[number] : hidden.row_splits[number + 1]]
        away = tf.sort(tf.concat([away, [-1]], axis=0))  # what the index did not find is hidden, too
        place = tf.minimum(tf.searchsorted(away, mine), tf.size(away) - 1)
        values, places = tf.math.top_k(tf.where(tf.gather(away, place) == mine, -np.inf, scores), k)
        return tf.gather(at, places), values

    return tf.map_fn(one, tf.range(tf.shape(query)[0]), fn_output_signature=(tf.int32, tf.float32))
