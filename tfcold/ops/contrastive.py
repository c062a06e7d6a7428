"""Two views of the same rows, pulled together."""

from __future__ import annotations

import tensorflow as tf

from tfcold.ops.normalise import l2_normalise
from tfcold.ops.sampled_softmax import sampled_softmax_loss


def contrastive_loss(
    first: tf.Tensor,
    second: tf.Tensor,
    *,
    rows: tf.Tensor | None = None,
    mask: tf.Tensor | None = None,
    temperature: float = 0.1,
) -> tf.Tensor:
    """Symmetric InfoNCE: each `first` finds its own `second` among all of the batch, and the other way round.

    `loss_b = (-log softmax_c(f_b . s_c / temperature)[b] - log softmax_c(s_b . f_c / temperature)[b]) / 2` with both
    sides at unit length.

    Args:
        first: floating [B, D].
        second: floating [B, D], of the same dtype.
        rows: integer [B], or None. Rows that are the same item are no negatives of each other.
        mask: bool [B], or None. A row that is false (an item without text, say) is nobody's negative and has loss 0.
        temperature: float > 0.

    Returns: [B], in nats.

    References:
        van den Oord et al. 2018, arXiv:1807.03748; symmetric as in Radford et al. 2021, CLIP, arXiv:2103.00020.
    """
    first, second = l2_normalise(first), l2_normalise(second)
    absent = None if mask is None else tf.tile(~mask[tf.newaxis, :], [tf.shape(first)[0], 1])

    def one_way(query: tf.Tensor, candidates: tf.Tensor) -> tf.Tensor:
        return sampled_softmax_loss(query, candidates, candidate_rows=rows, known=absent, temperature=temperature)

    loss = (one_way(first, second) + one_way(second, first)) / 2
    return loss if mask is None else tf.where(mask, loss, tf.zeros_like(loss))
