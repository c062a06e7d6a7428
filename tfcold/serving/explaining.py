"""The pieces of a user and of an item, read from a state, and the score as their sum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.serving.explanation import Explanation, explained, pieces_of_item, pieces_of_user
from tfcold.serving.ids import strings
from tfcold.serving.questions import history_lists
from tfcold.serving.ragged import Lists, Rows
from tfcold.serving.search import scores_of
from tfcold.serving.state import Floats, State


def explanation_of(state: State, user_id: Any, item_id: Any, history: Iterable[Any] | None) -> Explanation:
    """See `Recommender.explain`."""
    asked_user, asked_item = strings([user_id]), strings([item_id])
    user, item = asked_user[0], asked_item[0]
    row = int(state.items.rows(asked_item)[0])
    if row == 0 or not state.listable[row]:
        raise InputError(f"`item` must be an item that the bundle can list; it cannot list {item!r}")
    user_row = int(state.users.rows(asked_user)[0])
    if history is None and user_row == 0:
        raise InputError(f"`user` must be a user of the bundle; it does not know {user!r}. Give a `history`")
    done = state.done.of(np.array([user_row])) if history is None else history_lists(state.items, {user: history})[1]
    rows = done.values[state.says[done.values]]  # items that left are among them
    each = dict(zip(state.items.names[rows], _shares(state, rows), strict=True))
    newcomer = state.query_of(done)[0]
    query = (state.queries.take(np.array([user_row]))[0] if history is None else newcomer).astype(np.float64)
    pieces = pieces_of_user(query[:-1], newcomer[:-1], each)
    candidate = state.candidates.take(np.array([row]))[0].astype(np.float64)
    score = float(np.float32(query @ candidate))
    if history is None:
        score = float(scores_of(state, asked_user, asked_item)[0])
    return explained(
        user, item, score, pieces, _pieces_of_item(state, row, candidate[:-1]), float(query[-1] * candidate[-1])
    )


def _shares(state: State, rows: Rows) -> Floats:
    """[N, D]: what each of the N items of a history adds to its query.

    A history of N times the same item goes through the tower; an N-th of that is the item's share, since for a given N
    a plain tower is linear in what it sums up.
    """
    number = max(1, len(rows))
    model = state.opened.model
    if hasattr(model, "query_of_sums"):
        counts = tf.fill([len(rows)], np.float32(number))
        found = model.query_of_sums(tf.constant(number * state.history.take(rows)), counts).numpy()[:, :-1]
        shares: Floats = found / number
        return shares
    alone = Lists(rows, np.arange(len(rows) + 1))  # a bundle of an earlier version: a power of N is all that N does
    shares = state.query_of(alone)[:, :-1] / number**state.opened.pooling_alpha
    return np.asarray(shares, np.float32)


def _pieces_of_item(state: State, row: int, candidate: Any) -> dict[str, Any]:
    late = row - len(state.opened.items) - 1
    if late < 0 or state.late is None:
        return pieces_of_item(row, candidate, bool(state.is_cold[row]), state.opened.split)
    split = None if state.opened.split is None else state.the_places.split(state.late.raw[late])
    return pieces_of_item(1, candidate, True, split)
