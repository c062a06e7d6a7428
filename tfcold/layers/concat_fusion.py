"""The default fusion: side by side, through dense layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._linear_paths import LinearPaths, build_for_kernels
from tfcold.layers._residual_branch import ResidualBranch
from tfcold.layers._shapes import build_named, positive
from tfcold.layers._shapes import rate as check_rate
from tfcold.layers.fusion import Fusion, FusionInputs
from tfcold.layers.norm_shrinkage import NormShrinkage
from tfcold.registration import export


@export("tfcold.layers.ConcatFusion")
class ConcatFusion(Fusion):
    """ID and blocks side by side, through a linear layer and, on top, dense layers that start silent.

    `out = W_id e + s sum_b W_b t_b + MLP([e; t_1; ...; t_n; flags])`. A dense layer on a concatenation is this sum of
    products; written so, a closed-form solution can be loaded into it (`set_linear`) and is exact at the start, since
    the last kernel of the MLP is zero then. `s` is the scalar `cold_scale` in cold rows, `warm_text_scale` in the
    others: a regression from text shrinks, and cold and warm scores have to be comparable in one list. The sum over the
    blocks may come to one length before (`norms`, a `NormShrinkage` that changes nothing until it is told to).

    Args:
        dim: as in `Fusion`.
        block_dims: as in `Fusion`.
        hidden_units: sequence of int, default none. Widths of the MLP's hidden layers; none means no MLP.
        activation: str or callable, default "relu". Of the hidden layers.
        dropout: float in [0, 1), default 0. After each hidden layer.
        identity_id: bool, default False. `W_id` is the identity, and E must equal D.
        initial_cold_scale: float, default 1.
        initial_warm_text_scale: float, default 1. 0 with kernels from a closed form: warm rows start as their ID.
        anchor_l2: float >= 0, default 0. Pulls the linear kernels back to what `set_linear` set (to zero before) by
            `anchor_l2 |W - W0|^2` in the losses.
        kernel_regularizer: Keras regularizer, its name or config, or None. On the kernels of the MLP.
        seed: int or None. Fixes initial kernels and dropout.

    Call args, Returns: as in `Fusion`.

    Raises:
        InputError: as in `Fusion`; `identity_id` with E other than D.

    Example:
        >>> import numpy as np
        >>> fuse = ConcatFusion(2, {"text": 2}, identity_id=True)
        >>> fuse.set_linear(block_kernels={"text": 10. * np.eye(2)})
        >>> fuse(np.ones((2, 2)), {"text": np.ones((2, 2))}, {"text": np.array([True, False])},
        ...      np.array([True, False])).numpy()  # a cold row is its text; a row without text is its ID
        array([[10., 10.],
               [ 1.,  1.]], dtype=float32)

    References:
        Anchors: Li, Grandvalet & Davoine 2018, Explicit Inductive Bias for Transfer Learning (L2-SP), ICML. Zero at
        the end of a branch: Zhang, Dauphin & Ma 2019, Fixup Initialization, ICLR.
    """

    def __init__(
        self,
        dim: int,
        block_dims: Mapping[str, int],
        *,
        hidden_units: Sequence[int] = (),
        activation: Any = "relu",
        dropout: float = 0.0,
        identity_id: bool = False,
        initial_cold_scale: float = 1.0,
        initial_warm_text_scale: float = 1.0,
        anchor_l2: float = 0.0,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dim, block_dims, **kwargs)
        for units in hidden_units:
            positive("hidden_units", units)
        check_rate("dropout", dropout)
        if anchor_l2 < 0:
            raise InputError(f"`anchor_l2` must be at least 0; received {anchor_l2}")
        self.hidden_units = tuple(hidden_units)
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.identity_id = identity_id
        self.initial_cold_scale = initial_cold_scale
        self.initial_warm_text_scale = initial_warm_text_scale
        self.anchor_l2 = anchor_l2
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed = seed
        self._linear = LinearPaths(
            dim,
            identity_id=identity_id,
            anchor_l2=anchor_l2,
            kernel_initializer=self._initial_kernel,
            name="linear",
            dtype=self.dtype_policy,
        )
        self._branch: ResidualBranch | None = None
        if self.hidden_units:
            self._branch = ResidualBranch(
                dim,
                hidden_units=self.hidden_units,
                activation=self.activation,
                dropout=dropout,
                kernel_regularizer=self.kernel_regularizer,
                seed=seed,
                name="branch",
                dtype=self.dtype_policy,
            )
        # last: its weights stand behind those that bundles of earlier versions have
        self.norms = NormShrinkage(name="norms", dtype=self.dtype_policy)

    def _initial_kernel(self, place: int, shape: list[int]) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(None if self.seed is None else self.seed + 100 + place)

    def build_parts(self, id_dim: int) -> None:
        if self.identity_id:
            self.need_id_width("`identity_id` adds it to the output unchanged")
        self.cold_scale = self._scalar("cold_scale", self.initial_cold_scale)
        self.warm_text_scale = self._scalar("warm_text_scale", self.initial_warm_text_scale)
        self._linear.build_from(id_dim, self.block_dims)
        if self._branch is not None:
            build_named(self._branch, id_dim + sum(self.block_dims.values()) + 1 + len(self.block_dims))

    def _scalar(self, name: str, value: float) -> tf.Variable:
        return self.add_weight(name, [], initializer=keras.initializers.Constant(value))

    def parts(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        id_part, text_part = self._linear(inputs)
        scale = tf.where(inputs.is_cold, self.cold_scale, self.warm_text_scale)
        return id_part, tf.cast(scale, text_part.dtype)[:, tf.newaxis] * self.norms(text_part)

    def residual(self, inputs: FusionInputs, training: tf.Tensor | bool | None) -> tf.Tensor | None:
        return None if self._branch is None else self._branch(inputs.concatenated(), training=training)

    def set_linear(
        self, id_kernel: npt.ArrayLike | None = None, block_kernels: Mapping[str, npt.ArrayLike] | None = None
    ) -> None:
        """Sets linear kernels, and the anchors they are pulled to; what is not named stays.

        Args:
            id_kernel: floating [E, D], or None.
            block_kernels: mapping of block name to floating [T, D], or None.

        Raises:
            InputError: a kernel that does not exist, or of another shape; the layer is not built, and nothing here
                tells E.
        """
        build_for_kernels(self, id_kernel, self.identity_id)
        self._linear.assign(id_kernel, block_kernels or {})

    def get_config(self) -> dict[str, Any]:
        config = {
            "hidden_units": list(self.hidden_units),
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "identity_id": self.identity_id,
            "initial_cold_scale": self.initial_cold_scale,
            "initial_warm_text_scale": self.initial_warm_text_scale,
            "anchor_l2": self.anchor_l2,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
