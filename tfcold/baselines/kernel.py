"""Kernel ridge regression over vectors of length 1: the kernel, and the one large system to solve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.linalg

from tfcold.baselines.vectors import Matrix

Factor = tuple[Any, bool]

_COLUMNS = 1_024


def rbf_of_units(left: Matrix, right: Matrix, gamma: float) -> Matrix:
    """`exp(-gamma |a - b|^2)` float32 [N, M] between rows of length 1; a row of zeros gets `exp(-2 gamma)`."""
    cosines = left @ right.T
    cosines -= 1
    cosines *= 2 * gamma  # |a - b|^2 = 2 - 2 a.b
    return np.exp(cosines, out=cosines)


def ridge_factor(kernel: Matrix, penalty: float) -> Factor:
    """The Cholesky factor of `kernel + penalty I`, made in place of the kernel [M, M]."""
    kernel[np.diag_indices_from(kernel)] += penalty
    # symmetric: the transpose is the same matrix in the order LAPACK overwrites
    return scipy.linalg.cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)


def ridge_solution(factor: Factor, right: Matrix) -> Matrix:
    """`(kernel + penalty I)^-1 right`, float32."""
    return np.asarray(scipy.linalg.cho_solve(factor, right, check_finite=False), np.float32)


def leverages(factor: Factor, penalty: float, number: int | None = None) -> Matrix:
    """How much each row counts in what is predicted of itself: the diagonal of `K (K + penalty I)^-1`, float32 [M].

    With it, what is predicted of a row that is left out of the lesson needs no other solution: `own_part`. For all rows
    it takes as long again as the factor, for a few next to nothing.

    Args:
        factor: of `ridge_factor`. Overwritten where `number` is None.
        penalty: float. The same.
        number: int or None. Of the last so many rows only.

    References:
        Rifkin & Lippert 2007, Notes on Regularized Least Squares, MIT CBCL: leaving one out in closed form.
    """
    first = 0 if number is None else len(factor[0]) - number
    if first == len(factor[0]):
        return np.zeros(0, np.float32)
    # the inverse of the lower factor: its columns end in the rows asked for, and need the rows below them only
    block = factor[0] if number is None else np.array(factor[0][first:, first:], order="F")
    inverse, _ = scipy.linalg.lapack.strtri(block, lower=1, overwrite_c=1)
    lengths = np.empty(len(inverse), np.float32)
    for start in range(0, len(inverse), _COLUMNS):
        columns = np.tril(inverse[start:, start : start + _COLUMNS])
        lengths[start : start + _COLUMNS] = np.einsum("ij,ij->j", columns, columns)
    return np.asarray(1 - penalty * lengths, np.float32)


def own_part(errors: Matrix, leverage: Matrix) -> Matrix:
    """What the target of a row adds to what is predicted of it, float32 [M, D]: without it, that much less would be.

    Args:
        errors: float32 [M, D]. Targets less what is predicted of them; `penalty` times the coefficients of
            `ridge_solution`, which round less.
        leverage: float32 [M]. `leverages`.
    """
    return np.asarray(errors * (leverage / np.maximum(1 - leverage, 1e-6))[:, None], np.float32)


def nystrom_solution(
    kernel: Matrix, penalty: float, passes: Callable[[], Iterable[tuple[Matrix, Matrix]]], columns: int
) -> tuple[Matrix, Matrix]:
    """Coefficients of M landmarks when N rows teach, float32 [M, D], and the rows' `own_part`, float32 [N, `columns`].

    The first are `(K_mn K_nm + penalty K_mm)^-1 K_mn Y`.

    With every row a landmark that is `(K + penalty I)^-1 Y`; else it is the regression nearest to that one among those
    that only landmarks are asked for.

    Args:
        kernel: float32 [M, M], of the landmarks. Overwritten.
        penalty: float, above 0.
        passes: called twice; kernels [M, P] of the landmarks with some of the rows, overwritten, and targets [P, D] of
            these.
        columns: int. How many of the D the second is wanted of.

    References:
        Subset of regressors: Rudi, Carratino & Rosasco 2017, FALKON, arXiv:1705.10958, section 2. Solved here by
        Cholesky factors instead of conjugate gradients, after the landmarks are whitened.
    """
    kernel[np.diag_indices_from(kernel)] += 1e-7 * np.trace(kernel)  # float32 rounds by about as much
    root = scipy.linalg.cholesky(kernel.T, lower=True, overwrite_a=True, check_finite=False)
    moment: Matrix = np.zeros_like(kernel)
    right: Any = 0.0
    for crossed, targets in passes():
        white = scipy.linalg.solve_triangular(root, crossed, lower=True, overwrite_b=True, check_finite=False)
        moment += white @ white.T
        right = right + white @ targets
    factor = ridge_factor(moment, penalty)
    solved = ridge_solution(factor, right)
    coefficients = np.asarray(
        scipy.linalg.solve_triangular(root, solved, trans="T", lower=True, check_finite=False), np.float32
    )
    root, _ = scipy.linalg.lapack.strtri(root, lower=1, overwrite_c=1)
    towards = scipy.linalg.solve_triangular(factor[0], root, lower=True, overwrite_b=True, check_finite=False)
    own = []
    for crossed, targets in passes():
        errors = targets[:, :columns] - crossed.T @ coefficients[:, :columns]
        near = towards @ crossed
        own.append(own_part(errors, np.einsum("mp,mp->p", near, near)))
    return coefficients, np.concatenate(own)
