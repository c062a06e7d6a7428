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
from tfcold.data.ids import IdMap
from tfcold.data.lists import recommend_frame
from tfcold.errors import InputError
from tfcold.ranking import Queries, Rows, Scores
from tfcold.splits.inputs import check_inputs

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
            InputError: no split, or features of something else; a vector block is missing, or there are more items
                than the method can hold in memory.
        """
        features = Features() if features is None else features
        check_inputs(split, features)
        train = split.train_matrix()
        self.user_ids: IdMap = split.dataset.user_ids
        self.item_ids: IdMap = split.dataset.item_ids
        self.histories = split.history_matrix().tocsr()
        self.warm_users: Mask = np.asarray(split.warm_users, bool)
        self._popularity = np.asarray(train.sum(axis=0), np.float32).ravel()
        self.warm_items = np.asarray(split.warm_items, bool)
        self.can_score = self._fit(train.tocsr(), split, features)
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
        """Frame `user_id, item_id, rank, score`; see `tfcold.data.lists.recommend_frame`.

        A user never seen and without `history` gets what is popular.

        Raises:
            InputError: `fit` was not called, or an argument breaks a rule of `recommend_frame`.
        """
        self._check(None)
        return recommend_frame(self, user_ids, k, candidates, exclude, history=history)

    def _check(self, queries: Queries | None) -> None:
        if self._fingerprint is None:
            raise InputError(f"baseline {self.name!r} is not fitted. Call `fit(split, features)` first")
        if queries is not None and queries.histories.shape != (len(queries), len(self.can_score)):
            raise InputError(
                f"`queries.histories` must have shape [{len(queries)}, {len(self.can_score)}]; "
                f"received {list(queries.histories.shape)}. Use queries of the dataset the baseline was fitted on"
            )
