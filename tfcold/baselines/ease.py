"""EASE: item to item weights in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp

from tfcold.baselines.base import Baseline, Mask
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.ranking import Queries, Rows, Scores

if TYPE_CHECKING:
    from tfcold.splits.split import Split

FLOAT64_SIDE = 8_000  # a float64 matrix of this side is half a gigabyte; larger ones are kept in float32


class EASE(Baseline):
    """Ranks items by the summed weights `B` from the user's history, the best linear reconstruction of all histories.

    `B = -P / diag(P)` with a zero diagonal, where `P = (X'X + R)^-1` and
    `R = penalty I + dropout / (1 - dropout) diag(X'X)`: with a `dropout`, items that many touched are penalised more,
    as if a part of every history had been hidden while the weights were fitted (EDLAE). Inverting items x items is the
    textbook route; with fewer users than items, `P = R^-1 - R^-1 X'AX R^-1` with `A = (I + X R^-1 X')^-1` (Woodbury)
    needs only users x users, and no matrix of items x items is ever made.

    Args:
        penalty: float > 0, default 100. The ridge penalty; larger for histories of a few clicks.
        dropout: float in [0, 1), default 0. Share of a history that is hidden.
        max_side: int, default 20000. Largest side of the matrix to invert (at 20000, 1.6 GB and minutes of work).

    Raises:
        InputError: `penalty` is not positive, or `dropout` out of range; in `fit`, both users and warm items are more
            than `max_side`.

    References:
        Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, arXiv:1905.03375. Steck 2020, Autoencoders that
        don't overfit towards the Identity, NeurIPS (of full rank).
    """

    name = "EASE"

    def __init__(self, penalty: float = 100.0, *, dropout: float = 0.0, max_side: int = 20_000) -> None:
        if not penalty > 0:
            raise InputError(f"`penalty` must be positive; received {penalty}")
        if not 0 <= dropout < 1:
            raise InputError(f"`dropout` must lie in [0, 1); received {dropout}")
        self.penalty = penalty
        self.dropout = dropout
        self.max_side = max_side

    def _fit(self, train: sp.csr_matrix, split: Split, features: Features) -> Mask:
        self._warm_rows = np.flatnonzero(self.warm_items)
        self._column = np.full(len(self.warm_items), -1, np.int64)
        self._column[self._warm_rows] = np.arange(len(self._warm_rows))
        rows = sp.csr_matrix(train[np.diff(train.indptr) > 0][:, self._warm_rows])
        users, items = rows.shape
        if min(users, items) > self.max_side:
            raise InputError(
                f"EASE inverts a matrix of users or items, at most `max_side` = {self.max_side} of them; the training "
                f"rows have {users} users and {items} items. Raise `max_side` if there is memory for "
                f"{4e-9 * min(users, items) ** 2:.1f} GB, or use `IALS`"
            )
        counts = np.asarray(rows.multiply(rows).sum(axis=0), np.float64).ravel()  # the diagonal of X'X
        self._ridge = self.penalty + self.dropout / (1 - self.dropout) * counts
        self._train: sp.csr_matrix | None = None
        if users < items:
            self._fit_users(rows)
        else:
            self._fit_items(rows)
        return self.warm_items

    @property
    def warm_rows(self) -> npt.NDArray[np.int64]:
        """Item rows [W] in the order of `matmul`; set by `fit`."""
        return self._warm_rows

    def matmul(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`B v` of vectors [W, n] over warm items, without making `B` where users were inverted."""
        if self._train is None:
            return np.asarray(self._weights @ vectors, np.float32)
        return np.asarray(vectors - self._spread(vectors / self._diagonal[:, None]), np.float32)

    def rmatmul(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`B' v` of vectors [W, n] over warm items."""
        if self._train is None:
            return np.asarray(self._weights.T @ vectors, np.float32)
        return np.asarray(vectors - self._spread(vectors) / self._diagonal[:, None], np.float32)

    def _spread(self, vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """`P v` by Woodbury."""
        assert self._train is not None
        ridge = self._ridge[:, None].astype(self._inverse.dtype)  # or NumPy would copy the inverse to one type
        own = np.asarray(vectors / ridge, self._inverse.dtype)
        return own - (self._train.T @ (self._inverse @ (self._train @ own))) / ridge

    def _fit_items(self, rows: sp.csr_matrix) -> None:
        inverse = _inverse(rows.T @ rows, self._ridge)
        inverse /= -np.diagonal(inverse).copy()
        np.fill_diagonal(inverse, 0)
        self._weights = np.asarray(inverse, np.float32)

    def _fit_users(self, rows: sp.csr_matrix) -> None:
        self._train = rows
        self._inverse = _inverse(self._over_ridge(rows) @ rows.T, 1.0)
        # diag(P)_i = (1 - x_i' A x_i / R_i) / R_i: for each item the sum of A over its users, both ways
        columns = rows.tocsc()
        cuts, data = columns.indptr[1:-1], columns.data.astype(self._inverse.dtype)
        quadratic = [
            np.sum((self._inverse[np.ix_(users_of, users_of)] @ cells) * cells, dtype=np.float64)
            for users_of, cells in zip(np.split(columns.indices, cuts), np.split(data, cuts), strict=True)
        ]
        self._diagonal = (1 - np.asarray(quadratic) / self._ridge) / self._ridge

    def _over_ridge(self, rows: sp.csr_matrix) -> sp.csr_matrix:
        """`X R^-1`."""
        return sp.csr_matrix(rows @ sp.diags(1 / self._ridge), dtype=np.float32)

    def _scores(self, queries: Queries, item_rows: Rows) -> Scores:
        histories = sp.csr_matrix(queries.histories[:, self._warm_rows])
        columns = self._column[item_rows]
        if self._train is None:
            return np.asarray(histories @ self._weights[:, columns], np.float32)
        # h B = h - (h P) / diag(P), because the diagonal of B is zero where -P / diag(P) has -1
        wanted = sp.csr_matrix(self._train[:, columns])
        own = histories[:, columns].toarray()
        shared = (self._over_ridge(histories) @ self._train.T).toarray().astype(self._inverse.dtype, copy=False)
        spread = wanted.T @ (shared @ self._inverse).T
        projected = (own - spread.T) / self._ridge[columns]
        return np.asarray(own - projected / self._diagonal[columns], np.float32)


def _inverse(gram: sp.spmatrix, ridge: float | npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """`(gram + diag(ridge))^-1` of a symmetric positive semi-definite matrix, in place of one dense copy."""
    dtype = np.float64 if gram.shape[0] <= FLOAT64_SIDE else np.float32
    dense = np.asfortranarray(gram.astype(dtype, copy=False).toarray())
    np.fill_diagonal(dense, np.diagonal(dense) + ridge)
    factor, _ = scipy.linalg.cho_factor(dense, lower=True, overwrite_a=True, check_finite=False)
    (invert,) = scipy.linalg.get_lapack_funcs(("potri",), (factor,))
    inverse, failed = invert(factor, lower=True, overwrite_c=True)
    if failed:
        raise np.linalg.LinAlgError(f"potri failed with {failed}")
    for start in range(0, len(inverse), 1024):  # potri fills the lower half only
        stop = start + 1024
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
        corner = inverse[start:stop, start:stop]
        corner[:] = np.tril(corner) + np.tril(corner, -1).T
    return np.asarray(inverse)
