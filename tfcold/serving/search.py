"""The best items of a query, and the best users of an item, in a state.

What is in the bundle is searched by the bundle's own graph, newcomers and items that moved beside it, and the two
answers are merged. Where the graph has no function for the question, the same products, masks and cut are taken over
its tables and the rows that joined. Either way scores and order are those of a bundle written with the change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.errors import BundleError
from tfcold.serving.ids import Ids
from tfcold.serving.ragged import Lists, Rows
from tfcold.serving.state import State

Floats = npt.NDArray[np.float32]
Found = tuple[Rows, Floats]
Scores = Callable[[slice], tf.Tensor]

BLOCK_CELLS: Final = 16_000_000  # scores held at once: 64 MB
_MOST_GONE: Final = 1000  # so many more are asked for; beyond it the rest is searched row by row
_LOWEST: Final = float(np.finfo(np.float32).min)


def best_items(state: State, query: Floats, hidden: Lists, k: int, among: Rows | None = None) -> Found:
    """Item rows and scores [B, K] of the best items; row 0 where the list ran out. Ties go to the lower row.

    Args:
        state: what is searched.
        query: float32 [B, D + 1].
        hidden: B lists of item rows to leave out.
        k: int, at least 1.
        among: int32 [N], ascending and distinct. The only rows to choose from; None takes all.
    """
    beside, gone = state.beside, len(state.gone)
    if among is not None:
        beside, among = np.intersect1d(among, beside), np.setdiff1d(among, np.union1d(beside, state.gone))
    elif gone > max(_MOST_GONE, k):
        among = np.setdiff1d(np.arange(1, len(state.opened.items) + 1, dtype=np.int32), state.gone)
    found = _of_bundle(state, query, hidden, k, among, gone)
    if len(beside) == 0:
        return found
    return _merged(found, _of_beside(state, query, hidden, k, beside), k)


def _of_bundle(state: State, query: Floats, hidden: Lists, k: int, among: Rows | None, gone: int) -> Found:
    """The best items that stand where they stood in the bundle, by its own graph, which has `gone` more."""
    model = state.opened.model
    inside = hidden.below(len(state.opened.items) + 1) if state.late_items else hidden
    given = tf.constant(inside.values), tf.constant(inside.splits)
    if among is not None:
        some = tf.constant(among, tf.int32)
        found = model.search_among(tf.constant(query), some, *given, number(max(1, min(k, len(among)))))
        return found[0].numpy(), found[1].numpy()
    rows, scores = (tensor.numpy() for tensor in model.search(tf.constant(query), *given, number(k + gone)))
    if gone == 0:
        return rows, scores
    left = np.isin(rows, state.gone)
    order = np.argsort(left, axis=1, kind="stable")[:, :k]  # those that are gone go to the end
    rows, scores = np.where(left, 0, rows), np.where(left, np.float32(_LOWEST), scores)
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _of_beside(state: State, query: Floats, hidden: Lists, k: int, beside: Rows) -> Found:
    """The best of these items, int32 [N], ascending, of which the bundle's graph does not know where they stand."""
    vectors = tf.constant(state.candidates.take(beside))
    columns, scores = _ranked(
        lambda part: tf.matmul(tf.constant(query[part]), vectors, transpose_b=True),
        state.listable[beside],
        hidden.among(beside),
        k,
        len(query),
    )
    return np.where(scores > _LOWEST, beside[columns], np.int32(0)), scores


def _merged(first: Found, second: Found, k: int) -> Found:
    """The best k of two answers; where scores are equal, the lower row comes first."""
    rows, scores = (np.concatenate(pair, axis=1) for pair in zip(first, second, strict=True))
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)


def similar_items(state: State, rows: Rows, k: int) -> Found:
    """Item rows and correlations [B, K] of the items most like each listed one, itself left out."""
    if not state.is_changed:
        found = state.opened.model.similar(tf.constant(rows), number(k))
        return found[0].numpy(), found[1].numpy()
    inverse = state.inverse_norms
    vectors = state.candidates.take(rows)[:, :-1]  # without the prior, which says nothing here
    asked = np.pad(vectors @ state.opened.query_covariance * inverse[rows][:, None], [(0, 0), (0, 1)])
    scales = tf.constant(inverse)
    own = Lists(rows, np.arange(len(rows) + 1))
    return _ranked(
        lambda part: state.candidates.dot(asked[part]) * scales,
        state.listable, own, k, len(rows), state.listable[rows],
    )  # fmt: skip


