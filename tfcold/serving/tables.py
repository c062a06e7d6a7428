"""Rows of a bundle, some of them anew, with rows of newcomers after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.serving.ragged import Lists, Rows

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """A table of a bundle, which stays where it is, rows that stand in for some of its own, and rows after it.

    Args:
        base: the bundle's variable, float32, float16 or int8, of N rows or more; those beyond only fill up.
        scales: the bundle's factor for each row, float32; None unless int8.
        num: int. N.
        late: float32 [M, D]. Rows N to N + M - 1.
        moved: int32 [P], ascending. Rows below N that are no longer those of `base`.
        anew: float32 [P, D]. What they are instead.
    """

    base: Any
    scales: Any
    num: int
    late: Floats
    moved: Rows
    anew: Floats

    @classmethod
    def of(cls, base: Any, scales: Any, num: int) -> Table:
        """The first `num` rows of a bundle's table, and none after them."""
        nothing = np.zeros((0, int(base.shape[1])), np.float32)
        return cls(base, scales, num, nothing, np.zeros(0, np.int32), nothing)

    @property
    def store(self) -> str:
        """In what the bundle keeps its numbers."""
        return str(self.base.dtype.name)

    def extended(self, rows: Floats) -> Table:
        """The table with more rows at its end; the bundle's rows are not copied."""
        return replace(self, late=np.concatenate([self.late, rows]))

    def with_rows(self, at: Rows, rows: Floats) -> Table:
        """The table with other rows, float32 [R, D], at these distinct places; the bundle's rows are not copied."""
        is_late, late = at >= self.num, self.late.copy()
        late[at[is_late] - self.num] = rows[is_late]
        moved, first = np.unique(np.concatenate([at[~is_late], self.moved]), return_index=True)
        anew = np.concatenate([rows[~is_late], self.anew])[first]  # of two, the later one stands first
        return replace(self, late=late, moved=moved.astype(np.int32), anew=anew)

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> Floats:
        """float32 [B, D]: these rows."""
        is_late = rows >= self.num
        at = np.where(is_late, 0, rows).astype(np.int32)
        found: Floats = tf.cast(tf.gather(self.base, at), tf.float32).numpy()
        if self.scales is not None:
            found = found * tf.gather(self.scales, at).numpy()[:, None]
        found[is_late] = self.late[rows[is_late] - self.num]
        if len(self.moved):
            is_moved = np.isin(rows, self.moved)
            found[is_moved] = self.anew[np.searchsorted(self.moved, rows[is_moved])]
        return found

    def dot(self, vectors: Floats) -> tf.Tensor:
        """[B, N + M]: products of vectors [B, D] with every row."""
        given = tf.constant(vectors)
        products = tf.matmul(tf.cast(self.base[: self.num], tf.float32), given, transpose_b=True)  # tall side first
        if self.scales is not None:
            products *= self.scales[: self.num, None]
        others = tf.matmul(tf.constant(np.concatenate([self.anew, self.late])), given, transpose_b=True)
        anew, late = others[: len(self.moved)], others[len(self.moved) :]
        if len(self.moved):
            products = tf.tensor_scatter_nd_update(products, self.moved[:, None], anew)
        return tf.transpose(tf.concat([products, late], axis=0))

    def rows(self) -> Floats:
        """float32 [N + M, D]: all of it."""
        return self.take(np.arange(self.num + len(self.late)))


@dataclass(frozen=True)
class LateLists:
    """Lists of a bundle, one a row, with lists of newcomers after them. Row 0 of both is nobody, whose list is empty.

    Args:
        base: N + 1 lists.
        late: M + 1 lists: list m >= 1 is row N + m.
    """

    base: Lists
    late: Lists

    def extended(self, lists: Lists) -> LateLists:
        """With more lists at the end."""
        values = np.concatenate([self.late.values, lists.values])
        splits = np.concatenate([self.late.splits, self.late.splits[-1] + lists.splits[1:]])
        return LateLists(self.base, Lists(values, splits))

    def of(self, rows: npt.NDArray[np.integer[Any]]) -> Lists:
        """The lists of these rows."""
        last = len(self.base) - 1
        if len(self.late) == 1 or not (rows > last).any():
            return self.base.of(rows)
        return self.base.of(np.where(rows > last, 0, rows)).joined(self.late.of(np.maximum(rows - last, 0)))


def inverse_norms(candidates: Floats, covariance: Floats) -> Floats:
    """float32 [N]: one over how much the scores of each row vary over users; 0 for a row that all score alike.

    Args:
        candidates: float32 [N, D + 1]; the last column, the prior, says nothing of users.
        covariance: float32 [D, D]. Of the users' queries.
    """
    vectors = candidates[:, :-1]
    norms = np.sqrt(np.maximum(np.einsum("nd,nd->n", vectors @ covariance, vectors), 0))
    found: Floats = np.where(norms > 0, 1 / np.where(norms > 0, norms, 1), 0).astype(np.float32)
    return found
