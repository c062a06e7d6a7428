"""Two specialists in one list: one for warm items, one for cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.ranking import Queries, Rows, Scores

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class Joined(Baseline):
    """Scores warm items by `warm` and the others by `cold_scale` times `cold`.

    A ridge shrinks, so that cold scores come out smaller than a teacher's; without the factor a mixed list buries every
    cold item. Choose it on validation rows.

    Args:
        warm: Baseline. Fitted with the same split, unless it is already.
        cold: Baseline. Likewise; `KernelRidge(warm)` shares the teacher.
        cold_scale: float > 0, default 1.
    """

    def __init__(self, warm: Baseline, cold: Baseline, *, cold_scale: float = 1.0) -> None:
        self.warm = warm
        self.cold = cold
        self.cold_scale = cold_scale
        self.name = f"{warm.name} + {cold_scale:g} x {cold.name}"

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        for specialist in (self.warm, self.cold):
            if not specialist.is_fitted_on(split):
                specialist.fit(split, features)
        self._by_warm = self.warm_items & self.warm.can_score
        return np.asarray(self._by_warm | self.cold.can_score)

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        by_warm = self._by_warm[item_rows]
        scores = np.empty((len(queries), len(item_rows)), np.float32)
        scores[:, by_warm] = self.warm.scores(queries, item_rows[by_warm])
        scores[:, ~by_warm] = self.cold_scale * self.cold.scores(queries, item_rows[~by_warm])
        return scores
