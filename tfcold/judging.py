"""A bundle before the jury: its answers as a `Scorer`, and what it was trained on as a `Split`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
import tensorflow as tf

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data import Dataset, IdMap, Items, Users, as_ids
from tfcold.data.ids import examples
from tfcold.errors import InputError
from tfcold.export.tables import ServingTables, tables_of_bundle
from tfcold.manifest import read_manifest, version_folder
from tfcold.progress import logger
from tfcold.ranking import Queries, Rows, Scores
from tfcold.serving.words import load_saved_model
from tfcold.splits import Split, given


class BundleScorer:
    """Scores of a bundle in memory, over its own rows of users and items: what `tfcold.evaluation` judges.

    A user of the bundle is asked about as the bundle itself would; anybody else by their history. Rows past those of
    the bundle (items it does not know) score `-inf`.

    Args:
        folder: the bundle.
        candidates: item ids, or None (default). Everything else scores `-inf`.

    Raises:
        BundleError: `folder` is no bundle.
        InputError: a candidate that the bundle does not know.
    """

    def __init__(self, folder: str | Path, candidates: Iterable[Any] | None = None) -> None:
        self.folder = version_folder(folder)
        manifest = read_manifest(self.folder)
        self.name = manifest.name
        self._loaded = load_saved_model(self.folder, manifest)
        self.tables: ServingTables = tables_of_bundle(self._loaded)
        self._listable: npt.NDArray[np.bool_] = self.tables.is_known
        if candidates is not None:
            self._listable = self._listable & self._marked(candidates)

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """Scores [B, N]; `-inf` for an item that may not be listed."""
        vectors = self._query_vectors(queries)
        rows = np.asarray(item_rows, np.int64)
        inside = rows < len(self._listable)
        rows = np.where(inside, rows, 0)
        scores: Scores = vectors @ self.tables.candidates[rows].T
        scores[:, ~(inside & self._listable[rows])] = -np.inf
        return scores

    def _query_vectors(self, queries: Queries) -> npt.NDArray[np.float32]:
        vectors: npt.NDArray[np.float32] = self.tables.queries[queries.user_rows].copy()
        new = np.flatnonzero((queries.user_rows == 0) & (np.diff(queries.histories.indptr) > 0))
        if len(new):
            histories = sp.csr_matrix(queries.histories[new][:, : len(self._listable)])
            rows, splits = histories.indices.astype(np.int32), histories.indptr.astype(np.int64)
            vectors[new] = self._loaded.query_of_histories(tf.constant(rows), tf.constant(splits)).numpy()
        return vectors

    def _marked(self, candidates: Iterable[Any]) -> npt.NDArray[np.bool_]:
        asked, _ = as_ids(candidates)
        rows = IdMap(self.tables.item_ids).rows(asked)
        if len(unknown := asked[rows == 0]):
            raise InputError(
                f"`candidates` holds {len(unknown)} of {len(asked)} ids that the bundle does not know: "
                f"{', '.join(map(repr, unknown[:3]))}. Leave them out, or add the items with `tfcold add-items`"
            )
        marks = np.zeros(len(self.tables.is_known), np.bool_)
        marks[rows] = True
        return marks


def split_of_bundle(scorer: BundleScorer, held_out: pd.DataFrame, exclude: pd.DataFrame | None = None) -> Split:
    """A split whose training rows are what the bundle knows of its users, and whose test rows are given.

    Rows of users and items of the bundle are those of the scorer; what only the held-out rows name comes after them.

    Args:
        scorer: the bundle.
        held_out: frame `user_id, item_id`. Pairs that the bundle was trained on are left out, and counted in the log.
        exclude: frame `user_id, item_id` of more pairs that must not be listed, or None (default).

    Raises:
        InputError: nothing of `held_out` is left.
    """
    tables = scorer.tables
    owners = np.repeat(np.arange(len(tables.user_ids) + 1), np.diff(tables.done_splits))
    seen = pd.DataFrame({USER_ID: tables.user_ids[owners - 1], ITEM_ID: tables.item_ids[tables.done_rows - 1]})
    dataset = Dataset.from_tables(
        seen,
        Items.from_frame(pd.DataFrame({ITEM_ID: tables.item_ids})),
        Users.from_frame(pd.DataFrame({USER_ID: tables.user_ids})),
    )
    test = _without(held_out, seen)
    if len(test) == 0:
        raise InputError(
            f"`interactions` must hold rows that the model was not trained on; it saw all {len(held_out)} of them"
        )
    if dropped := len(held_out) - len(test):
        logger.warning("%d of %d held-out rows were seen in training and are left out", dropped, len(held_out))
    strange = ~test[ITEM_ID].isin(tables.item_ids)
    if count := int(strange.sum()):
        logger.warning(
            "%d of %d held-out rows name items that the bundle does not know (%s); they count as missed",
            count, len(test), examples(test.loc[strange, ITEM_ID].unique()),
        )  # fmt: skip
    hidden = None if exclude is None else _without(_without(exclude, seen), test)
    return given(dataset, test=test, validation=None if hidden is None or hidden.empty else hidden)


def _without(frame: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame whose user and item are no pair."""
    keys = [USER_ID, ITEM_ID]
    marked = frame[keys].merge(pairs[keys].drop_duplicates().assign(seen=True), on=keys, how="left")
    return frame[marked["seen"].isna().to_numpy()].reset_index(drop=True)
