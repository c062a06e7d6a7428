from __future__ import annotations

import numpy as np

from tfcold.ops import sampled_softmax_loss

QUERY = np.array([[1.0, 0.0], [0.0, 1.0]])
CANDIDATES = np.array([[2.0, 1.0], [0.0, 2.0], [1.0, 3.0]])  # the third is nobody's positive
LOGITS = np.array([[2.0, 0.0, 1.0], [1.0, 2.0, 3.0]])


def cross_entropy(logits: np.ndarray) -> np.ndarray:
    return np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], [0, 1]]


def test_own_candidate_against_all() -> None:
    np.testing.assert_allclose(sampled_softmax_loss(QUERY, CANDIDATES), cross_entropy(LOGITS))


def test_temperature_divides_products_and_not_log_q() -> None:
    share = np.array([0.5, 0.3, 0.2])
    received = sampled_softmax_loss(QUERY, CANDIDATES, probability=share, temperature=0.5)

    np.testing.assert_allclose(received, cross_entropy(LOGITS / 0.5 - np.log(share)))


def test_same_item_is_no_negative_but_stays_the_positive() -> None:
    logits = LOGITS.copy()
    logits[0, 2] = -np.inf  # candidate 2 is row 5, as is the positive of query 0
    received = sampled_softmax_loss(QUERY, CANDIDATES, candidate_rows=np.array([5, 6, 5]))

    np.testing.assert_allclose(received, cross_entropy(logits))


def test_known_candidate_is_no_negative() -> None:
    logits = LOGITS.copy()
    logits[1, 2] = -np.inf
    known = np.array([[True, False, False], [False, True, True]])

    np.testing.assert_allclose(sampled_softmax_loss(QUERY, CANDIDATES, known=known), cross_entropy(logits))
