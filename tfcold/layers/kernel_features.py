"""Features in which a kernel machine is linear."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._shapes import last_axis, positive, where_true
from tfcold.ops.kernel import nystroem_map, rbf_kernel
from tfcold.registration import export


@export("tfcold.layers.KernelFeatures")
class KernelFeatures(keras.layers.Layer):
    """Nystroem features of an RBF kernel: their dot product approximates `exp(-gamma |t - t'|^2)`.

    `phi(t) = k(t, landmarks) K_mm^{-1/2}`, exact between landmarks. A dense layer on top is kernel ridge regression
    with M centres, at the price of one matrix product. Landmarks and map are not trained: `adapt` sets them. Until
    then landmarks are zero and the map is the identity, which says nothing of `t`.

    Args:
        num_landmarks: int M > 0.
        gamma: float > 0, default 2. Larger: only near vectors count.
        dim: int or None. Features M'; None is all M. `adapt` keeps those of the largest eigenvalues, and needs
            M' <= M; `set_map` takes any.
        epsilon: float > 0, default 1e-6. Eigenvalues below `epsilon` times the largest are dropped.

    Call args:
        vectors: floating [..., T], each of length 1 (put a `CentredNorm` before).
        mask: bool [...], or None when every row has a vector.

    Returns: [..., M'] in the layer's compute dtype, each of length at most 1; zeros where `mask` is false.

    Raises:
        InputError: an argument out of range; in `adapt` and `set_map`, landmarks of another number, or not of length 1.

    Example:
        >>> import numpy as np
        >>> features = KernelFeatures(num_landmarks=2, gamma=1.)
        >>> features.adapt(np.eye(2, dtype=np.float32))
        >>> phi = features(np.eye(2, dtype=np.float32))
        >>> round(float(tf.reduce_sum(phi[0] * phi[1])), 4)  # exp(-|e1 - e2|^2) = exp(-2)
        0.1353

    References:
        Williams & Seeger 2001, Using the Nystroem Method to Speed Up Kernel Machines, NeurIPS.
    """

    def __init__(
        self, num_landmarks: int, *, gamma: float = 2.0, dim: int | None = None, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        positive("num_landmarks", num_landmarks)
        positive("gamma", gamma)
        positive("epsilon", epsilon)
        if dim is not None:
            positive("dim", dim)
        self.num_landmarks = num_landmarks
        self.gamma = gamma
        self.dim = dim
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        width = int(input_shape[-1])
        # never cast: the map holds large numbers of both signs, which half precision would not cancel
        constant = {"trainable": False, "experimental_autocast": False}
        self.landmarks = self.add_weight("landmarks", [self.num_landmarks, width], initializer="zeros", **constant)
        self.kernel_map = self.add_weight(
            "kernel_map",
            [self.num_landmarks, self.dim or self.num_landmarks],
            initializer=keras.initializers.Identity(),
            **constant,
        )
        super().build(input_shape)

    def call(self, vectors: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        vectors = tf.cast(vectors, self.variable_dtype)
        last_axis("vectors", vectors, self.landmarks.shape[1])
        kernel = rbf_kernel(vectors, self.landmarks, self.gamma)
        features = tf.cast(tf.tensordot(kernel, self.kernel_map, 1), self.compute_dtype)
        return features if mask is None else where_true(mask, features)

    def adapt(self, landmarks: npt.ArrayLike) -> None:
        """Sets landmarks and map, in float64.

        Args:
            landmarks: floating [M, T], each of length 1. Training items, drawn at random, serve.
        """
        if self.dim is not None and self.dim > self.num_landmarks:
            raise InputError(f"`dim` must be in 1..{self.num_landmarks}, the number of landmarks; received {self.dim}")
        table = self._checked(landmarks)
        self.landmarks.assign(table)
        self.kernel_map.assign(nystroem_map(rbf_kernel(table, table, self.gamma), self.dim, self.epsilon).numpy())

    def set_map(self, landmarks: npt.ArrayLike, kernel_map: npt.ArrayLike) -> None:
        """Sets landmarks and a map of the caller's: the coefficients of a kernel ridge regression make its predictions.

        Args:
            landmarks: floating [M, T], each of length 1.
            kernel_map: floating [M, M'].
        """
        table, values = self._checked(landmarks), np.asarray(kernel_map, np.float32)
        if values.shape != (shape := (self.num_landmarks, self.dim or self.num_landmarks)):
            raise InputError(f"`kernel_map` must be {list(shape)}; received {list(values.shape)}")
        self.landmarks.assign(table)
        self.kernel_map.assign(values)

    def _checked(self, landmarks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        table = np.asarray(landmarks, np.float64)
        if table.ndim != 2 or len(table) != self.num_landmarks:
            raise InputError(f"`landmarks` must be [{self.num_landmarks}, T]; received {list(table.shape)}")
        lengths = np.linalg.norm(table, axis=1)
        odd = np.flatnonzero(np.abs(lengths - 1) > 1e-2)
        if len(odd):
            raise InputError(
                f"`landmarks` must have length 1; {len(odd)} of {len(table)} have not, the first is row {odd[0]} with "
                f"{lengths[odd[0]]:.4g}. Pass them through `CentredNorm`, and leave out rows without a vector"
            )
        if not self.built:
            self.build(table.shape)
        return table

    def get_config(self) -> dict[str, Any]:
        config = {
            "num_landmarks": self.num_landmarks,
            "gamma": self.gamma,
            "dim": self.dim,
            "epsilon": self.epsilon,
        }
        return {**super().get_config(), **config}
