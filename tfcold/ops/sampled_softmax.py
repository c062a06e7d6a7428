"""Cross-entropy over the candidates that happen to be in the batch."""

from __future__ import annotations

import tensorflow as tf

from tfcold.ops.log_q import correct_log_q

NEVER = -1e30  # a logit that is never chosen; finite, so that gradients are


def sampled_softmax_loss(
    query: tf.Tensor,
    candidates: tf.Tensor,
    *,
    probability: tf.Tensor | None = None,
    candidate_rows: tf.Tensor | None = None,
    known: tf.Tensor | None = None,
    temperature: float = 1.0,
) -> tf.Tensor:
    """`-log softmax(query . candidates / temperature - log Q)` at each query's own candidate.

    Candidate b is the positive of query b, for b < B, and a negative of all others; candidates beyond B are negatives
    of all (drawn uniformly, say; see `mixed_probability` for their Q).

    Args:
        query: floating [B, D].
        candidates: floating [N, D], N >= B, of the same dtype.
        probability: floating [N], or None for no logQ correction.
        candidate_rows: integer [N], or None. A negative that is the same item as the positive is left out.
        known: bool [B, N], or None. True for a candidate the query is known to like: left out as a negative.
        temperature: float > 0, divides the products, not log Q.

    Returns: [B], in nats.

    References:
        Yi et al. 2019, RecSys (as `correct_log_q`). The same loss as `tfrs.tasks.Retrieval`, row by row.
    """
    logits = tf.matmul(query, candidates, transpose_b=True) / temperature
    if probability is not None:
        logits = correct_log_q(logits, probability)
    num_queries, num_candidates = tf.shape(logits)[0], tf.shape(logits)[1]
    hidden = tf.zeros_like(logits, tf.bool)
    if candidate_rows is not None:
        hidden |= tf.equal(candidate_rows[:num_queries, tf.newaxis], candidate_rows[tf.newaxis, :])
    if known is not None:
        hidden |= known
    hidden &= ~tf.eye(num_queries, num_candidates, dtype=tf.bool)
    logits = tf.where(hidden, tf.cast(NEVER, logits.dtype), logits)
    # TensorFlow's own cross-entropy refuses a batch of zero rows, as it has zero classes
    return tf.reduce_logsumexp(logits, axis=1) - tf.linalg.diag_part(logits)
