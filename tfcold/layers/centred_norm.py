"""Vectors without what they all have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._shapes import last_axis, positive, where_true
from tfcold.ops.normalise import l2_normalise
from tfcold.registration import export

_ROWS_AT_ONCE = 65_536


@export("tfcold.layers.CentredNorm")
class CentredNorm(keras.layers.Layer):
    """Vectors less their mean, optionally whitened, at unit length; zeros where there is none.

    `out = l2_normalise((t - mean) W)`. Sentence vectors share a large common part, which makes any two of them
    similar; less that part, their cosine means something. Mean and W are not trained: `adapt` sets them, from
    training items only. Until then the mean is zero and W the identity.

    With the covariance `U diag(lambda) U^T` of the vectors, largest eigenvalue first, `W = U diag((lambda +
    epsilon lambda_1)^(-whitening / 2))`, cut to its first T' columns.

    Args:
        whitening: float in [0, 1], default 0. 0 leaves the spread of every direction as it is, 1 makes all equal,
            between them is a compromise. 0 without `dim` has no W.
        dim: int or None. Width T' of the output, at most T; None is T.
        epsilon: float > 0, default 1e-4, relative to the largest eigenvalue. Keeps near-empty directions small.

    Call args:
        vectors: floating [..., T].
        mask: bool [...], or None when every row has a vector.

    Returns: [..., T'] in the layer's compute dtype, each of length 1, or 0 where `mask` is false or the vector is
        the mean.

    Raises:
        InputError: an argument out of range; a last axis that is not T; in `adapt`, no row to adapt to.

    Example:
        >>> import numpy as np
        >>> centre = CentredNorm()
        >>> centre.adapt(np.array([[3., 1.], [5., 1.]], np.float32))  # the mean is [4, 1]
        >>> centre(np.array([[7., 5.]], np.float32)).numpy()  # [3, 4] over 5
        array([[0.6, 0.8]], dtype=float32)

    References:
        Mu & Viswanath 2018, All-but-the-Top, ICLR; Su et al. 2021, Whitening Sentence Representations,
        arXiv:2103.15316.
    """

    def __init__(self, *, whitening: float = 0.0, dim: int | None = None, epsilon: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= whitening <= 1:
            raise InputError(f"`whitening` must be in [0, 1]; received {whitening}")
        positive("epsilon", epsilon)
        if dim is not None:
            positive("dim", dim)
        self.whitening = whitening
        self.dim = dim
        self.epsilon = epsilon

    @property
    def has_map(self) -> bool:
        """Whether W is more than the identity."""
        return self.whitening > 0 or self.dim is not None

    def build(self, input_shape: Any) -> None:
        width = int(input_shape[-1])
        if self.dim is not None and self.dim > width:
            raise InputError(f"`dim` must be at most the width of the vectors, {width}; received {self.dim}")
        # never cast: what is left after the mean is small beside it
        constant = {"trainable": False, "experimental_autocast": False}
        self.mean = self.add_weight("mean", [width], initializer="zeros", **constant)
        if self.has_map:
            self.kernel = self.add_weight(
                "kernel", [width, self.dim or width], initializer=keras.initializers.Identity(), **constant
            )
        super().build(input_shape)

    def call(self, vectors: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        vectors = tf.cast(vectors, self.variable_dtype)
        last_axis("vectors", vectors, self.mean.shape[0])
        centred = vectors - self.mean
        if self.has_map:
            centred = tf.tensordot(centred, self.kernel, 1)
        unit = tf.cast(l2_normalise(centred), self.compute_dtype)
        return unit if mask is None else where_true(mask, unit)

    def adapt(self, vectors: npt.ArrayLike, mask: npt.ArrayLike | None = None) -> None:
        """Sets mean and W from vectors, in float64, a part of the rows at a time.

        Args:
            vectors: floating [R, T]. Those of training items, and no others, or the test is not honest.
            mask: bool [R], or None for all. Rows that count.
        """
        table = np.asarray(vectors)
        rows = np.flatnonzero(np.ones(len(table), bool) if mask is None else np.asarray(mask, bool))
        if table.ndim != 2 or not len(rows):
            raise InputError(
                f"`vectors` must be [R, T] with a row that counts; received {list(table.shape)}, {len(rows)} rows"
            )
        if not self.built:
            self.build(table.shape)
        parts = [rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE)]
        mean = sum(table[part].sum(axis=0, dtype=np.float64) for part in parts) / len(rows)
        self.mean.assign(mean)
        if self.has_map:
            centred = (table[part] - mean for part in parts)
            self.kernel.assign(self._map(sum(part.T @ part for part in centred) / len(rows)))

    def _map(self, covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        values, directions = np.linalg.eigh(covariance)  # ascending
        values, directions = np.maximum(values[::-1], 0), directions[:, ::-1]
        # all vectors the same: there is no direction to whiten, and none must blow up
        spread = values + self.epsilon * values[0] if values[0] > 0 else np.ones_like(values)
        return np.asarray((directions * spread ** (-self.whitening / 2))[:, : self.dim])

    def get_config(self) -> dict[str, Any]:
        config = {"whitening": self.whitening, "dim": self.dim, "epsilon": self.epsilon}
        return {**super().get_config(), **config}
