"""What every fusion of IDs and words shares: one interface, its masks, its checks, its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.layers._shapes import last_axis, positive, same_keys, where_true


class FusionInputs(NamedTuple):
    """The call arguments of a fusion after the base has cleaned them.

    Everything is in the compute dtype; what is absent is zeros.

    Args:
        id_embedding: floating [B, E], zeros where cold.
        blocks: block name -> floating [B, T_name], zeros where masked; in the order of `block_dims`.
        present: block name -> bool [B].
        is_cold: bool [B].
    """

    id_embedding: tf.Tensor
    blocks: dict[str, tf.Tensor]
    present: dict[str, tf.Tensor]
    is_cold: tf.Tensor

    @property
    def any_present(self) -> tf.Tensor:
        """Bool [B]: the row has at least one block."""
        rows = tf.zeros_like(self.is_cold)
        for mask in self.present.values():
            rows |= mask
        return rows

    def concatenated(self) -> tf.Tensor:
        """[B, E + sum of T + 1 + number of blocks]: all parts, then flags that tell an absent part from zeros."""
        flags = tf.stack([~self.is_cold, *self.present.values()], axis=1)
        parts = [self.id_embedding, *self.blocks.values(), tf.cast(flags, self.id_embedding.dtype)]
        return tf.concat(parts, axis=1)


class Fusion(keras.layers.Layer):
    """Base of the fusions: an ID embedding and named blocks of vectors, made one vector.

    `out = id_part + text_part + residual`, plus a learned `prior` in rows that have neither ID nor block. A child
    says in `parts` what the first two are, and in `residual` what comes on top, if anything. Cold rows never read
    their ID embedding; masked rows never read their block; NaN there does no harm.

    Args:
        dim: int D > 0. Width of the output.
        block_dims: mapping of block name to width T. The blocks that will be fed, in order; may be empty.

    Call args:
        id_embedding: floating [B, E].
        blocks: mapping of block name to floating [B, T], already standardised (see `CentredNorm`).
        block_masks: mapping of block name to bool [B]. True where the row has that block.
        is_cold: bool [B]. True where the row was not seen in training.
        training: bool, for the dropout of some children.

    Returns: [B, D] in the layer's compute dtype, not normalised. B = 0 gives [0, D].

    Raises:
        InputError: an argument out of range; blocks with other names or widths than `block_dims` says.

    References:
        Cold rows: Volkovs et al. 2017, DropoutNet, NeurIPS.
    """

    def __init__(self, dim: int, block_dims: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        positive("dim", dim)
        for name, width in block_dims.items():
            positive(f"block_dims[{name!r}]", width)
        self.dim = dim
        self.block_dims = dict(block_dims)

    # What a child says

    frozen_inputs = False  # whether gradients stop at what is fed

    def build_parts(self, id_dim: int) -> None:
        """Makes the child's weights. `id_dim` is E."""
        raise NotImplementedError

    def parts(self, inputs: FusionInputs) -> tuple[tf.Tensor, tf.Tensor]:
        """What the ID contributes [B, D], zeros where cold, and what the blocks contribute [B, D]."""
        raise NotImplementedError

    def residual(self, inputs: FusionInputs, training: tf.Tensor | bool | None) -> tf.Tensor | None:
        """What is added on top [B, D], or None."""
        return None

    # What the base does

    def build(self, input_shape: Any) -> None:
        self.id_dim = int(input_shape[-1])
        self.prior = self.add_weight("prior", [self.dim], initializer="zeros")
        self.build_parts(self.id_dim)
        super().build(input_shape)

    def call(
        self,
        id_embedding: tf.Tensor,
        blocks: Mapping[str, tf.Tensor],
        block_masks: Mapping[str, tf.Tensor],
        is_cold: tf.Tensor,
        training: tf.Tensor | bool | None = None,
    ) -> tf.Tensor:
        inputs = self.clean(id_embedding, blocks, block_masks, is_cold)
        id_part, text_part = self.parts(inputs)
        unknown = tf.cast(inputs.is_cold & ~inputs.any_present, id_part.dtype)
        fused = id_part + text_part + unknown[:, tf.newaxis] * tf.cast(self.prior, id_part.dtype)
        residual = self.residual(inputs, training)
        return fused if residual is None else fused + residual

    def text_share(
        self,
        id_embedding: tf.Tensor,
        blocks: Mapping[str, tf.Tensor],
        block_masks: Mapping[str, tf.Tensor],
        is_cold: tf.Tensor,
    ) -> tf.Tensor:
        """How far the output leans on text against ID: `|text_part| / (|id_part| + |text_part|)`, float32 [B].

        In [0, 1]: 1 for a cold row with text, 0 for a row without any. The residual is left out. The arguments are
        those of the call; the layer must be built.
        """
        id_part, text_part = self.parts(self.clean(id_embedding, blocks, block_masks, is_cold))
        id_length = tf.norm(tf.cast(id_part, tf.float32), axis=1)
        text_length = tf.norm(tf.cast(text_part, tf.float32), axis=1)
        return tf.math.divide_no_nan(text_length, id_length + text_length)

    def clean(
        self,
        id_embedding: tf.Tensor,
        blocks: Mapping[str, tf.Tensor],
        block_masks: Mapping[str, tf.Tensor],
        is_cold: tf.Tensor,
    ) -> FusionInputs:
        """The call arguments, checked, in the compute dtype, with zeros for what is absent."""
        same_keys("blocks", blocks, self.block_dims)
        same_keys("block_masks", block_masks, self.block_dims)
        is_cold = tf.cast(is_cold, tf.bool)
        id_embedding = tf.cast(id_embedding, self.compute_dtype)
        last_axis("id_embedding", id_embedding, self.id_dim)
        present = {name: tf.cast(block_masks[name], tf.bool) for name in self.block_dims}
        vectors = {}
        for name, width in self.block_dims.items():
            vector = tf.cast(blocks[name], self.compute_dtype)
            last_axis(f"blocks[{name!r}]", vector, width, f"Say `block_dims={{{name!r}: {vector.shape[-1]}}}`")
            vectors[name] = where_true(present[name], vector)
        cleaned = FusionInputs(where_true(~is_cold, id_embedding), vectors, present, is_cold)
        if self.frozen_inputs:
            return FusionInputs(
                tf.stop_gradient(cleaned.id_embedding),
                {name: tf.stop_gradient(vector) for name, vector in vectors.items()},
                present,
                is_cold,
            )
        return cleaned

    def need_id_width(self, why: str) -> None:
        """Raises InputError unless E equals D."""
        if self.id_dim != self.dim:
            raise InputError(
                f"`id_embedding` must have shape [B, {self.dim}], as {why}; received [..., {self.id_dim}]. "
                f"Make the embedding {self.dim} wide, or use `ConcatFusion`"
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim, "block_dims": dict(self.block_dims)}
