"""A blend of two vectors."""

from __future__ import annotations

import tensorflow as tf


def gate(first: tf.Tensor, second: tf.Tensor, openness: tf.Tensor) -> tf.Tensor:
    """`openness * first + (1 - openness) * second`, coordinate by coordinate.

    Args:
        first: floating [..., D].
        second: floating [..., D], of the same dtype.
        openness: floating in [0, 1], broadcastable to [..., D]. 1 gives `first`, 0 gives `second`, both exactly.

    Returns: [..., D] in the dtype of `first`.

    References:
        Arevalo et al. 2017, Gated Multimodal Units, arXiv:1702.01992; we omit its tanh.
    """
    return openness * first + (1 - openness) * second
