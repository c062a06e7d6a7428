"""A trained model and the ids it speaks of: the in-memory twin of a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
import tensorflow as tf

from tfcold.data.lists import recommend_frame
from tfcold.models import TwoTower
from tfcold.ranking import Queries, Rows, Scores
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.data.ids import IdMap
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
_PASS = 4096


@dataclass
class TrainedModel:
    """Recommends from a `TwoTower` in memory; answers as every baseline and every bundle does.

    Args:
        model: trained and adapted.
        user_ids, item_ids: external ids of the rows.
        histories: float32 CSR [U + 1, I + 1]. What each user did, as far as it may be used and must not be listed.
        warm_users: bool [U + 1]. Users with a training row.
        warm_items: bool [I + 1].
        can_score: bool [I + 1]. Warm, or with vectors: everything that can be recommended.
        settings: what the fit chose.
        split: mapping. Fingerprint, protocol, seed and parameters of the split it was trained on.
        provenance: mapping of block to what wrote its vectors.
        log: mapping of metric to one value an epoch.
    """

    model: TwoTower
    user_ids: IdMap
    item_ids: IdMap
    histories: sp.csr_matrix
    warm_users: npt.NDArray[np.bool_]
    warm_items: npt.NDArray[np.bool_]
    can_score: npt.NDArray[np.bool_]
    settings: Settings
    split: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    log: Mapping[str, list[float]] = field(default_factory=dict)
    name: str = "tfcold"

    @cached_property
    def candidate_table(self) -> Floats:
        """float32 [I + 1, D + 1]; zeros of an item that is neither warm nor has vectors."""
        table = self.model.candidate_table()
        table[~self.can_score] = 0
        return table

    @cached_property
    def history_table(self) -> Floats:
        """float32 [I + 1, D]; zeros of an item that is neither warm nor has vectors."""
        table = self.model.history_table()
        table[~self.can_score] = 0
        return table

    def refresh(self) -> None:
        """Forgets the tables after the weights have changed."""
        for name in ("candidate_table", "history_table"):
            self.__dict__.pop(name, None)

    def query_vectors(self, queries: Queries) -> Floats:
        """Query vectors float32 [B, D + 1], to be multiplied with `candidate_table`."""
        parts = [np.zeros((0, self.model.dim + 1), np.float32)]
        for start in range(0, len(queries), _PASS):
            part = queries[start : start + _PASS]
            pooled = np.asarray(part.histories @ self.history_table, np.float32)
            counts = np.asarray(part.histories @ self.can_score, np.float32)
            words = part.user_rows if part.word_rows is None else part.word_rows
            vectors = self.model.pooled_queries(
                tf.constant(part.user_rows), tf.constant(pooled), tf.constant(counts), tf.constant(words)
            )
            parts.append(vectors.numpy())
        return np.concatenate(parts)

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """Scores [B, N]; `-inf` for an item that is neither warm nor has vectors."""
        item_rows = np.asarray(item_rows, np.int32)
        scores = self.query_vectors(queries) @ self.candidate_table[item_rows].T
        unknown = ~self.can_score[item_rows]
        if unknown.any():
            scores[:, unknown] = -np.inf
        return scores

    def recommend(
        self,
        user_ids: Iterable[Any],
        k: int = 20,
        candidates: Iterable[Any] | None = None,
        exclude: pd.DataFrame | None = None,
        *,
        history: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Frame `user_id, item_id, rank, score`: the best `k` items of each user, warm and cold in one list.

        See `tfcold.data.lists.recommend_frame` for arguments and errors. A user never seen gets what is popular, or
        what `history` says of them.
        """
        return recommend_frame(self, user_ids, k, candidates, exclude, history=history)


def trained_model(model: TwoTower, split: Split, settings: Settings, **about: Any) -> TrainedModel:
    """A `TrainedModel` with the ids and histories of the split that it was trained on."""
    known = split.warm_items | model.item_features.any_mask()
    known[0] = False
    return TrainedModel(
        model=model,
        user_ids=split.dataset.user_ids,
        item_ids=split.dataset.item_ids,
        histories=split.history_matrix().tocsr(),
        warm_users=np.asarray(split.warm_users, bool),
        warm_items=np.asarray(split.warm_items, bool),
        can_score=known,
        settings=settings,
        split={
            "fingerprint": split.fingerprint,
            "protocol": split.protocol,
            "seed": split.seed,
            "parameters": dict(split.parameters),
        },
        **about,
    )
