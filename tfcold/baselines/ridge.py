"""Ridge and kernel ridge: what a warm teacher would say of an item, read off its vector."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.baselines.kernel import rbf_of_units, ridge_factor, ridge_solution
from tfcold.baselines.vectors import Matrix, centred_unit, item_block
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.ranking import Queries, Rows, Scores, blocks_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split


class VectorRegression(Baseline):
    """Base of the regressions from item vectors to the columns of a teacher.

    A linear teacher scores item i for history h as `h . b_i`. A ridge from vectors to the columns `b_i` gives an item
    never seen the column `sum_j w_j b_j` over warm items j; its score is `sum_j w_j (h . b_j)`: the teacher's scores of
    warm items, weighted. So the columns themselves are never formed, and any teacher will do: `None` takes the
    histories as they are (`b_j` is the j-th unit vector), `EASE` its weights, `IALS` its factors.

    Every item with a vector is scored from it, warm ones too; `Joined` keeps the teacher's own scores for those.

    Args:
        teacher: Baseline or None. Fitted with the same split, unless it is already.
        block: str, default `"text"`. The block of item vectors.
        penalty: float > 0. The ridge penalty.
    """

    kind: str

    def __init__(self, teacher: Baseline | None, *, block: str, penalty: float) -> None:
        if not penalty > 0:
            raise InputError(f"`penalty` must be positive; received {penalty}")
        self.teacher = teacher
        self.block = block
        self.penalty = penalty
        self.name = f"{self.kind} on {'rows' if teacher is None else teacher.name}"

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        block = item_block(features, self.block, self.name)
        if self.teacher is not None and not self.teacher.is_fitted_on(split):
            self.teacher.fit(split, features)
        self._vectors = centred_unit(block, self.warm_items)
        learnable = self.warm_items if self.teacher is None else self.warm_items & self.teacher.can_score
        self._taught_rows = np.flatnonzero(block.mask & learnable).astype(np.int32)
        self._fit_vectors(self._vectors[self._taught_rows])
        return np.asarray(block.mask)

    @abstractmethod
    def _fit_vectors(self, taught: Matrix) -> None:
        """Prepares the regression from `taught`, the vectors [W, T] of the warm items."""

    def _taught(self, queries: Queries) -> Scores | sp.csr_matrix:
        """The teacher's scores [B, W] of the warm items."""
        if self.teacher is None:
            return sp.csr_matrix(queries.histories[:, self._taught_rows])
        return self.teacher.scores(queries, self._taught_rows)

    def _taught_times(self, queries: Queries, weights: Matrix) -> Scores:
        """The teacher's scores [B, W] times `weights` [W, D], without holding more than one block of the former."""
        product = np.empty((len(queries), weights.shape[1]), np.float32)
        for part in blocks_of(len(queries), len(self._taught_rows)):
            product[part] = self._taught(queries[part]) @ weights
        return product


class Ridge(VectorRegression):
    """Scores `t(h) V (V'V + penalty I)^-1 v`: a linear map from an item's vector v to the teacher's columns.

    `V` [W, T] are the warm items' vectors and `t(h)` the teacher's scores of these items.

    Args:
        teacher: Baseline or None, default None: rows. Give `IALS()` or `EASE()`.
        block: str, default `"text"`.
        penalty: float > 0, default 1.
    """

    kind = "ridge"

    def __init__(self, teacher: Baseline | None = None, *, block: str = "text", penalty: float = 1.0) -> None:
        super().__init__(teacher, block=block, penalty=penalty)

    def _fit_vectors(self, taught: Matrix) -> None:
        gram = taught.T.astype(np.float64) @ taught
        gram[np.diag_indices_from(gram)] += self.penalty
        self._input = np.asarray(scipy.linalg.solve(gram, taught.T, assume_a="pos").T, np.float32)  # [W, T]

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        return np.asarray(self._taught_times(queries, self._input) @ self._vectors[item_rows].T, np.float32)


class KernelRidge(VectorRegression):
    """Scores `t(h) (K + penalty I)^-1 k(v)` with the kernel `exp(-gamma |a - b|^2)` over vectors of length 1.

    Args:
        teacher: Baseline or None, default None: rows. `EASE()` makes the strongest cold-item baseline here.
        block: str, default `"text"`.
        gamma: float > 0, default 2. Larger: only near vectors count.
        penalty: float > 0, default 3.
        max_items: int, default 20000. Largest number of warm items (at 20000, 1.6 GB and minutes of work).

    Raises:
        InputError: `gamma` or `penalty` is not positive; in `fit`, more than `max_items` warm items.
    """

    kind = "kernel ridge"

    def __init__(
        self,
        teacher: Baseline | None = None,
        *,
        block: str = "text",
        gamma: float = 2.0,
        penalty: float = 3.0,
        max_items: int = 20_000,
    ) -> None:
        if not gamma > 0:
            raise InputError(f"`gamma` must be positive; received {gamma}. For a linear map, use `Ridge`")
        super().__init__(teacher, block=block, penalty=penalty)
        self.gamma = gamma
        self.max_items = max_items

    def _fit_vectors(self, taught: Matrix) -> None:
        if len(taught) > self.max_items:
            raise InputError(
                f"KernelRidge solves with all warm items, at most `max_items` = {self.max_items}; there are "
                f"{len(taught)}. Raise `max_items` if there is memory for {4e-9 * len(taught) ** 2:.1f} GB, "
                "or use `Ridge`"
            )
        self._factor = ridge_factor(rbf_of_units(taught, taught, self.gamma), self.penalty)

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        near = rbf_of_units(self._vectors[self._taught_rows], self._vectors[item_rows], self.gamma)  # [W, N]
        if len(item_rows) <= len(queries):  # solve for the fewer
            return self._taught_times(queries, ridge_solution(self._factor, near))
        taught = self._taught(queries)
        dense = taught if isinstance(taught, np.ndarray) else taught.toarray()
        return np.asarray(ridge_solution(self._factor, np.asarray(dense, np.float32).T).T @ near, np.float32)
