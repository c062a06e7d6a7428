"""A weight that stands back the more is known."""

from __future__ import annotations

import tensorflow as tf


def fading(counts: tf.Tensor, strength: tf.Tensor, decay: tf.Tensor) -> tf.Tensor:
    """`strength / (1 + n) ** decay`: how much a prior counts beside n interactions.

    Args:
        counts: floating [B]. Each n, at least 0.
        strength: float32 []. The weight where nothing is known.
        decay: float32 []. 0 keeps it for all lengths.

    Returns: float32 [B].
    """
    return strength / tf.pow(1.0 + tf.cast(counts, tf.float32), decay)
