"""The linear part of a fusion, whose kernels can be set from a closed form and pulled back to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers.fusion import Fusion, FusionInputs


class LinearPaths(keras.layers.Layer):
    """`W_id e` and `sum_b W_b t_b`; no bias, so what is absent adds nothing.

    Args:
        dim: int D.
        identity_id: bool. `W_id` is the identity, and no weight.
        anchor_l2: float >= 0. Adds `anchor_l2 |W - W0|^2` to the losses; W0 is what `assign` set, zeros before.
        kernel_initializer: makes the initial kernels; the place of a kernel in order is handed to it as a seed.
    """

    def __init__(
        self, dim: int, *, identity_id: bool, anchor_l2: float, kernel_initializer: Any, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dim = dim
        self.identity_id = identity_id
        self.anchor_l2 = anchor_l2
        self.kernel_initializer = kernel_initializer
        self._kernels: dict[str, tf.Variable] = {}
        self._anchors: dict[str, tf.Variable] = {}

    def build_from(self, id_dim: int, block_dims: Mapping[str, int]) -> None:
        """Makes the kernels: `id`, unless it is the identity, and one a block, `block/<name>`."""
        widths = {} if self.identity_id else {"id": id_dim}
        widths |= {f"block/{name}": width for name, width in block_dims.items()}
        for place, (name, width) in enumerate(widths.items()):
            shape = [width, self.dim]
            regularizer = None
            if self.anchor_l2 > 0:
                self._anchors[name] = self.add_weight(f"{name}/anchor", shape, initializer="zeros", trainable=False)
                regularizer = self._pull(self._anchors[name])
            self._kernels[name] = self.add_weight(
                f"{name}/kernel", shape, initializer=self.kernel_initializer(place, shape), regularizer=regularizer
            )
        self.built = True

    def _pull(self, anchor: tf.Variable) -> Any:
        return lambda kernel: self.anchor_l2 * tf.reduce_sum(tf.square(kernel - anchor))

    def call(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        id_embedding = inputs.id_embedding
        id_part = id_embedding if self.identity_id else tf.matmul(id_embedding, self._kernel("id", id_embedding))
        text_part = tf.zeros_like(id_part)
        for name, vectors in inputs.blocks.items():
            text_part += tf.matmul(vectors, self._kernel(f"block/{name}", vectors))
        return id_part, text_part

    def _kernel(self, name: str, like: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._kernels[name], like.dtype)

    def assign(self, id_kernel: npt.ArrayLike | None, block_kernels: Mapping[str, npt.ArrayLike]) -> None:
        """Sets kernels, and the anchors they are pulled to."""
        values = {f"block/{name}": value for name, value in block_kernels.items()}
        if id_kernel is not None:
            values["id"] = id_kernel
        arrays = {name: np.asarray(value) for name, value in values.items()}
        for name, array in arrays.items():  # all checked before any is set
            if name not in self._kernels:
                raise InputError(f"there is no linear kernel {name!r} to set; there are {sorted(self._kernels)}")
            if array.shape != tuple(self._kernels[name].shape):
                raise InputError(
                    f"the linear kernel {name!r} must have shape {list(self._kernels[name].shape)}; "
                    f"received {list(array.shape)}"
                )
        for name, array in arrays.items():
            self._kernels[name].assign(array)
            if name in self._anchors:
                self._anchors[name].assign(array)


def build_for_kernels(fusion: Fusion, id_kernel: npt.ArrayLike | None, identity_id: bool) -> None:
    """Builds a fusion that is not yet built, where a kernel or the identity tells the width of the ID embedding.

    Raises:
        InputError: nothing tells it.
    """
    if fusion.built:
        return
    if id_kernel is None and not identity_id:
        raise InputError("`set_linear` needs `id_kernel`, or a layer that is built. Call `build([None, E])` first")
    fusion.build([None, fusion.dim if id_kernel is None else np.shape(id_kernel)[0]])
