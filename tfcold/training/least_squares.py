"""The fold-in of iALS, solved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float32]

_ROWS_AT_ONCE = 16_384
_CELLS_AT_ONCE = 100_000


def folded_in(histories: sp.csr_matrix, outputs: Floats, *, penalty: float, alpha: float, steps: int = 6) -> Floats:
    """What fits histories best, float32 [B, D].

    Rows `q` that minimise `sum_i (1 + alpha c_i) ([c_i > 0] - q . v_i)^2 + penalty |q|^2`, by conjugate gradients that
    are preconditioned with the solution for `alpha` 0; a few steps come to 1e-4. Nothing is formed for a single row, so
    time grows with interactions and with rows, not with rows x D^3.

    Args:
        histories: CSR [B, N]. The `c`: ones, or how much each interaction counts.
        outputs: float32 [N, D], the `v`.
        penalty: float > 0.
        alpha: float >= 0. How much more an interaction counts than none.
        steps: int, default 6.

    References:
        Hu, Koren, Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, ICDM. Conjugate gradients
        there: Takács, Pilászy, Tikk 2011, Applications of the conjugate gradient method for implicit feedback, RecSys.
    """
    gram = outputs.T @ outputs
    gram[np.diag_indices_from(gram)] += np.float32(penalty)
    inverse = np.linalg.inv(gram.astype(np.float64)).astype(np.float32)
    parts = [np.zeros((0, outputs.shape[1]), np.float32)]
    for start in range(0, histories.shape[0], _ROWS_AT_ONCE):
        part = sp.csr_matrix(histories[start : start + _ROWS_AT_ONCE])
        parts.append(_solved(part, outputs, gram, inverse, np.float32(alpha), steps))
    return np.concatenate(parts)


def _solved(
    histories: sp.csr_matrix, outputs: Floats, gram: Floats, inverse: Floats, alpha: np.float32, steps: int
) -> Floats:
    weighed = histories.copy()
    weighed.data = 1 + alpha * weighed.data
    residual = np.asarray(weighed @ outputs, np.float32)
    found = np.zeros_like(residual)
    eased = step = np.asarray(residual @ inverse, np.float32)
    length = np.einsum("bd,bd->b", residual, eased)
    for _ in range(steps):
        image = step @ gram + alpha * _seen(histories, outputs, step)
        rate = np.asarray(length / np.maximum(np.einsum("bd,bd->b", step, image), 1e-30), np.float32)
        found += rate[:, None] * step
        residual -= rate[:, None] * image
        eased = np.asarray(residual @ inverse, np.float32)
        before, length = length, np.einsum("bd,bd->b", residual, eased)
        step = np.asarray(eased + (length / np.maximum(before, 1e-30))[:, None] * step, np.float32)
    return found


def _seen(histories: sp.csr_matrix, outputs: Floats, vectors: Floats) -> Floats:
    """`sum_i c_i (q . v_i) v_i` of each row [B, D]."""
    owner = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    scores = np.empty(histories.nnz, np.float32)
    for start in range(0, histories.nnz, _CELLS_AT_ONCE):
        part = slice(start, start + _CELLS_AT_ONCE)
        scores[part] = np.einsum("nd,nd->n", vectors[owner[part]], outputs[histories.indices[part]])
    scores *= histories.data
    weighed = sp.csr_matrix((scores, histories.indices, histories.indptr), shape=histories.shape)
    return np.asarray(weighed @ outputs, np.float32)