def best_users(state: State, rows: Rows, k: int) -> Found:
    """User rows and scores [B, K] of the users that score each item row highest, who did it left out."""
    model = state.opened.model
    _check_audience(state)
    if not state.is_changed:
        found = model.audience_of_rows(tf.constant(rows), number(k))
        return found[0].numpy(), found[1].numpy()
    return _users(state, state.candidates.take(rows), state.listable[rows], _doers(state, rows), k)


def best_users_of_vectors(state: State, vectors: Floats, k: int) -> Found:
    """The same for items that the state does not have, known by their vector [B, T] in the first block."""
    model = state.opened.model
    _check_audience(state)
    if state.late_users == 0:
        found = model.audience_of_vectors(tf.constant(vectors), number(k))
        return found[0].numpy(), found[1].numpy()
    says = np.asarray(vectors.any(axis=1))
    return _users(state, state.the_places.candidates(vectors), says, Lists.empty(len(vectors)), k)


def scores_of(state: State, users: Ids, items: Ids) -> Floats:
    """float32 [B]: the score of every pair, `-inf` for an item that cannot be listed."""
    if not state.is_changed:
        answer = state.opened.model.signatures["score"](user_id=_texts(users), item_id=_texts(items))
        scores: Floats = answer["score"].numpy()
    else:
        rows = state.items.rows(items)
        products = tf.constant(state.queries.take(state.users.rows(users))) * tf.constant(state.candidates.take(rows))
        scores = np.where(state.listable[rows], tf.reduce_sum(products, axis=1).numpy(), np.float32(_LOWEST))
    return np.where(scores <= _LOWEST, np.float32(-np.inf), scores)


def _check_audience(state: State) -> None:
    if not hasattr(state.opened.model, "audience_of_rows"):
        raise BundleError(
            f"`{state.opened.folder}` was written by an earlier tfcold and has no audience. Export it again"
        )


def number(k: int) -> tf.Tensor:
    """`k` for a graph, int32."""
    return tf.constant(min(k, 2**31 - 1), tf.int32)


def _users(state: State, items: Floats, listed: npt.NDArray[np.bool_], hidden: Lists, k: int) -> Found:
    is_user = np.arange(len(state.users) + 1) > 0
    return _ranked(lambda part: state.queries.dot(items[part]), is_user, hidden, k, len(items), listed)


def _doers(state: State, rows: Rows) -> Lists:
    """The user rows of who did each of these item rows."""
    num = len(state.opened.items)
    base = state.opened.doers.of(np.where(rows <= num, rows, 0))
    late = state.done.late
    owners = np.repeat(np.arange(len(late)), np.diff(late.splits)) + len(state.opened.users)
    order = np.argsort(rows, kind="stable")
    first = np.searchsorted(rows[order], late.values, side="left")
    count = np.searchsorted(rows[order], late.values, side="right") - first
    which = order[np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())]
    return base.joined(Lists.of_pairs(which, np.repeat(owners, count).astype(np.int32), len(rows)))


def _ranked(
    scores: Scores,
    listable: npt.NDArray[np.bool_],
    hidden: Lists,
    k: int,
    num: int,
    asked: npt.NDArray[np.bool_] | None = None,
) -> Found:
    """Columns and values [B, min(k, N)], a block of queries at a time; column 0 and the lowest float where it ran out.

    Args:
        scores: [B, N + 1] of a block of queries, or [B, N] where column 0 may be listed.
        listable: bool, a flag a column.
        hidden: columns to leave out, by query.
        k: int.
        num: B.
        asked: bool [B]. Queries that get a list at all; None is all of them.
    """
    width = len(listable)
    most = min(k, width - (width > 0 and not listable[0]))
    size = max(1, BLOCK_CELLS // max(1, width))
    mask = tf.constant(listable)
    columns, values = [np.zeros((0, most), np.int32)], [np.zeros((0, most), np.float32)]
    for start in range(0, num, size):
        part = slice(start, min(num, start + size))
        block = tf.where(mask, scores(part), -np.inf)
        if asked is not None:
            block = tf.where(tf.constant(asked[part])[:, None], block, -np.inf)
        lists = hidden[part]
        if len(lists.values):
            owners = np.repeat(np.arange(len(lists)), np.diff(lists.splits))
            at = np.stack([owners, lists.values], axis=1).astype(np.int32)
            block = tf.tensor_scatter_nd_update(block, at, np.full(len(at), -np.inf, np.float32))
        best, column = (tensor.numpy() for tensor in tf.math.top_k(block, most))
        found = np.isfinite(best)
        columns.append(np.where(found, column, 0).astype(np.int32))
        values.append(np.where(found, best, np.float32(_LOWEST)))
    return np.concatenate(columns), np.concatenate(values)


def _texts(ids: Ids) -> tf.Tensor:
    return tf.constant(ids.tolist(), tf.string, shape=[len(ids)])
