"""Tables as a bundle in fewer bytes gives them back, and what it then has to answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tensorflow as tf

from tfcold.export.parts import Parts
from tfcold.export.stored import Store, restored, rounded
from tfcold.export.tables import ServingTables
from tfcold.export.verification import Floats, Rows, ScoresOf


def as_stored(tables: ServingTables, store: Store) -> ServingTables:
    """The tables, float32, with the numbers that are left after rounding."""
    return replace(
        tables,
        candidates=restored(*rounded(tables.candidates, store)),
        history=restored(*rounded(tables.history, store)),
        queries=restored(*rounded(tables.queries, store)),
    )


def scores_of_tables(tables: ServingTables, parts: Parts) -> tuple[ScoresOf, ScoresOf]:
    """What `verify` expects of a bundle of these tables: of its users, and of new ones who did what they did."""

    def listed(queries: Floats) -> Floats:
        scores: Floats = queries @ tables.candidates.T
        scores[:, ~tables.is_known] = -np.inf
        return scores

    def known(rows: Rows) -> Floats:
        return listed(tables.queries[rows])

    def unseen(rows: Rows) -> Floats:
        done = [tables.done_rows[tables.done_splits[row] : tables.done_splits[row + 1]] for row in rows]
        summed = np.stack([tables.history[items].sum(axis=0) for items in done])
        counts = np.array([tables.says[items].sum() for items in done], np.float32)
        return listed(parts.query(tf.constant(summed), tf.constant(counts)).numpy())

    return known, unseen
