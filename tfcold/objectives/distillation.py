"""A student that scores as its teacher does."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold.errors import InputError
from tfcold.objectives.objective import Objective
from tfcold.ops.sampled_softmax import NEVER
from tfcold.registration import export

_KINDS = ("mse", "kl")


@export("tfcold.objectives.Distillation")
class Distillation(Objective):
    """The distance of a student's scores from a teacher's, over the same candidates.

    `"mse"`: the mean over candidates of `(student - teacher)^2`, for a student that should give the same numbers.
    `"kl"`: `temperature^2 KL(softmax(teacher / temperature) || softmax(student / temperature))`, in nats, for one that
    should give the same order. Either is averaged over the batch. No gradient flows into the teacher.

    Args:
        kind: "mse" (default) or "kl".
        temperature: float > 0, default 1. For "kl" only.

    Call args:
        student_scores: floating [B, N].
        teacher_scores: floating [B, N].
        mask: bool [B, N], or None. False leaves a candidate out.
        sample_weight: floating [B], or None.

    Returns: float32 [].

    Raises:
        InputError: an argument out of range.

    References:
        Hinton, Vinyals & Dean 2015, Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
    """

    def __init__(self, kind: str = "mse", *, temperature: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kind not in _KINDS:
            raise InputError(f"`kind` must be one of {list(_KINDS)}; received {kind!r}")
        if not temperature > 0:
            raise InputError(f"`temperature` must be positive; received {temperature}")
        self.kind = kind
        self.temperature = temperature

    def call(
        self,
        student_scores: tf.Tensor,
        teacher_scores: tf.Tensor,
        mask: tf.Tensor | None = None,
        sample_weight: tf.Tensor | None = None,
    ) -> tf.Tensor:
        student = self.wide(student_scores)
        teacher = tf.stop_gradient(self.wide(teacher_scores))
        mask = tf.ones_like(student, tf.bool) if mask is None else mask
        distance = self._squares if self.kind == "mse" else self._divergence
        return self.mean(distance(student, teacher, mask), sample_weight)

    def _squares(self, student: tf.Tensor, teacher: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        squares = tf.square(tf.where(mask, student - teacher, 0.0))
        return tf.math.divide_no_nan(tf.reduce_sum(squares, axis=1), tf.reduce_sum(self.wide(mask), axis=1))

    def _divergence(self, student: tf.Tensor, teacher: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        log_student = tf.nn.log_softmax(tf.where(mask, student / self.temperature, NEVER))
        log_teacher = tf.nn.log_softmax(tf.where(mask, teacher / self.temperature, NEVER))
        terms = tf.where(mask, tf.exp(log_teacher) * (log_teacher - log_student), 0.0)
        return self.temperature**2 * tf.reduce_sum(terms, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "temperature": self.temperature}
