"""How far to believe a short history."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.registration import export


@export("tfcold.layers.HistoryShrinkage")
class HistoryShrinkage(keras.layers.Layer):
    """Shrinks the directions of a pooled history that few clicks cannot tell from noise.

    `out_d = x_d g_d (1 + m) / (g_d + m)` with `m = shrinkage * exp(-decay * (n - 1)) / n` after n clicks, and `g_d` in
    (0, 1] the share of the training rows that direction d explains, as a multiple of the strongest's. This is the
    Wiener filter of a signal of variance `g_d` in noise of variance `m`, scaled so that the strongest direction keeps
    its length: one click says what kind of user this is, many say the rest. Noise falls with 1 / n; the exponential
    ends the filter where histories are long. `shrinkage` 0, the default, changes nothing.

    Args:
        dim: int, D > 0. Width of the history.

    Call args:
        pooled: floating [B, D].
        counts: floating [B]. Length n of the history; below 1 counts as 1.

    Returns: [B, D] in the layer's compute dtype.

    Raises:
        InputError: `dim` below 1.

    Example:
        >>> import numpy as np
        >>> shrink = HistoryShrinkage(2)
        >>> shrink.set_weights_of(np.array([4., 1.]), shrinkage=1., decay=0.)
        >>> shrink(np.ones((2, 2), np.float32), np.array([1., 1000.], np.float32)).numpy().round(3)
        array([[1.   , 0.4  ],
               [1.   , 0.997]], dtype=float32)

    References:
        Wiener 1949, Extrapolation, Interpolation, and Smoothing of Stationary Time Series. The ridge of a fold-in
        does the same with a penalty that does not know n (Steck 2019, arXiv:1905.03375); here it falls with n.
    """

    def __init__(self, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dim < 1:
            raise InputError(f"`dim` must be at least 1; received {dim}")
        self.dim = dim
        # float32 whatever the policy: what is chosen once is not rounded
        constant = {"trainable": False, "dtype": tf.float32, "experimental_autocast": False}
        self.spectrum = self.add_weight(name="spectrum", shape=(dim,), initializer="ones", **constant)
        self.shrinkage = self.add_weight(name="shrinkage", shape=(), initializer="zeros", **constant)
        self.decay = self.add_weight(name="decay", shape=(), initializer="zeros", **constant)

    def set_weights_of(self, spectrum: npt.ArrayLike, shrinkage: float, decay: float) -> None:
        """Sets `g` from what each direction explains, floating [D] in any unit, and `m`; see the class."""
        self.spectrum.assign(relative(np.asarray(spectrum, np.float32)))
        self.shrinkage.assign(shrinkage)
        self.decay.assign(decay)

    def call(self, pooled: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        counts = tf.maximum(tf.cast(counts, tf.float32), 1.0)
        noise = self.shrinkage * tf.exp(self.decay * (1.0 - counts)) / counts
        kept = self.spectrum * (1.0 + noise[:, None]) / (self.spectrum + noise[:, None])
        return tf.cast(pooled, self.compute_dtype) * tf.cast(kept, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim}


def relative(spectrum: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32 [D] in (0, 1], the highest 1; what explains nothing counts as a millionth of that."""
    highest = float(spectrum.max(initial=0)) or 1.0
    found: npt.NDArray[np.float32] = np.maximum(spectrum / highest, 1e-6).astype(np.float32)
    return found
