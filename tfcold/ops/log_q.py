"""Correcting a softmax for how its candidates were drawn."""

from __future__ import annotations

import tensorflow as tf

_TINY = 1e-30  # smallest normal numbers of float32 are near 1e-38; a probability of zero is a caller's slip, not NaN


def correct_log_q(logits: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
    """`logits - log Q`: what makes the softmax over drawn candidates an estimate of the softmax over all.

    A popular item is drawn often as a negative; without the correction it is pushed down as often. Only ratios of
    Q matter: a factor shared by all candidates moves every logit alike.

    Args:
        logits: floating [B, N].
        probability: floating [N], positive. How often each candidate is drawn (a share, or an expected count).

    Returns: [B, N] in the dtype of `logits`.

    References:
        Bengio & Senecal 2008, Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
        Model; Yi et al. 2019, Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations, RecSys.
    """
    return logits - tf.math.log(tf.maximum(tf.cast(probability, logits.dtype), _TINY))


def mixed_probability(
    popularity: tf.Tensor, num_in_batch: tf.Tensor | int, num_uniform: tf.Tensor | int, num_items: tf.Tensor | int
) -> tf.Tensor:
    """The share of draws that are a given item, when a batch mixes its own positives with uniform negatives.

    `Q_i = (B q_i + M / I) / (B + M)`: B in-batch candidates come with the item's share of training rows, q_i, and M
    more come evenly from the catalogue of I.

    Args:
        popularity: floating [N], q_i in [0, 1]. 0 for an item that training rows never show.
        num_in_batch: int, B.
        num_uniform: int, M. 0 gives `popularity` back.
        num_items: int, I, at least 1.

    Returns: floating [N].

    References:
        Yang et al. 2020, Mixed Negative Sampling for Learning Two-tower Neural Networks in Recommendations, WWW.
    """
    popularity = tf.convert_to_tensor(popularity)
    in_batch = tf.cast(num_in_batch, popularity.dtype)
    uniform = tf.cast(num_uniform, popularity.dtype)
    return (in_batch * popularity + uniform / tf.cast(num_items, popularity.dtype)) / (in_batch + uniform)
