from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.objectives import FullSoftmax

QUERY = np.array([[1.0], [2.0]], np.float32)
CANDIDATES = np.array([[99.0], [0.0], [1.0]], np.float32)  # row 0 takes no part
TARGETS = np.array([[1, 2], [2, 0]])
# row 0, logits [0, 1]: log(1 + e) - 1/2; row 1, logits [0, 2]: log(1 + e^2) - 2
FIRST, SECOND = np.log(1 + np.exp(1)) - 0.5, np.log(1 + np.exp(2)) - 2


def test_every_query_weighs_the_same() -> None:
    received = FullSoftmax()(QUERY, CANDIDATES, TARGETS)

    assert float(received) == pytest.approx((FIRST + SECOND) / 2, rel=1e-5)


def test_every_interaction_weighs_the_same() -> None:
    received = FullSoftmax(weight_by_targets=True)(QUERY, CANDIDATES, TARGETS)

    assert float(received) == pytest.approx((2 * FIRST + SECOND) / 3, rel=1e-5)


def test_temperature_divides() -> None:
    received = FullSoftmax(temperature=0.5)(QUERY[:1], CANDIDATES, TARGETS[:1])

    assert float(received) == pytest.approx(np.log(1 + np.exp(2)) - 1, rel=1e-5)


def test_query_without_targets_has_no_weight() -> None:
    received = FullSoftmax()(QUERY, CANDIDATES, np.array([[0, 0], [2, 0]]))

    assert float(received) == pytest.approx(SECOND, rel=1e-5)


def test_masked_item_is_no_negative() -> None:
    received = FullSoftmax()(QUERY, CANDIDATES, np.array([[2], [2]]), mask=np.array([[True, False, True]]))

    assert float(received) == pytest.approx(0, abs=1e-6)


def test_sample_weight() -> None:
    received = FullSoftmax()(QUERY, CANDIDATES, TARGETS, sample_weight=np.array([3.0, 1.0]))

    assert float(received) == pytest.approx((3 * FIRST + SECOND) / 4, rel=1e-5)


def test_temperature_out_of_range() -> None:
    with pytest.raises(InputError, match="received -1"):
        FullSoftmax(temperature=-1)
