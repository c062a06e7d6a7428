"""iALS: implicit-feedback matrix factorisation, over the package `implicit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.progress import bar
from tfcold.ranking import Queries, Rows, Scores

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class IALS(Baseline):
    """Ranks warm items by the dot product of factors fitted to ones with confidence `alpha`, and zeros with 1.

    Of a weighed split (`Split.weighed`) a row has `alpha` times what it counts.

    Only item factors are kept: every user, seen or not, is folded in from their history, which solves for them what
    the last half-step of training would.

    Args:
        factors: int, default 64. Width of the factors.
        alpha: float, default 10. Confidence in a row, against 1 in an empty cell.
        penalty: float, default 5. L2 penalty of the factors.
        iterations: int, default 15.
        seed: int, default 0. Fixes the first factors.

    References:
        Hu, Koren, Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, ICDM.
    """

    name = "iALS"

    def __init__(
        self, factors: int = 64, *, alpha: float = 10.0, penalty: float = 5.0, iterations: int = 15, seed: int = 0
    ) -> None:
        self.factors = factors
        self.alpha = alpha
        self.penalty = penalty
        self.iterations = iterations
        self.seed = seed

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        self._warm_rows = np.flatnonzero(self.warm_items)
        rows = sp.csr_matrix(train[np.diff(train.indptr) > 0][:, self._warm_rows])
        from implicit.cpu.als import AlternatingLeastSquares

        with _one_blas_thread(), bar(self.iterations, title="iALS", unit="iteration") as progress:
            self._model = AlternatingLeastSquares(
                factors=self.factors,
                alpha=self.alpha,
                regularization=self.penalty,
                iterations=self.iterations,
                random_state=self.seed,
            )
            self._model.fit(rows, show_progress=False, callback=lambda *_: progress.update(1))
        self.item_factors = np.zeros((len(self.warm_items), self.factors), np.float32)
        self.item_factors[self._warm_rows] = self._model.item_factors
        return self.warm_items

    def user_factors(self, queries: Queries) -> Scores:
        """Factors [B, factors] of each query, folded in from its history."""
        histories = sp.csr_matrix(queries.histories[:, self._warm_rows], dtype=np.float32)
        with _one_blas_thread():
            return np.asarray(self._model.recalculate_user(np.arange(len(queries)), histories), np.float32)

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        return np.asarray(self.user_factors(queries) @ self.item_factors[item_rows].T, np.float32)


def _one_blas_thread() -> Any:
    """`implicit` runs its own threads and slows down when BLAS starts more inside each."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(1, "blas")
