"""The features of every row, computed once and gathered inside the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.blocks import VectorBlock
from tfcold.errors import InputError
from tfcold.registration import export
from tfcold.towers import BlockEncoder

Kernels = Mapping[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]  # landmarks, coefficients

_PASS = 4096


@export("tfcold.models.FeatureTable")
class FeatureTable(keras.layers.Layer):
    """Holds the encoded blocks of all rows; a batch gathers from it, so no vector is copied per interaction.

    Args:
        num_rows: int. Rows with an id; row 0 comes on top and has no vectors.
        widths: mapping of block name to width T of the raw vectors. May be empty.
        num_landmarks: mapping of block name to int >= 0, default none. Kernel landmarks of a block (`BlockEncoder`).
        gamma: float > 0, default 0.5.
        kernel_dim: int > 0 or None, as in `BlockEncoder`.
    """

    def __init__(
        self,
        num_rows: int,
        widths: Mapping[str, int],
        num_landmarks: Mapping[str, int] | None = None,
        gamma: float = 0.5,
        kernel_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_rows = num_rows
        self.widths = dict(widths)
        self.num_landmarks = dict(num_landmarks or {})
        self.gamma = gamma
        self.kernel_dim = kernel_dim
        self.encoders = {
            name: BlockEncoder(width, self.num_landmarks.get(name, 0), gamma, kernel_dim, name=f"{name}_encoder")
            for name, width in self.widths.items()
        }
        self._tables: dict[str, tf.Variable] = {}
        self._masks: dict[str, tf.Variable] = {}
        self.build(None)

    def build(self, input_shape: Any) -> None:
        for name, encoder in self.encoders.items():
            encoder.build((None, encoder.width))
            self._tables[name] = self.add_weight(
                name=f"{name}_features",
                shape=(self.num_rows + 1, encoder.feature_width),
                dtype=tf.float32,
                initializer="zeros",
                trainable=False,
                experimental_autocast=False,  # what is gathered is cast, not the whole table
            )
            self._masks[name] = self.add_weight(
                name=f"{name}_mask",
                shape=(self.num_rows + 1,),
                dtype=tf.bool,
                initializer=keras.initializers.Constant(False),
                trainable=False,
            )
        super().build(input_shape)

    def adapt(
        self,
        blocks: Mapping[str, VectorBlock],
        *,
        fit_rows: npt.NDArray[np.bool_],
        seed: int | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        """Fits the block encoders on the rows that training may see, then encodes all rows.

        Args:
            blocks: one `VectorBlock` for each name of `widths`, with `num_rows + 1` rows.
            fit_rows: bool [num_rows + 1]. True where training may look.
            seed: int or None. Draws the landmarks.
            kernels: mapping of block name to landmarks and coefficients, where there is a `kernel_dim`.
        """
        for name, encoder in self.encoders.items():
            block = blocks[name]
            kernel = (kernels or {}).get(name)
            encoder.adapt(block.vectors[fit_rows], block.mask[fit_rows], seed=seed, kernel=kernel)
            table = np.zeros((self.num_rows + 1, encoder.feature_width), np.float32)
            for start in range(0, len(table), _PASS):
                part = slice(start, start + _PASS)
                encoded = encoder(tf.constant(block.vectors[part]), tf.constant(block.mask[part]))
                table[part] = tf.cast(encoded, tf.float32).numpy()
            self._tables[name].assign(table)
            self._masks[name].assign(block.mask)

    @property
    def feature_widths(self) -> dict[str, int]:
        """F of every block."""
        return {name: encoder.feature_width for name, encoder in self.encoders.items()}

    def lookup(self, rows: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Features [N, F] and masks bool [N] of every block, at int32 rows [N]."""
        features = {name: tf.cast(tf.gather(table, rows), self.compute_dtype) for name, table in self._tables.items()}
        return features, {name: tf.gather(mask, rows) for name, mask in self._masks.items()}

    def any_mask(self) -> npt.NDArray[np.bool_]:
        """Bool [num_rows + 1]: true where a row has a vector in any block."""
        masks = [mask.numpy() for mask in self._masks.values()]
        return np.any(masks, axis=0) if masks else np.zeros(self.num_rows + 1, bool)

    def encode(
        self, vectors: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """The same of raw vectors [N, T]; a block that is not given is missing from every row."""
        num = tf.shape(next(iter(vectors.values())))[0]
        features, present = {}, {}
        for name, encoder in self.encoders.items():
            raw = vectors.get(name, tf.zeros((num, encoder.width)))
            present[name] = masks.get(name, tf.fill([num], name in vectors))
            features[name] = encoder(raw, present[name])
        return features, present

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            num_rows=self.num_rows,
            widths=dict(self.widths),
            num_landmarks=dict(self.num_landmarks),
            gamma=self.gamma,
            kernel_dim=self.kernel_dim,
        )
        return config


def blocks_wanted(given: Mapping[str, VectorBlock], wanted: Mapping[str, int], side: str) -> dict[str, VectorBlock]:
    """The blocks of one `side` of `Features`, `"items"` or `"users"`, by the names and widths that a schema wants.

    Raises:
        InputError: one is missing or has another width.
    """
    for name, width in wanted.items():
        found = given[name].width if name in given else None
        if found != width:
            raise InputError(
                f"`features.{side}` must hold the blocks of the schema, {dict(wanted)}; received block {name!r} "
                f"of width {found}. Build the schema from the same features"
            )
    return {name: given[name] for name in wanted}
