"""Several weighted sums of ID and text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.layers._block_mean import BlockMean
from tfcold.layers._shapes import positive
from tfcold.layers.fusion import Fusion, FusionInputs
from tfcold.registration import export


@export("tfcold.layers.HeadsFusion")
class HeadsFusion(Fusion):
    """Weighted sums of an ID embedding and the blocks, one a head, side by side, projected.

    `h_k = w_k e + b_k t` for K heads, and `out = [h_1; ...; h_K] W`, where `t` is the mean of the blocks a row has,
    each brought to width D by a linear map. `w_k` and `b_k` are scalars, or vectors with one weight a coordinate.

    Args:
        dim: as in `Fusion`; E must equal D.
        block_dims: as in `Fusion`.
        num_heads: int K > 0, default 4.
        per_coordinate: bool, default False. `w_k` and `b_k` are vectors [D] instead of scalars.
        kernel_regularizer: Keras regularizer, its name or config, or None. On the maps of the blocks and on W.
        seed: int or None. Fixes initial weights.

    Call args, Returns: as in `Fusion`.

    Raises:
        InputError: as in `Fusion`; `num_heads` out of range; E other than D.
    """

    def __init__(
        self,
        dim: int,
        block_dims: Mapping[str, int],
        *,
        num_heads: int = 4,
        per_coordinate: bool = False,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dim, block_dims, **kwargs)
        positive("num_heads", num_heads)
        self.num_heads = num_heads
        self.per_coordinate = per_coordinate
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

    def build_parts(self, id_dim: int) -> None:
        self.need_id_width("a head adds it to text of that width")
        self._semantic.build_all()
        shape = [self.num_heads, self.dim if self.per_coordinate else 1]
        # around 1, and no two heads alike: equal heads would get equal gradients but for W
        self.id_weights = self.add_weight("id_weights", shape, initializer=self._uniform(50))
        self.text_weights = self.add_weight("text_weights", shape, initializer=self._uniform(51))
        self.kernel = self.add_weight(
            "kernel",
            [self.num_heads * self.dim, self.dim],
            initializer=keras.initializers.GlorotUniform(None if self.seed is None else self.seed + 52),
            regularizer=self.kernel_regularizer,
        )

    def _uniform(self, shift: int) -> keras.initializers.Initializer:
        return keras.initializers.RandomUniform(0.5, 1.5, None if self.seed is None else self.seed + shift)

    def parts(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        id_part = self._project(inputs.id_embedding, self.id_weights)
        return id_part, self._project(self._semantic(inputs), self.text_weights)

    def _project(self, vectors: tf.Tensor, weights: tf.Variable) -> tf.Tensor:
        """[B, D]: the part of `[h_1; ...; h_K] W` that comes from these vectors [B, D]."""
        heads = vectors[:, tf.newaxis, :] * tf.cast(weights, vectors.dtype)  # [B, K, D]
        flat = tf.reshape(heads, [-1, self.num_heads * self.dim])
        return tf.matmul(flat, tf.cast(self.kernel, vectors.dtype))

    def get_config(self) -> dict[str, Any]:
        config = {
            "num_heads": self.num_heads,
            "per_coordinate": self.per_coordinate,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
