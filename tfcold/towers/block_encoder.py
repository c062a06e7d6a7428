"""What a tower sees of one block of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers import CentredNorm, KernelFeatures
from tfcold.registration import export


@export("tfcold.towers.BlockEncoder")
class BlockEncoder(keras.layers.Layer):
    """Turns the raw vectors of one block into features: centred, L2-normalised, lifted by a kernel when asked.

    `f = phi((v - mean) / ||v - mean||)`, where `phi` is the identity or the Nystroem map of an RBF kernel
    (`KernelFeatures`). A linear layer over kernel features is kernel ridge regression cut to the landmarks, so
    everything after this layer can stay linear. With `kernel_dim`, `phi` is a kernel regression that `adapt` is given:
    features are what it predicts, however many landmarks it has.

    Args:
        width: int, T > 0. Width of the raw vectors.
        num_landmarks: int >= 0, default 0. Landmarks M of the kernel; 0 leaves the kernel out.
        gamma: float > 0, default 0.5. `k(a, b) = exp(-gamma |a - b|^2)`.
        kernel_dim: int > 0 or None. Width of the predictions of a kernel regression; None for Nystroem features.

    Call args:
        vectors: floating [B, T].
        mask: bool [B]. False where the row has no vector: its features are zeros.

    Returns: [B, F] in the compute dtype; F is `feature_width`.

    Raises:
        InputError: `width` or `num_landmarks` out of range; in `adapt`, `kernel` where there is no `kernel_dim`.
    """

    def __init__(
        self, width: int, num_landmarks: int = 0, gamma: float = 0.5, kernel_dim: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if width < 1:
            raise InputError(f"`width` must be at least 1; received {width}")
        if num_landmarks < 0:
            raise InputError(f"`num_landmarks` must be at least 0; received {num_landmarks}")
        self.width = width
        self.num_landmarks = num_landmarks
        self.gamma = gamma
        self.centred_norm = CentredNorm(name="centred_norm")
        self.kernel_dim = kernel_dim
        self.kernel = (
            KernelFeatures(num_landmarks=num_landmarks, gamma=gamma, dim=kernel_dim, name="kernel")
            if num_landmarks
            else None
        )

    @property
    def feature_width(self) -> int:
        """F: `kernel_dim` or M with a kernel, T without."""
        return (self.kernel_dim or self.num_landmarks) if self.num_landmarks else self.width

    def build(self, input_shape: Any) -> None:
        self.centred_norm.build((None, self.width))
        if self.kernel is not None:
            self.kernel.build((None, self.width))
        super().build(input_shape)

    def adapt(
        self,
        vectors: npt.NDArray[np.float32],
        mask: npt.NDArray[np.bool_],
        *,
        seed: int | None = None,
        kernel: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
    ) -> None:
        """Takes the mean and the landmarks from training rows.

        Args:
            vectors: float32 [R, T]. Rows that training may see, warm items only.
            mask: bool [R].
            seed: int or None. Draws the landmarks when there are more rows than `num_landmarks`.
            kernel: landmarks [M, T], centred and of length 1, and coefficients [M, `kernel_dim`] of a kernel
                regression; or None.
        """
        if (kernel is None) != (self.kernel_dim is None or self.kernel is None):
            raise InputError(
                f"`kernel` must be given exactly where the encoder has landmarks and `kernel_dim`; received "
                f"{'none' if kernel is None else 'one'} with `kernel_dim` = {self.kernel_dim}"
            )
        if not self.built:
            self.build((None, self.width))
        if not mask.any():
            return
        self.centred_norm.adapt(vectors, mask)
        if self.kernel is None:
            return
        if kernel is not None:
            self.kernel.set_map(*kernel)
            return
        units = self.centred_norm(tf.constant(vectors), tf.constant(mask)).numpy()
        usable = np.flatnonzero(np.linalg.norm(units, axis=1) > 0.5)  # a vector that is the mean has length 0
        if len(usable):
            drawn = np.random.default_rng(seed).permutation(usable)[: self.num_landmarks]
            # too few rows: some are landmarks twice, which the map of the kernel takes out again
            self.kernel.adapt(units[np.resize(np.sort(drawn), self.num_landmarks)])

    def call(self, vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        unit = self.centred_norm(vectors, mask)
        return unit if self.kernel is None else self.kernel(unit, mask)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(width=self.width, num_landmarks=self.num_landmarks, gamma=self.gamma, kernel_dim=self.kernel_dim)
        return config
