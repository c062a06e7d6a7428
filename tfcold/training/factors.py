"""A linear teacher, cut to the width of two towers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.baselines import EASE, IALS
from tfcold.progress import logger

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

MAX_IALS_WIDTH = 128  # its time grows with the cube of its width
MAX_EASE_SIDE = 15_000  # min(users, warm items) up to which EASE is inverted; beyond it, iALS teaches
_OVERSAMPLING = 16
_POWER_STEPS = 2


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
    """

    inputs: Floats
    outputs: Floats


def ease_factors(split: Split, dim: int, *, penalty: float, seed: int) -> Factors:
    """EASE cut to rank `dim` such that the scores of the training users change least.

    With `S = X B`, the best rank-D approximation of `S` is `S V V'` with `V` its right singular vectors, so
    `inputs = B V` and `outputs = V`. `V` comes from a randomised range finder that touches `B` through products with
    thin matrices only.

    Args:
        split: its training rows are read, no others.
        dim: int. D; columns beyond the rank are zeros.
        penalty: float > 0. EASE's ridge penalty.
        seed: int.

    References:
        Steck 2019, Embarrassingly Shallow Autoencoders, arXiv:1905.03375. Halko, Martinsson, Tropp 2011, Finding
        structure with randomness, SIAM Review.
    """
    teacher = EASE(penalty, max_side=MAX_EASE_SIDE).fit(split)
    warm = np.flatnonzero(split.warm_items)
    histories = _histories(split, warm)
    inputs, outputs = _truncated(teacher, histories, dim, seed)
    return _scattered(split, warm, inputs, outputs, dim)


def ials_factors(split: Split, dim: int, *, penalty: float, seed: int) -> Factors:
    """iALS, with the fold-in of a user made linear: what a catalogue too large for EASE is taught by.

    The fold-in solves `(V'V + penalty I + alpha sum_h v_h v_h') q = (1 + alpha) sum_h v_h`; leaving out the sum over
    the history, which is small beside `V'V`, makes the solution linear in the history:
    `inputs = (1 + alpha) V (V'V + penalty I)^-1`, `outputs = V`. Time and memory grow with the rows, not with
    items x items.

    Args:
        split: its training rows are read, no others.
        dim: int. Width of the factors.
        penalty: float > 0. L2 penalty of the factors.
        seed: int.

    References:
        Hu, Koren, Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, ICDM.
    """
    teacher = IALS(factors=dim, penalty=penalty, seed=seed).fit(split)
    outputs = teacher.item_factors
    gram = outputs.T @ outputs + penalty * np.eye(dim, dtype=np.float32)
    inputs = (1 + teacher.alpha) * np.linalg.solve(gram, outputs.T).T
    return Factors(np.asarray(inputs, np.float32), np.asarray(outputs, np.float32))


def teacher_factors(split: Split, dim: int, *, penalty: float, seed: int) -> Factors:
    """EASE where it can be inverted, iALS where it cannot; the log says which."""
    side = min(int(split.warm_users.sum()), int(split.warm_items.sum()))
    if side <= MAX_EASE_SIDE:
        logger.info("teacher: EASE (penalty %g) cut to rank %d", penalty, min(dim, side))
        return ease_factors(split, dim, penalty=penalty, seed=seed)
    width = min(dim, MAX_IALS_WIDTH)
    logger.info(
        "teacher: iALS of width %d; EASE would invert a matrix of side %d, above %d", width, side, MAX_EASE_SIDE
    )
    factors = ials_factors(split, width, penalty=5.0, seed=seed)
    wider = ((0, 0), (0, dim - width))
    return Factors(np.pad(factors.inputs, wider), np.pad(factors.outputs, wider))


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


def _scattered(split: Split, warm: npt.NDArray[Any], inputs: Floats, outputs: Floats, dim: int) -> Factors:
    full = [np.zeros((len(split.warm_items), dim), np.float32) for _ in range(2)]
    for table, values in zip(full, (inputs, outputs), strict=True):
        table[warm, : values.shape[1]] = values
    return Factors(*full)
