"""What we lean on in TensorFlow Recommenders, pinned: it has changed before."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from tfcold._keras import keras

# Three queries on the axes; candidate n is what query n likes. Logits are the candidates' coordinates.
QUERY = np.eye(3, dtype=np.float32)
CANDIDATES = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.5, 0.0, 2.0]], np.float32)
LOGITS = QUERY @ CANDIDATES.T  # row b, column n: candidate n's coordinate b


def loss(logits: np.ndarray) -> float:
    """The summed cross-entropy with the diagonal as targets."""
    return float(sum(math.log(np.exp(row).sum()) - row[b] for b, row in enumerate(np.asarray(logits, np.float64))))


def task(**options: object) -> tfrs.tasks.Retrieval:
    return tfrs.tasks.Retrieval(**options)


def test_loss_is_summed_over_the_batch() -> None:
    assert float(task()(QUERY, CANDIDATES)) == pytest.approx(loss(LOGITS), rel=1e-5)


def test_temperature_divides() -> None:
    received = float(task(temperature=0.5)(QUERY, CANDIDATES))

    assert received == pytest.approx(loss(LOGITS / 0.5), rel=1e-5)
    assert received != pytest.approx(loss(LOGITS * 0.5), rel=1e-2)


def test_log_q_is_subtracted() -> None:
    # a popular candidate (0.8) gets log(0.8) taken off, a rare one (0.01) log(0.01): the rare one rises
    share = np.array([0.8, 0.19, 0.01], np.float32)
    received = float(task()(QUERY, CANDIDATES, candidate_sampling_probability=share))

    assert received == pytest.approx(loss(LOGITS - np.log(share)), rel=1e-5)
    assert received != pytest.approx(loss(LOGITS + np.log(share)), rel=1e-2)


def test_log_q_comes_after_temperature() -> None:
    share = np.array([0.8, 0.19, 0.01], np.float32)
    received = float(task(temperature=0.5)(QUERY, CANDIDATES, candidate_sampling_probability=share))

    assert received == pytest.approx(loss(LOGITS / 0.5 - np.log(share)), rel=1e-5)


def test_probability_is_clipped_to_a_millionth_and_to_one() -> None:
    """Why the objective hands over ratios to the largest."""
    share = np.array([5.0, 1.0, 1e-9], np.float32)
    received = float(task()(QUERY, CANDIDATES, candidate_sampling_probability=share))

    assert received == pytest.approx(loss(LOGITS - np.log([1.0, 1.0, 1e-6])), rel=1e-5)


def test_accidental_hit_is_removed() -> None:
    # rows 0 and 1 are the same item: neither is the other's negative
    rows = np.array([7, 7, 8])
    without = LOGITS.copy()
    without[0, 1] = without[1, 0] = -np.inf
    received = float(task(remove_accidental_hits=True)(QUERY, CANDIDATES, candidate_ids=rows))

    assert received == pytest.approx(loss(without), rel=1e-5)
    assert received < float(task()(QUERY, CANDIDATES, candidate_ids=rows)) - 0.1  # it moved


def test_accidental_hit_is_removed_among_extra_candidates() -> None:
    extra = np.concatenate([CANDIDATES, [[3.0, 0.0, 0.0]]]).astype(np.float32)  # row 7 again
    logits = QUERY @ extra.T
    logits[0, 3] = -np.inf
    received = task(remove_accidental_hits=True)(QUERY, extra, candidate_ids=np.array([7, 8, 9, 7]))

    assert float(received) == pytest.approx(loss(logits), rel=1e-5)


def test_hard_negatives_are_those_with_the_highest_logits() -> None:
    # one negative each: row 0 keeps 1 of [1, 0.5]; row 1 keeps 1 of [1, 0]; row 2 keeps 0 of [0, 0]
    expected = math.log(math.exp(2) + math.exp(1)) + math.log(math.exp(2) + math.exp(1)) + math.log(math.exp(2) + 1) - 6
    received = float(task(num_hard_negatives=1)(QUERY, CANDIDATES))

    assert received == pytest.approx(expected, rel=1e-5)


def test_more_hard_negatives_than_candidates_is_all() -> None:
    assert float(task(num_hard_negatives=9)(QUERY, CANDIDATES)) == pytest.approx(loss(LOGITS), rel=1e-5)


def test_score_mask_leaves_out_where_false() -> None:
    mask = np.array([[True, False, True], [True, True, True], [True, True, True]])
    logits = np.where(mask, LOGITS, -np.inf)

    assert float(task()(QUERY, CANDIDATES, score_mask=mask)) == pytest.approx(loss(logits), rel=1e-5)


def test_sample_weight_multiplies_and_is_not_averaged() -> None:
    weight = np.array([2.0, 0.0, 0.0], np.float32)
    expected = 2 * (math.log(np.exp(LOGITS[0]).sum()) - LOGITS[0, 0])

    assert float(task()(QUERY, CANDIDATES, sample_weight=weight)) == pytest.approx(expected, rel=1e-5)


def test_task_breaks_under_a_mixed_policy() -> None:
    """Why the objective sets the policy aside; when this fails, it need not."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        mixed = task(remove_accidental_hits=True)
        with pytest.raises((tf.errors.InvalidArgumentError, TypeError, ValueError)):
            mixed(tf.constant(QUERY), tf.constant(CANDIDATES), candidate_ids=tf.constant([7, 7, 8]))
    finally:
        keras.mixed_precision.set_global_policy(before)
