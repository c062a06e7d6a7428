"""Cross-entropy over the whole catalogue, several targets a row."""

from __future__ import annotations

import tensorflow as tf

from tfcold.ops.sampled_softmax import NEVER


def rows_mask(rows: tf.Tensor, num_rows: tf.Tensor | int) -> tf.Tensor:
    """Bool [B, num_rows]: true at every row that is listed; row 0, which pads, is always false.

    Args:
        rows: integer [B, X], in 0..num_rows - 1; repeats do no harm.
        num_rows: int, I + 1.
    """
    rows = tf.cast(rows, tf.int32)
    batch, width = tf.shape(rows)[0], tf.shape(rows)[1]
    position = tf.range(batch)[:, tf.newaxis] * num_rows + rows
    flat = tf.scatter_nd(
        tf.reshape(position, [-1, 1]), tf.ones([batch * width], tf.int32), tf.reshape(batch * num_rows, [1])
    )
    listed = tf.reshape(flat > 0, [batch, num_rows])
    return listed & (tf.range(num_rows) > 0)[tf.newaxis, :]


def full_softmax_loss(logits: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """`-mean over targets of log softmax(logits)[target]`, the softmax over every candidate that `mask` admits.

    Args:
        logits: floating [B, I + 1], one column an item row; column 0 (unseen) takes no part. Use float32.
        targets: integer [B, P]. Item rows; 0 pads. A row listed twice counts twice.
        mask: bool, broadcastable to [B, I + 1], or None. False leaves an item out of the softmax, unless it is a
            target of that row (a target left out has loss 0 gradient, so we keep it in).

    Returns: [B], in nats. A row without a target has loss 0.

    References:
        Liang et al. 2018, Variational Autoencoders for Collaborative Filtering, WWW: the multinomial likelihood. It
        sums over the targets; we take the mean, and leave the weight of a row to the caller.
    """
    num_rows = tf.shape(logits)[1]
    admitted = (tf.range(num_rows) > 0)[tf.newaxis, :]
    if mask is not None:
        admitted &= mask | rows_mask(targets, num_rows)
    logits = tf.where(admitted, logits, tf.cast(NEVER, logits.dtype))
    log_normaliser = tf.reduce_logsumexp(logits, axis=1)  # [B]
    counts = tf.cast(targets > 0, logits.dtype)  # [B, P]
    log_likelihood = tf.gather(logits, targets, batch_dims=1) - log_normaliser[:, tf.newaxis]  # [B, P]
    total = tf.reduce_sum(tf.where(targets > 0, log_likelihood, tf.zeros_like(log_likelihood)), axis=1)
    return -tf.math.divide_no_nan(total, tf.reduce_sum(counts, axis=1))
