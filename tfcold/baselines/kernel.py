"""Kernel ridge regression over vectors of length 1: the kernel, and the one large system to solve."""

from __future__ import annotations

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
