"""Sampled softmax over the batch, by TensorFlow Recommenders."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_recommenders as tfrs

from tfcold._keras import keras
from tfcold.errors import InputError
from tfcold.objectives.objective import Objective
from tfcold.ops.log_q import mixed_probability
from tfcold.registration import export


@export("tfcold.objectives.RetrievalObjective")
class RetrievalObjective(Objective):
    """Cross-entropy of each query's own candidate against the batch's others and uniform negatives.

    `loss_b = -log softmax_n(q_b . c_n / temperature - log Q_n)[b]`, averaged over the batch, by
    `tfrs.tasks.Retrieval`. Candidates 1..B are the positives, each a negative of the other queries; M more rows may
    be appended, drawn evenly from the catalogue, so that items that training rows never show are pushed down too.
    `Q` accounts for both ways of being drawn: `Q_n = (B q_n + M / I) / (B + M)`.

    TFRS clips Q to [1e-6, 1] before the logarithm, which flattens the tail of a large catalogue. Only ratios of Q
    matter, so we hand it `Q / max Q`: a clip then takes a popularity ratio above a million.

    Args:
        temperature: float > 0, default 1. Divides the products, not log Q.
        remove_accidental_hits: bool, default True. A negative that is the same item as the positive is left out.
        num_hard_negatives: int > 0 or None. Keeps only so many negatives a query, those with the highest logits.

    Call args:
        query: floating [B, D].
        candidate: floating [B, D].
        candidate_rows: integer [B], or None. Needed for `remove_accidental_hits`.
        candidate_probability: floating [B], or None for no logQ correction. The item's share of training rows, q.
        negatives: floating [M, D], or None. Uniform negatives.
        negative_rows: integer [M]. Needed beside `negatives` for `remove_accidental_hits`.
        negative_probability: floating [M]. Their q (not 1 / I); 0 is allowed. Needed beside `negatives` for logQ.
        num_items: int, I. How many items the uniform negatives are drawn from. Needed beside `negatives` for logQ.
        known: bool [B, B + M], or None. True where the query is known to like the candidate: no negative of it.
        sample_weight: floating [B], or None.

    Returns: float32 [], in nats.

    Raises:
        InputError: an argument out of range, or one that is needed is missing.

    Example:
        >>> import numpy as np
        >>> loss = RetrievalObjective(remove_accidental_hits=False)(np.zeros((2, 3)), np.zeros((2, 3)))
        >>> round(float(loss), 4)  # two equal logits: log 2
        0.6931

    References:
        Yi et al. 2019, Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations, RecSys; Yang et
        al. 2020, Mixed Negative Sampling for Learning Two-tower Neural Networks in Recommendations, WWW.
    """

    def __init__(
        self,
        *,
        temperature: float = 1.0,
        remove_accidental_hits: bool = True,
        num_hard_negatives: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not temperature > 0:
            raise InputError(f"`temperature` must be positive; received {temperature}")
        if num_hard_negatives is not None and num_hard_negatives < 1:
            raise InputError(f"`num_hard_negatives` must be at least 1, or None for all; received {num_hard_negatives}")
        self.temperature = temperature
        self.remove_accidental_hits = remove_accidental_hits
        self.num_hard_negatives = num_hard_negatives
        # SUM: any other reduction is refused under a `tf.distribute` strategy
        self._task = tfrs.tasks.Retrieval(
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, reduction=keras.losses.Reduction.SUM),
            temperature=temperature,
            num_hard_negatives=num_hard_negatives,
            remove_accidental_hits=remove_accidental_hits,
        )

    def call(
        self,
        query: tf.Tensor,
        candidate: tf.Tensor,
        candidate_rows: tf.Tensor | None = None,
        candidate_probability: tf.Tensor | None = None,
        negatives: tf.Tensor | None = None,
        negative_rows: tf.Tensor | None = None,
        negative_probability: tf.Tensor | None = None,
        num_items: tf.Tensor | int | None = None,
        known: tf.Tensor | None = None,
        sample_weight: tf.Tensor | None = None,
    ) -> tf.Tensor:
        query, candidates = self.wide(query), self.wide(candidate)
        rows, probability = candidate_rows, candidate_probability
        if self.remove_accidental_hits:
            _need(rows, "candidate_rows", "remove_accidental_hits=True")
        if negatives is not None:
            candidates = tf.concat([candidates, self.wide(negatives)], axis=0)
            if rows is not None:
                _need(negative_rows, "negative_rows", "`negatives` with `candidate_rows`")
                rows = tf.concat([rows, tf.cast(negative_rows, rows.dtype)], axis=0)
            if probability is not None:
                _need(negative_probability, "negative_probability", "`negatives` with `candidate_probability`")
                _need(num_items, "num_items", "`negatives` with `candidate_probability`")
                popularity = tf.concat([self.wide(probability), self.wide(negative_probability)], axis=0)
                probability = mixed_probability(popularity, tf.shape(query)[0], tf.shape(negatives)[0], num_items)
        total = self._total(
            query,
            candidates,
            sample_weight=sample_weight,
            candidate_sampling_probability=_relative(probability),
            candidate_ids=rows if self.remove_accidental_hits else None,
            score_mask=_admitted(known, tf.shape(query)[0], tf.shape(candidates)[0]),
            compute_metrics=False,
            compute_batch_metrics=False,
        )
        weight = tf.ones_like(query[:, 0]) if sample_weight is None else self.wide(sample_weight)
        return tf.math.divide_no_nan(total, tf.reduce_sum(weight))

    def _total(self, *arguments: tf.Tensor, **options: Any) -> tf.Tensor:
        """The task's loss, all in float32.

        The task and the layers it makes on the way follow the global policy, and under a mixed one they cast some of
        their arguments to float16 and not the others. So: `call` instead of `__call__`, and the policy set aside.
        """
        policy = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy("float32")
        try:
            return self._task.call(*arguments, **options)
        finally:
            keras.mixed_precision.set_global_policy(policy)

    def get_config(self) -> dict[str, Any]:
        config = {
            "temperature": self.temperature,
            "remove_accidental_hits": self.remove_accidental_hits,
            "num_hard_negatives": self.num_hard_negatives,
        }
        return {**super().get_config(), **config}


def _need(value: Any, name: str, why: str) -> None:
    if value is None:
        raise InputError(f"`{name}` is needed for {why}; received None")


def _relative(probability: tf.Tensor | None) -> tf.Tensor | None:
    if probability is None:
        return None
    probability = tf.cast(probability, tf.float32)
    return probability / tf.reduce_max(probability)


def _admitted(known: tf.Tensor | None, num_queries: tf.Tensor, num_candidates: tf.Tensor) -> tf.Tensor | None:
    """TFRS's `score_mask`: false leaves a candidate out, so the positive itself, which is known, must be true."""
    return None if known is None else ~known | tf.eye(num_queries, num_candidates, dtype=tf.bool)
