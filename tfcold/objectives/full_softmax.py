"""Softmax over the whole catalogue."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold.errors import InputError
from tfcold.objectives.objective import Objective
from tfcold.ops.full_softmax import full_softmax_loss
from tfcold.registration import export


@export("tfcold.objectives.FullSoftmax")
class FullSoftmax(Objective):
    """Cross-entropy of each query's targets against every item; no sampling, so nothing to correct.

    `loss_b = -mean over targets p of log softmax_i(q_b . c_i / temperature)[p]`, averaged over the batch. It holds
    B x I logits; 512 queries over 50 000 items are 100 MB.

    Args:
        temperature: float > 0, default 1.
        weight_by_targets: bool, default False. A query counts as often as it has targets, so that every interaction
            weighs the same; false: every query weighs the same.

    Call args:
        query: floating [B, D].
        candidates: floating [I + 1, D]. Row i is item row i; row 0 (unseen) takes no part.
        targets: integer [B, P]. Item rows; 0 pads.
        mask: bool, broadcastable to [B, I + 1], or None. False leaves an item out (an item held out for validation,
            or what the query has in its input; see `tfcold.ops.rows_mask`). A target is never left out.
        sample_weight: floating [B], or None.

    Returns: float32 [], in nats. A query without targets has no weight.

    Raises:
        InputError: `temperature` out of range.

    Example:
        >>> import numpy as np
        >>> loss = FullSoftmax()(np.zeros((1, 2)), np.zeros((4, 2)), np.array([[3, 1]]))
        >>> round(float(loss), 4)  # three equal items: log 3
        1.0986

    References:
        Liang et al. 2018, Variational Autoencoders for Collaborative Filtering, WWW: the multinomial likelihood.
    """

    def __init__(self, *, temperature: float = 1.0, weight_by_targets: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not temperature > 0:
            raise InputError(f"`temperature` must be positive; received {temperature}")
        self.temperature = temperature
        self.weight_by_targets = weight_by_targets

    def call(
        self,
        query: tf.Tensor,
        candidates: tf.Tensor,
        targets: tf.Tensor,
        mask: tf.Tensor | None = None,
        sample_weight: tf.Tensor | None = None,
    ) -> tf.Tensor:
        logits = tf.matmul(self.wide(query), self.wide(candidates), transpose_b=True) / self.temperature
        loss = full_softmax_loss(logits, targets, mask)
        count = tf.reduce_sum(self.wide(targets > 0), axis=1)
        weight = count if self.weight_by_targets else self.wide(count > 0)
        return self.mean(loss, weight if sample_weight is None else weight * self.wide(sample_weight))

    def get_config(self) -> dict[str, Any]:
        config = {"temperature": self.temperature, "weight_by_targets": self.weight_by_targets}
        return {**super().get_config(), **config}
