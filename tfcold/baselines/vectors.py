"""Item vectors as the baselines read them: centred on training items, unit length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfcold.blocks import Features, VectorBlock
from tfcold.errors import InputError

Matrix = npt.NDArray[np.float32]


def item_block(features: Features, name: str, needed_by: str) -> VectorBlock:
    """The named block of item vectors.

    Raises:
        InputError: there is none.
    """
    if name not in features.items:
        raise InputError(
            f"`features.items` must have block {name!r} for {needed_by}; it has {sorted(features.items)}. "
            f"Pass `Features(items={{{name!r}: vectors.block({name!r}, dataset.item_ids)}})`, or another `block`"
        )
    return features.items[name]


def centred_unit(block: VectorBlock, fitted_on: npt.NDArray[np.bool_]) -> Matrix:
    """Vectors [I + 1, T] less the mean over the rows `fitted_on`, each then of length 1; zeros where there is none."""
    known = block.mask & fitted_on
    mean = block.vectors[known].mean(axis=0, dtype=np.float64) if known.any() else np.zeros(block.width)
    vectors = unit(block.vectors - mean.astype(np.float32))
    vectors[~block.mask] = 0
    return vectors


def unit(vectors: Matrix) -> Matrix:
    """Rows divided by their length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
