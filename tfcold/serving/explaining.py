"""The pieces of a user and of an item, read from a state, and the score as their sum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tfcold.errors import BundleError, InputError
from tfcold.serving.explanation import Explanation, explained, pieces_of_item, pieces_of_user
from tfcold.serving.ids import strings
from tfcold.serving.questions import history_lists
from tfcold.serving.ragged import Rows
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
        raise InputError(
            f"`user` must be a user of the bundle; it does not know {user!r}. Let them join with `tfcold add-users`, "
            "or explain by a history: `tfcold.load(...).explain(user, item, history)`"
        )
    done = state.done.of(np.array([user_row])) if history is None else history_lists(state.items, {user: history})[1]
    rows = done.values[state.says[done.values]]  # items that left are among them
    queries = state.queries.take(np.array([user_row])) if history is None else state.query_of(done)
    query = queries[0].astype(np.float64)
    # a user who joined the bundle later is read as a newcomer: the reading that leaves less to the user alone
    ways = [_reading(state, rows, shrunk=shrunk) for shrunk in ((False, True) if history is None else (True,))]
    whole, shares = min(ways, key=lambda way: float(np.linalg.norm(query[:-1] - way[0])))
    pieces = pieces_of_user(query[:-1], whole, dict(zip(state.items.names[rows], shares, strict=True)))
    candidate = state.candidates.take(np.array([row]))[0].astype(np.float64)
    score = float(np.float32(query @ candidate))
    if history is None:
        score = float(scores_of(state, asked_user, asked_item)[0])
    return explained(
        user, item, score, pieces, _pieces_of_item(state, row, candidate[:-1]), float(query[-1] * candidate[-1])
    )


def _reading(state: State, rows: Rows, *, shrunk: bool) -> tuple[Floats, Floats]:
    """[D] and [N, D]: what a history of N items says, of a newcomer or of a training user, and what each item adds.

    A history of N times the same item goes through the tower; an N-th of that is the item's share, since for a given N
    a plain tower is linear in what it sums up.
    """
    model = state.opened.model
    if not hasattr(model, "query_of_known_sums"):
        raise BundleError(
            f"`{state.opened.folder}` was written by an earlier tfcold and cannot be explained. Export it again"
        )
    read = model.query_of_sums if shrunk else model.query_of_known_sums
    vectors, number = state.history.take(rows), max(1, len(rows))
    sums = np.concatenate([vectors.sum(axis=0, keepdims=True), number * vectors])
    found: Floats = read(tf.constant(sums), tf.fill([len(sums)], np.float32(len(rows)))).numpy()[:, :-1]
    return found[0], found[1:] / np.float32(number)


def _pieces_of_item(state: State, row: int, candidate: Any) -> dict[str, Any]:
    if row not in state.raw:
        return pieces_of_item(row, candidate, bool(state.is_cold[row]), state.opened.split)
    split = None if state.opened.split is None else state.the_places.split(state.raw[row])
    return pieces_of_item(1, candidate, True, split)
