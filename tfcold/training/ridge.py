"""Teaching words what behaviour knows: ridge regression from features to factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.linalg

Floats = npt.NDArray[np.float32]


def ridge_leverages(features: Floats, penalty: float) -> Floats:
    """How much each row counts in what is predicted of itself: the diagonal of `X (X'X + penalty I)^-1 X'`, [R]."""
    wide = len(features) < features.shape[1]
    gram = np.asarray(features @ features.T if wide else features.T @ features, np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    if wide:
        return np.asarray(1 - penalty * np.diag(inverse), np.float32)
    return np.asarray(np.einsum("rf,rf->r", features @ inverse.astype(np.float32), features), np.float32)


def ridge_maps(features: Floats, targets: Sequence[Floats], penalties: Sequence[float]) -> list[list[Floats]]:
    """For each penalty, the maps `W` [F, D] that minimise `||features W - target||^2 + penalty ||W||^2`.

    One eigendecomposition of the smaller Gram matrix serves every target and penalty. There is no intercept: features
    are centred, and an item without words should get zeros.

    Args:
        features: float32 [R, F]. Rows of warm items that have vectors.
        targets: float32 [R, D] each.
        penalties: floats > 0.

    Returns: for each penalty a list with one float32 [F, D] for each target.
    """
    num_rows, width = features.shape
    stacked = np.concatenate(list(targets), axis=1)
    cuts = np.cumsum([target.shape[1] for target in targets])[:-1]
    wide = num_rows < width
    gram = features @ features.T if wide else features.T @ features
    values, vectors = scipy.linalg.eigh(gram.astype(np.float64), overwrite_a=True, check_finite=False)
    vectors = vectors.astype(np.float32)
    values = np.maximum(values, 0).astype(np.float32)
    rotated = vectors.T @ (stacked if wide else features.T @ stacked)
    maps = []
    for penalty in penalties:
        solved = vectors @ (rotated / (values + penalty)[:, None])
        maps.append(np.split(features.T @ solved if wide else solved, cuts, axis=1))
    return maps
