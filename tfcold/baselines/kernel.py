"""Kernel ridge regression over vectors of length 1: the kernel, and the one large system to solve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.linalg

from tfcold.baselines.vectors import Matrix

Factor = tuple[Any, bool]


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


def nystrom_solution(kernel: Matrix, penalty: float, passes: Iterable[tuple[Matrix, Matrix]]) -> Matrix:
    """Coefficients float32 [M, D] of M landmarks when N rows teach: `(K_mn K_nm + penalty K_mm)^-1 K_mn Y`.

    With every row a landmark that is `(K + penalty I)^-1 Y`; else it is the regression nearest to that one among those
    that only landmarks are asked for.

    Args:
        kernel: float32 [M, M], of the landmarks. Overwritten.
        penalty: float, above 0.
        passes: kernels [M, P] of the landmarks with some of the rows, overwritten, and targets [P, D] of these.

    References:
        Subset of regressors: Rudi, Carratino & Rosasco 2017, FALKON, arXiv:1705.10958, section 2. Solved here by
        Cholesky factors instead of conjugate gradients, after the landmarks are whitened.
    """
    kernel[np.diag_indices_from(kernel)] += 1e-7 * np.trace(kernel)  # float32 rounds by about as much
    root = scipy.linalg.cholesky(kernel.T, lower=True, overwrite_a=True, check_finite=False)
    moment: Matrix = np.zeros_like(kernel)
    right: Any = 0.0
    for crossed, targets in passes:
        white = scipy.linalg.solve_triangular(root, crossed, lower=True, overwrite_b=True, check_finite=False)
        moment += white @ white.T
        right = right + white @ targets
    solved = ridge_solution(ridge_factor(moment, penalty), right)
    return np.asarray(
        scipy.linalg.solve_triangular(root, solved, trans="T", lower=True, check_finite=False), np.float32
    )
