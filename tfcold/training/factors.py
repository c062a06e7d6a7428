"""A linear teacher, cut to the width of two towers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.baselines import EASE, IALS

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

_OVERSAMPLING = 16
_POWER_STEPS = 2
_IALS_ITERATIONS = 10
_USERS_AT_ONCE = 65_536
_SEEN_SHIFT = 1e-3  # of the mean squared length of queries along an axis


class LinearTeacher(Protocol):
    """Scores `x B` of a history `x`, with `B` items x items that is never needed whole."""

    def matmul(self, vectors: Floats) -> Floats:
        """`B v` for vectors [W, n] over warm items."""
        ...

    def rmatmul(self, vectors: Floats) -> Floats:
        """`B' v` for vectors [W, n]."""
        ...


@dataclass(frozen=True)
class Factors:
    """`B ~ inputs @ outputs.T`: a user is the sum of `inputs` over their history, an item is its `outputs`.

    Args:
        inputs: float32 [I + 1, D]. Zeros where the item is not warm.
        outputs: float32 [I + 1, D].
        spectrum: float32 [D]. Squared length of the training histories along each column of `outputs`; columns are at
            right angles, but for those of two teachers.
    """

    inputs: Floats
    outputs: Floats
    spectrum: Floats

    @property
    def dim(self) -> int:
        """D."""
        return int(self.outputs.shape[1])


def truncated(factors: Factors, dim: int) -> Factors:
    """The first `dim` columns of both sides."""
    return Factors(factors.inputs[:, :dim], factors.outputs[:, :dim], factors.spectrum[:dim])


def joined(first: Factors, second: Factors, weight: float) -> Factors:
    """Two teachers side by side: their dot products add up, the second times `weight`, once both have one spread.

    The spread of a teacher is the root mean square of the scores that one click gives, over all pairs of items.
    """
    sides = []
    for factors, share in ((first, 1.0), (second, weight)):
        inputs, outputs = (np.asarray(side.T @ side, np.float64) for side in (factors.inputs, factors.outputs))
        spread = float(np.sqrt(np.sum(inputs * outputs))) or 1.0  # Frobenius norm of inputs @ outputs.T
        root = np.float32(np.sqrt(share / spread * len(factors.outputs)))
        sides.append((factors.inputs * root, factors.outputs * root, factors.spectrum))
    return Factors(*(np.concatenate(parts, axis=-1) for parts in zip(*sides, strict=True)))


def seen_from(teacher: Factors, other: Factors, train: sp.csr_matrix) -> Floats:
    """Outputs of another teacher said in the space of `teacher`, float32 [I + 1, D].

    A row is the `c` that minimises `sum_u (q_u . c - p_u . v)^2`: with it, queries `q` of the one come as near as they
    can to the scores that queries `p` of the other give. All rows are then scaled by one number, so that scores of warm
    items come out as large as the teacher's own.

    Args:
        teacher: its inputs make the queries that will be asked.
        other: whose scores are to be said.
        train: CSR [U + 1, I + 1]. Histories.
    """
    gram = np.zeros((teacher.dim, teacher.dim))
    cross = np.zeros((teacher.dim, other.dim))
    for start in range(0, train.shape[0], _USERS_AT_ONCE):
        histories = train[start : start + _USERS_AT_ONCE]
        queries = np.asarray(histories @ teacher.inputs, np.float32)
        gram += queries.T @ queries
        cross += queries.T @ np.asarray(histories @ other.inputs, np.float32)
    gram[np.diag_indices_from(gram)] += max(_SEEN_SHIFT * np.trace(gram) / len(gram), 1e-30)
    said = np.asarray(other.outputs @ np.linalg.solve(gram, cross).T.astype(np.float32), np.float32)
    own, new = (float(np.sum(gram * (outputs.T @ outputs))) for outputs in (teacher.outputs, said))
    return said * np.float32(np.sqrt(own / max(new, 1e-30)))


def ease_factors(split: Split, dim: int, *, penalty: float, seed: int, dropout: float = 0.0) -> Factors:
    """EASE cut to rank `dim` such that the scores of the training users change least.

    With `S = X B`, the best rank-D approximation of `S` is `S V V'` with `V` its right singular vectors, so
    `inputs = B V` and `outputs = V`. `V` comes from a randomised range finder that touches `B` through products with
    thin matrices only.

    Args:
        split: its training rows are read, no others.
        dim: int. D; columns beyond the rank are zeros.
        penalty: float > 0. EASE's ridge penalty.
        seed: int.
        dropout: float in [0, 1). EASE's.

    References:
        Steck 2019, Embarrassingly Shallow Autoencoders, arXiv:1905.03375. Halko, Martinsson, Tropp 2011, Finding
        structure with randomness, SIAM Review.
    """
    teacher = EASE(penalty, dropout=dropout).fit(split)
    warm = np.flatnonzero(split.warm_items)
    histories = _histories(split, warm)
    inputs, outputs = _truncated(teacher, histories, dim, seed)
    return _scattered(split, warm, inputs, outputs, dim, histories)


def ials_factors(split: Split, dim: int, *, penalty: float, seed: int, alpha: float = 10.0) -> Factors:
    """iALS, with the fold-in of a user made linear: what a catalogue too large for EASE is taught by.

    The fold-in solves `(V'V + penalty I + alpha sum_h v_h v_h') q = (1 + alpha) sum_h v_h`; leaving out the sum over
    the history, which is small beside `V'V`, makes the solution linear in the history:
    `inputs = (1 + alpha) V (V'V + penalty I)^-1`, `outputs = V`, both turned so that `V'V` is diagonal, its highest
    value first. Time and memory grow with the rows, not with items x items.

    Args:
        split: its training rows are read, no others.
        dim: int. Width of the factors.
        penalty: float > 0. L2 penalty of the factors.
        seed: int.

    References:
        Hu, Koren, Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, ICDM.
    """
    teacher = IALS(factors=dim, penalty=penalty, alpha=alpha, iterations=_IALS_ITERATIONS, seed=seed).fit(split)
    warm = np.flatnonzero(split.warm_items)
    outputs = teacher.item_factors[warm]
    values, axes = np.linalg.eigh(np.asarray(outputs.T @ outputs, np.float64))  # rising order
    outputs = np.asarray(outputs @ axes[:, ::-1].astype(np.float32), np.float32)
    shares = (1 + teacher.alpha) / (np.maximum(values[::-1], 0) + penalty)
    inputs = outputs * shares.astype(np.float32)
    return _scattered(split, warm, inputs, outputs, dim, _histories(split, warm))


def _histories(split: Split, warm: npt.NDArray[Any]) -> sp.csr_matrix:
    matrix = split.train_matrix().tocsr()
    return sp.csr_matrix(matrix[np.diff(matrix.indptr) > 0][:, warm], dtype=np.float32)


def _truncated(teacher: LinearTeacher, histories: sp.csr_matrix, dim: int, seed: int) -> tuple[Floats, Floats]:
    num_items = histories.shape[1]
    width = min(dim + _OVERSAMPLING, *histories.shape)
    basis = np.random.default_rng(seed).standard_normal((num_items, width)).astype(np.float32)
    for _ in range(1 + _POWER_STEPS):  # between the steps, lengths need only be of one order
        scores = _levelled(histories @ teacher.matmul(basis))
        basis = _levelled(teacher.rmatmul(histories.T @ scores))
    basis = _levelled(_levelled(basis), shift=1e-12)
    projected = teacher.matmul(basis)  # B Q
    gram = np.asarray((histories @ projected).T @ (histories @ projected), np.float64)
    _, rotation = np.linalg.eigh(gram)  # rising order
    rotation = rotation[:, ::-1][:, :dim].astype(np.float32)
    return projected @ rotation, basis @ rotation


def _levelled(vectors: Floats, shift: float = 1e-7) -> Floats:
    """The same span [W, n] in columns at right angles, of length 1 but for those that were far smaller than the first.

    By the Gram matrix: products of thin matrices only, faster than a QR of a tall matrix. The shift keeps small
    directions; pass by pass they come to full length. A column that depends on others may be zeros.
    """
    values, directions = np.linalg.eigh(np.asarray(vectors.T @ vectors, np.float64))
    values = np.maximum(values, 0) + shift * max(float(values[-1]), 1e-30)
    return vectors @ (directions / np.sqrt(values)).astype(np.float32)


def _scattered(
    split: Split, warm: npt.NDArray[Any], inputs: Floats, outputs: Floats, dim: int, histories: sp.csr_matrix
) -> Factors:
    full = [np.zeros((len(split.warm_items), dim), np.float32) for _ in range(2)]
    for table, values in zip(full, (inputs, outputs), strict=True):
        table[warm, : values.shape[1]] = values
    spectrum = np.zeros(dim, np.float32)
    spectrum[: outputs.shape[1]] = spectrum_of(histories, outputs)
    return Factors(full[0], full[1], spectrum)


def spectrum_of(histories: sp.csr_matrix, outputs: Floats) -> Floats:
    """Squared length of histories [U, I] along each column of outputs [I, D], float32 [D]."""
    along = np.asarray(histories @ outputs)
    lengths = np.maximum(np.einsum("id,id->d", outputs, outputs), 1e-30)
    return np.asarray(np.einsum("ud,ud->d", along, along) / lengths, np.float32)
