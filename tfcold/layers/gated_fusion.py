"""A blend of ID and text, coordinate by coordinate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._block_mean import BlockMean
from tfcold.layers._shapes import build_named
from tfcold.layers.fusion import Fusion, FusionInputs
from tfcold.ops.gate import gate
from tfcold.registration import export


@export("tfcold.layers.GatedFusion")
class GatedFusion(Fusion):
    """Blends an ID embedding and the blocks, coordinate by coordinate.

    `out = g * e + (1 - g) * t`, where `t` is the mean of the blocks a row has, each brought to width D by a linear
    map, and the gate `g = sigmoid(W [e; t] + c)`, in (0, 1), is a learned function of both. Rows flagged cold use
    `g = 0`: an unseen item is its text. Rows without any block use `g = 1`. W starts at zero.

    Args:
        dim: as in `Fusion`; E must equal D.
        block_dims: as in `Fusion`.
        initial_gate: float in (0, 1), default 0.5. The gate at the start, by its bias. Near 1 leans on the ID.
        kernel_regularizer: Keras regularizer, its name or config, or None. On the maps of the blocks.
        seed: int or None. Fixes initial kernels.

    Call args, Returns: as in `Fusion`.

    Raises:
        InputError: as in `Fusion`; `initial_gate` out of range; E other than D.

    Example:
        >>> import numpy as np
        >>> fuse = GatedFusion(2, {})
        >>> fuse(np.ones((2, 2)), {}, {}, np.array([True, False])).numpy()  # no text: nothing, and the ID
        array([[0., 0.],
               [1., 1.]], dtype=float32)

    References:
        Gate: Arevalo et al. 2017, Gated Multimodal Units, arXiv:1702.01992; we omit its tanh.
        Cold rows: Volkovs et al. 2017, DropoutNet, NeurIPS; we close the gate besides zeroing the input.
    """

    def __init__(
        self,
        dim: int,
        block_dims: Mapping[str, int],
        *,
        initial_gate: float = 0.5,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dim, block_dims, **kwargs)
        if not 0 < initial_gate < 1:
            raise InputError(f"`initial_gate` must be in (0, 1); received {initial_gate}")
        self.initial_gate = initial_gate
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed = seed
        self._semantic = BlockMean(
            dim,
            block_dims,
            kernel_regularizer=self.kernel_regularizer,
            seed=seed,
            name="semantic",
            dtype=self.dtype_policy,
        )
        self._gate = keras.layers.Dense(
            dim,
            activation="sigmoid",
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(math.log(initial_gate / (1 - initial_gate))),
            name="gate",
            dtype=self.dtype_policy,
        )

    def build_parts(self, id_dim: int) -> None:
        self.need_id_width("the gate blends it with text of that width")
        self._semantic.build_all()
        build_named(self._gate, 2 * self.dim)

    def parts(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        semantic = self._semantic(inputs)
        learned = self._gate(tf.concat([inputs.id_embedding, semantic], axis=1))
        openness = tf.where(inputs.any_present[:, tf.newaxis], learned, tf.ones_like(learned))
        openness = tf.where(inputs.is_cold[:, tf.newaxis], tf.zeros_like(learned), openness)
        nothing = tf.zeros_like(semantic)
        return gate(inputs.id_embedding, nothing, openness), gate(nothing, semantic, openness)

    def get_config(self) -> dict[str, Any]:
        config = {
            "initial_gate": self.initial_gate,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
