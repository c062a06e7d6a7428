"""User kNN: what people with a similar history did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.ranking import Queries, Rows, Scores, blocks_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class UserKNN(Baseline):
    """Ranks warm items by the summed cosine of the nearest training users who did them.

    The strongest simple answer to a user with a handful of clicks. A training user is not their own neighbour.

    Args:
        neighbours: int, at least 1, default 200.
    """

    name = "user kNN"

    def __init__(self, neighbours: int = 200) -> None:
        if neighbours < 1:
            raise InputError(f"`neighbours` must be at least 1; received {neighbours}")
        self.neighbours = neighbours

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        self._train = train
        self._unit = _unit_rows(train).T.tocsr()
        return self.warm_items

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        wanted = self._train[:, item_rows]
        scores = np.empty((len(queries), len(item_rows)), np.float32)
        for part in blocks_of(len(queries), self._train.shape[0]):
            scores[part] = (self._nearest(queries[part]) @ wanted).toarray()
        return scores

    def _nearest(self, queries: Queries) -> sp.csr_matrix:
        """Cosines [B, U + 1] with all but the nearest neighbours left out."""
        cosines = (_unit_rows(queries.histories) @ self._unit).toarray()
        cosines[:, 0] = 0
        cosines[np.arange(len(queries)), queries.user_rows] = 0
        if self.neighbours < cosines.shape[1]:
            least = np.partition(cosines, -self.neighbours, axis=1)[:, -self.neighbours, None]
            cosines[cosines < least] = 0
        return sp.csr_matrix(cosines)


def _unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), np.float32).ravel())
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sp.csr_matrix(sp.diags(scale) @ matrix, dtype=np.float32)
