"""Popularity: the same list for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.ranking import Queries, Rows, Scores

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class Popularity(Baseline):
    """Ranks items by their number of training rows; cold items cannot be scored."""

    name = "popularity"

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        return self.warm_items

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        return np.tile(self._popularity[item_rows], (len(queries), 1))
