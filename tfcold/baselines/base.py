"""What every baseline shares: checks, masks, lists; a child is its formula."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.blocks import Features
from tfcold.columns import ITEM_ID, RANK, SCORE, USER_ID
from tfcold.data.ids import IdMap, Ids, as_ids, string_column
from tfcold.errors import InputError
from tfcold.ranking import Queries, Rows, Scores, recommend_rows

if TYPE_CHECKING:
    from typing import Self

    from tfcold.splits.split import Split

Mask = npt.NDArray[np.bool_]


class Baseline(ABC):
    """A recommender without a neural network that answers as every model does.

    A user is their history: `scores` reads `queries.histories`, so a user never seen is served like any other. A
    query without a usable history is ranked by popularity. An item the method knows nothing of scores `-inf`.

    Attributes:
        name: str. How tables call it.
        warm_items: bool [I + 1]. True where the item has a training row; set by `fit`.
        can_score: bool [I + 1]. True where the method has something to say; set by `fit`.
    """

    name: str
    warm_items: Mask
    can_score: Mask
    _fingerprint: str | None = None

    def fit(self, split: Split, features: Features | None = None) -> Self:
        """Itself, fitted on the training rows of a split.

        Args:
            split: what may be learnt from, and what each user is known to have done.
            features: vectors of items; needed by the baselines that read them.

        Raises:
            InputError: a vector block is missing, or there are more items than the method can hold in memory.
        """
        train = split.train_matrix()
        self._user_ids: IdMap = split.dataset.user_ids
        self._item_ids: IdMap = split.dataset.item_ids
        self._histories = split.history_matrix().tocsr()
        self._warm_users: Mask = np.asarray(split.warm_users, bool)
        self._popularity = np.asarray(train.sum(axis=0), np.float32).ravel()
        self.warm_items = np.asarray(split.warm_items, bool)
        self.can_score = self._fit(train.tocsr(), split, features or Features())
        self._fingerprint = split.fingerprint
        return self

    @abstractmethod
    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        """Learns from `train`, float32 CSR [U + 1, I + 1]; returns `can_score`."""

    @abstractmethod
    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """Scores [B, N] of items that can be scored."""

    def _is_blank(self, queries: Queries) -> Mask:
        """True for a query whose history says nothing to this method."""
        return np.diff(queries.histories.indptr) == 0

    def is_fitted_on(self, split: Split) -> bool:
        """True if `fit` saw this very split."""
        return self._fingerprint is not None and self._fingerprint == split.fingerprint

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """Scores [B, N] of every candidate for every query; higher ranks first, `-inf` for "cannot say".

        Args:
            queries: B of them. Only `histories` is needed; `user_rows` tells a method whom not to compare with itself.
            item_rows: int [N]. Rows of the items table; row 0 scores `-inf`.

        Raises:
            InputError: `fit` was not called, or the histories are of another dataset.
        """
        self._check(queries)
        item_rows = np.asarray(item_rows, np.int32)
        sayable = self.can_score[item_rows] & (item_rows > 0)
        rows = item_rows[sayable]
        inner = np.zeros((len(queries), 0), np.float32) if len(rows) == 0 else self._scores(queries, rows)
        blank = self._is_blank(queries)
        if blank.any():
            inner[blank] = self._popularity[rows]
        if sayable.all():
            return inner.astype(np.float32, copy=False)
        scores = np.full((len(queries), len(item_rows)), -np.inf, np.float32)
        scores[:, sayable] = inner
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
        """Frame `user_id, item_id, rank, score`: the best `k` items of each user, rank 1 first.

        What a user did in training is left out. A user never seen and without `history` gets what is popular.

        Args:
            user_ids: ids, in the order of the lists.
            k: int, at least 1. Lists are shorter where fewer candidates can be scored.
            candidates: item ids to choose from; default every item that can be scored.
            exclude: frame `user_id, item_id` of pairs to leave out besides. Ids it alone knows are ignored.
            history: frame `user_id, item_id` of what users did besides the training rows; left out of their lists too.

        Raises:
            InputError: `k` below 1, a candidate that is not in the items, or a frame without its columns.
        """
        self._check(None)
        if k < 1:
            raise InputError(f"`k` must be at least 1; received {k}")
        asked = _strings(user_ids)
        user_rows = np.asarray(self._user_ids.rows(asked), np.int32)
        histories = self._histories[user_rows]
        if history is not None:
            histories = sp.csr_matrix(histories + self._pairs(asked, history, "history"))
            histories.data[:] = 1
        hidden = histories if exclude is None else histories + self._pairs(asked, exclude, "exclude")
        queries = Queries(np.where(self._warm_users[user_rows], user_rows, 0).astype(np.int32), histories)
        rows, scores = recommend_rows(self, queries, self._candidates(candidates), k, hidden.tocsr())
        listed, places = np.nonzero(rows)
        return pd.DataFrame(
            {
                USER_ID: string_column(asked[listed]),
                ITEM_ID: string_column(self._item_ids.ids_of(rows[listed, places])),
                RANK: places.astype(np.int64) + 1,
                SCORE: scores[listed, places],
            }
        )

    def _check(self, queries: Queries | None) -> None:
        if self._fingerprint is None:
            raise InputError(f"baseline {self.name!r} is not fitted. Call `fit(split, features)` first")
        if queries is not None and queries.histories.shape != (len(queries), len(self.can_score)):
            raise InputError(
                f"`queries.histories` must have shape [{len(queries)}, {len(self.can_score)}]; "
                f"received {list(queries.histories.shape)}. Use queries of the dataset the baseline was fitted on"
            )

    def _candidates(self, candidates: Iterable[Any] | None) -> Rows:
        if candidates is None:
            return np.flatnonzero(self.can_score).astype(np.int32)
        asked = _strings(candidates)
        rows = np.asarray(self._item_ids.rows(asked), np.int32)
        unknown = asked[rows == 0]
        if len(unknown):
            raise InputError(
                f"`candidates` holds {len(unknown)} of {len(asked)} ids that no item has: "
                f"{', '.join(map(repr, unknown[:3]))}. Leave them out, or add them to the items table"
            )
        return np.asarray(list(dict.fromkeys(rows.tolist())), np.int32)

    def _pairs(self, asked: Ids, frame: pd.DataFrame, argument: str) -> sp.csr_matrix:
        """CSR [B, I + 1], not zero where a user asked for has a pair in `frame`."""
        if not {USER_ID, ITEM_ID} <= set(frame.columns):
            raise InputError(f"`{argument}` must have columns {USER_ID}, {ITEM_ID}; received {list(frame.columns)}")
        people = pd.Index(pd.unique(asked), dtype=object)
        person = people.get_indexer(pd.Index(_strings(frame[USER_ID]), dtype=object))
        items = self._item_ids.rows(frame[ITEM_ID])
        kept = (person >= 0) & (items > 0)
        cells = (np.ones(np.count_nonzero(kept), np.float32), (person[kept], items[kept]))
        pairs = sp.csr_matrix(cells, shape=(len(people), len(self.can_score)))
        return pairs[people.get_indexer(pd.Index(asked, dtype=object))]


def _strings(ids: Iterable[Any]) -> Ids:
    return as_ids([ids] if isinstance(ids, str) else ids)[0]
