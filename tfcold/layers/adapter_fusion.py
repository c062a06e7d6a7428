"""Everything pretrained stays as it is; a small bottleneck learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._linear_paths import LinearPaths, build_for_kernels
from tfcold.layers._residual_branch import ResidualBranch
from tfcold.layers._shapes import build_named, positive
from tfcold.layers._shapes import rate as check_rate
from tfcold.layers.fusion import Fusion, FusionInputs
from tfcold.registration import export


@export("tfcold.layers.AdapterFusion")
class AdapterFusion(Fusion):
    """A frozen sum of ID and blocks, corrected by a small bottleneck.

    `out = W_id e + sum_b W_b t_b + U f(V [e; t_1; ...; t_n; flags] + c)`. No gradient flows into `e`, the blocks, or
    the W; only V, c and U are trained (and the prior of unknown rows). U starts at zero. The W are the identity where
    the widths agree, and otherwise orthogonal maps, which keep angles as far as the width allows; `set_linear`
    replaces them by what was learned elsewhere.

    Args:
        dim: as in `Fusion`.
        block_dims: as in `Fusion`.
        bottleneck: int > 0, default 16. Rows of V.
        activation: str or callable, default "relu".
        dropout: float in [0, 1), default 0. After the activation.
        kernel_regularizer: Keras regularizer, its name or config, or None. On U and V.
        seed: int or None. Fixes initial kernels and dropout.

    Call args, Returns: as in `Fusion`.

    Raises:
        InputError: as in `Fusion`; `bottleneck` or `dropout` out of range.

    References:
        Houlsby et al. 2019, Parameter-Efficient Transfer Learning for NLP, ICML; beside the frozen part rather than
        inside it.
    """

    frozen_inputs = True

    def __init__(
        self,
        dim: int,
        block_dims: Mapping[str, int],
        *,
        bottleneck: int = 16,
        activation: Any = "relu",
        dropout: float = 0.0,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dim, block_dims, **kwargs)
        positive("bottleneck", bottleneck)
        check_rate("dropout", dropout)
        self.bottleneck = bottleneck
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed = seed
        self._linear = LinearPaths(
            dim,
            identity_id=False,
            anchor_l2=0.0,
            kernel_initializer=self._initial_kernel,
            trainable=False,
            name="linear",
            dtype=self.dtype_policy,
        )
        self._branch = ResidualBranch(
            dim,
            hidden_units=[bottleneck],
            activation=self.activation,
            dropout=dropout,
            kernel_regularizer=self.kernel_regularizer,
            seed=seed,
            name="bottleneck",
            dtype=self.dtype_policy,
        )

    def _initial_kernel(self, place: int, shape: list[int]) -> keras.initializers.Initializer:
        if shape[0] == shape[1]:
            return keras.initializers.Identity()
        return keras.initializers.Orthogonal(seed=None if self.seed is None else self.seed + 100 + place)

    def build_parts(self, id_dim: int) -> None:
        self._linear.build_from(id_dim, self.block_dims)
        build_named(self._branch, id_dim + sum(self.block_dims.values()) + 1 + len(self.block_dims))

    def parts(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        return self._linear(inputs)

    def residual(self, inputs: FusionInputs, training: tf.Tensor | bool | None) -> tf.Tensor:
        return self._branch(inputs.concatenated(), training=training)

    def set_linear(
        self, id_kernel: npt.ArrayLike | None = None, block_kernels: Mapping[str, npt.ArrayLike] | None = None
    ) -> None:
        """Sets the frozen kernels; what is not named stays.

        Args:
            id_kernel: floating [E, D], or None.
            block_kernels: mapping of block name to floating [T, D], or None.

        Raises:
            InputError: as in `ConcatFusion.set_linear`.
        """
        build_for_kernels(self, id_kernel, identity_id=False)
        self._linear.assign(id_kernel, block_kernels or {})

    def get_config(self) -> dict[str, Any]:
        config = {
            "bottleneck": self.bottleneck,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
