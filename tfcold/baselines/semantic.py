"""Semantic profile: items near the mean of what a user did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.baselines.vectors import centred_unit, item_block, unit
from tfcold.blocks import Features
from tfcold.ranking import Queries, Rows, Scores

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class SemanticProfile(Baseline):
    """Ranks items by the cosine between their vector and the mean vector of the user's history.

    Vectors are centred on the training items, then brought to length 1; without the centring, everything an encoder
    says is near everything else it says.

    Args:
        block: str, default `"text"`. The block of item vectors.
    """

    def __init__(self, block: str = "text") -> None:
        self.block = block
        self.name = "semantic profile" if block == "text" else f"semantic profile ({block})"

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        block = item_block(features, self.block, type(self).__name__)
        self._vectors = centred_unit(block, self.warm_items)
        return np.asarray(block.mask)

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        profiles = unit(np.asarray(queries.histories @ self._vectors, np.float32))
        return np.asarray(profiles @ self._vectors[item_rows].T, np.float32)

    def _is_blank(self, queries: Queries) -> Mask:
        return np.asarray(queries.histories @ self.can_score.astype(np.float32) == 0)
