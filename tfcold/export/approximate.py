"""The best rows of a few cells or leaves for each query: most of what the exact search finds, in less time."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcold.export.cells import CELL, Cells
from tfcold.export.leaves import Leaves
from tfcold.export.search import LOWEST, Found, Rows, best, one_node, without

_APART = 1 << 32  # between the keys of two queries: more than there are rows


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
    reach = k + tf.reduce_max(tf.concat([[0], tf.cast(hidden.row_lengths(), tf.int32)], axis=0))
    wider = tf.sqrt(tf.maximum(1.0, tf.cast(reach, tf.float32) / where.k))
    probes = tf.cast(tf.math.ceil(where.probes * wider), tf.int32)
    size = probes * CELL if isinstance(where, Cells) else tf.cast(tf.math.ceil(where.scored * wider), tf.int32)
    few = (probes <= where.most) & (reach <= size)
    probes, size = tf.where(few, probes, 1), tf.where(few, size, 1)  # not few: what is found is not taken
    if isinstance(where, Cells):
        at, values = _best_of_cells(query, rows, where, hidden, k, probes)
    else:
        at, values = tf.cond(
            tf.shape(query)[0] > 0,
            lambda: _best_of_leaves(query, rows, where, hidden, k, probes, size),
            lambda: _no_lists(k),
        )
    whole = few & tf.reduce_all(values > LOWEST)
    return tf.cond(whole, lambda: (at, values), one_node(lambda: best(query, rows, hidden, k)))


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
        values, places = tf.math.top_k(scores, tf.minimum(k, tf.size(scores)))
        return tf.gather(mine, places // CELL) * CELL + places % CELL, values

    def single() -> Found:
        at, values = one(0)
        return at[None], values[None]

    def several() -> Found:
        return tf.map_fn(one, tf.range(num), fn_output_signature=(tf.int32, tf.float32))

    num = tf.shape(query)[0]  # a loop takes longer to start
    return tf.cond(num == 1, single, one_node(lambda: tf.cond(num > 1, several, lambda: _no_lists(k))))


def _best_of_leaves(
    query: tf.Tensor,
    rows: Rows,
    leaves: Leaves,
    hidden: tf.RaggedTensor,
    k: tf.Tensor,
    probes: tf.Tensor,
    scored: tf.Tensor,
) -> Found:
    found = leaves.candidates(query, probes, scored)
    at = tf.maximum(found, 0)
    scores = tf.map_fn(  # one after the other: their rows, all at once, could be gigabytes
        lambda one: tf.linalg.matvec(tf.cast(tf.gather(rows.table, one[0]), tf.float32), one[1]),
        (at, query),
        fn_output_signature=tf.TensorSpec([None], tf.float32),
    )
    if rows.scale is not None:
        scores *= tf.gather(rows.scale, at)
    hides = (found < 0) | _are_among(found, hidden)
    values, places = tf.math.top_k(tf.where(hides, -np.inf, scores), tf.minimum(k, scored))
    return tf.gather(at, places, batch_dims=1), values


def _no_lists(k: tf.Tensor) -> Found:
    return tf.zeros([0, k], tf.int32), tf.zeros([0, k])


def _are_among(found: tf.Tensor, hidden: tf.RaggedTensor) -> tf.Tensor:
    """Bool [B, S]: which of the rows are hidden from the query of their line."""
    owners = tf.range(tf.shape(found, tf.int64)[0])[:, None]
    mine = tf.cast(found, tf.int64) + owners * _APART
    away = tf.cast(hidden.values, tf.int64) + hidden.value_rowids() * _APART
    away = tf.sort(tf.concat([away, [tf.int64.max]], axis=0))
    place = tf.searchsorted(away, tf.reshape(mine, [-1]))
    return tf.gather(away, tf.reshape(place, tf.shape(mine))) == mine
