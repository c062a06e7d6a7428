from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.objectives import Distillation

STUDENT = tf.constant([[1.0, 2.0, 50.0], [0.0, 0.0, 0.0]])
TEACHER = tf.constant([[2.0, 4.0, 0.0], [0.0, 3.0, 0.0]])
MASK = tf.constant([[True, True, False], [True, True, True]])


def test_squares_are_averaged_over_candidates_then_rows() -> None:
    # row 0: (1 + 4) / 2; row 1: 9 / 3
    assert float(Distillation("mse")(STUDENT, TEACHER, MASK)) == pytest.approx((2.5 + 3) / 2)


def test_divergence() -> None:
    def log_softmax(scores: np.ndarray) -> np.ndarray:
        return scores - np.log(np.exp(scores).sum())

    teacher, student = log_softmax(np.array([1.0, 2.0])), log_softmax(np.array([0.5, 1.0]))  # row 0 over 2
    expected = 4 * (np.exp(teacher) * (teacher - student)).sum()

    received = Distillation("kl", temperature=2.0)(STUDENT[:1], TEACHER[:1], MASK[:1])
    assert float(received) == pytest.approx(expected, rel=1e-5)


def test_divergence_sees_order_and_not_level() -> None:
    assert float(Distillation("kl")(TEACHER + 7.0, TEACHER)) == pytest.approx(0, abs=1e-6)
    assert float(Distillation("mse")(TEACHER + 7.0, TEACHER)) == pytest.approx(49)


def test_teacher_does_not_learn() -> None:
    with tf.GradientTape() as tape:
        tape.watch([STUDENT, TEACHER])
        loss = Distillation("kl")(STUDENT, TEACHER)
    to_student, to_teacher = tape.gradient(loss, [STUDENT, TEACHER])

    assert np.abs(to_student).max() > 0
    assert to_teacher is None


def test_sample_weight() -> None:
    received = Distillation()(STUDENT, TEACHER, MASK, sample_weight=tf.constant([0.0, 2.0]))

    assert float(received) == pytest.approx(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"kind": "l1"}, r"one of \['mse', 'kl'\]; received 'l1'"), ({"temperature": 0.0}, "received 0.0")],
)
def test_arguments_out_of_range(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Distillation(**arguments)
