from __future__ import annotations

import numpy as np

from tfcold.ops import correct_log_q, mixed_probability


def test_log_probability_is_taken_off() -> None:
    logits = np.array([[1.0, 1.0]], np.float32)

    # log 0.5 = -0.6931, log 0.25 = -1.3863
    np.testing.assert_allclose(correct_log_q(logits, np.array([0.5, 0.25])), [[1.6931, 2.3863]], atol=1e-4)


def test_zero_probability_stays_finite() -> None:
    assert np.isfinite(correct_log_q(np.zeros((1, 1), np.float32), np.zeros(1))).all()


def test_mixed_probability_counts_both_ways_of_being_drawn() -> None:
    # 6 in the batch, 2 uniform out of 10: (6 * 0.5 + 0.2) / 8 = 0.4; an item never shown: 0.2 / 8 = 0.025
    share = mixed_probability(np.array([0.5, 0.0]), 6, 2, 10)

    np.testing.assert_allclose(share, [0.4, 0.025])


def test_mixed_probability_sums_to_one_over_the_catalogue() -> None:
    assert float(np.sum(mixed_probability(np.array([0.7, 0.2, 0.1, 0.0]), 5, 3, 4))) == 1.0


def test_mixed_probability_without_uniform_negatives_is_popularity() -> None:
    np.testing.assert_allclose(mixed_probability(np.array([0.5, 0.1]), 6, 0, 10), [0.5, 0.1])
