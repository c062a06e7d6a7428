from __future__ import annotations

import numpy as np
import pytest

from tfcold.ops import contrastive_loss

FIRST = np.array([[3.0, 0.0], [0.0, 5.0]])
SECOND = np.array([[1.0, 0.0], [3.0, 4.0]])
# cosines: rows of FIRST against rows of SECOND
COSINES = np.array([[1.0, 0.6], [0.0, 0.8]])


def expected(cosines: np.ndarray, temperature: float) -> np.ndarray:
    logits = cosines / temperature
    forth = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
    back = np.log(np.exp(logits).sum(axis=0)) - np.diag(logits)
    return (forth + back) / 2


def test_both_directions_at_unit_length() -> None:
    received = contrastive_loss(FIRST, SECOND, temperature=0.5)

    np.testing.assert_allclose(received, expected(COSINES, 0.5))
    np.testing.assert_allclose(contrastive_loss(9 * FIRST, SECOND, temperature=0.5), received)


def test_equal_rows_are_no_negatives() -> None:
    # nothing is left to tell the positive from: log 1
    np.testing.assert_allclose(contrastive_loss(FIRST, SECOND, rows=np.array([4, 4])), [0, 0], atol=1e-12)


def test_masked_row_is_nobodys_negative() -> None:
    first, second = np.concatenate([FIRST, [[1.0, 1.0]]]), np.concatenate([SECOND, [[1.0, 1.0]]])
    received = contrastive_loss(first, second, mask=np.array([True, True, False]), temperature=0.5).numpy()

    np.testing.assert_allclose(received[:2], expected(COSINES, 0.5))
    assert received[2] == 0
    assert contrastive_loss(first, second, temperature=0.5).numpy()[0] > received[0] + 0.1  # the mask moved it


def test_aligned_views_have_lower_loss() -> None:
    assert float(sum(contrastive_loss(FIRST, FIRST))) < float(sum(contrastive_loss(FIRST, FIRST[::-1])))
    assert float(sum(contrastive_loss(FIRST, FIRST))) == pytest.approx(0, abs=1e-3)  # 2 log(1 + exp(-10))
