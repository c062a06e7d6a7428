from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import HistoryShrinkage


def test_weak_directions_of_short_histories_shrink() -> None:
    layer = HistoryShrinkage(3)
    layer.set_weights_of([8.0, 2.0, 0.0], shrinkage=2.0, decay=0.0)
    received = layer(np.ones((3, 3), np.float32), np.array([0.0, 1.0, 4.0], np.float32)).numpy()

    # g = 1, 1/4, 1e-6; m = 2 after one click (and none), 1/2 after four: g (1 + m) / (g + m)
    expected = [[1, 0.75 / 2.25, 3e-6 / 2], [1, 0.75 / 2.25, 3e-6 / 2], [1, 0.375 / 0.75, 1.5e-6 / 0.5]]
    np.testing.assert_allclose(received, expected, rtol=1e-4)


def test_decay_ends_it_for_long_histories() -> None:
    one, other = HistoryShrinkage(2), HistoryShrinkage(2)
    one.set_weights_of([1.0, 0.5], shrinkage=3.0, decay=np.log(2) / 2)
    other.set_weights_of([1.0, 0.5], shrinkage=0.5, decay=0.0)

    np.testing.assert_allclose(one(np.ones((1, 2)), [3.0]), other(np.ones((1, 2)), [1.0]), rtol=1e-6)


def test_nothing_changes_until_something_is_chosen() -> None:
    pooled = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)

    np.testing.assert_allclose(HistoryShrinkage(5)(pooled, np.array([0.0, 1.0, 2.0, 50.0])), pooled, rtol=1e-6)


def test_a_spectrum_of_zeros_is_allowed() -> None:
    layer = HistoryShrinkage(2)
    layer.set_weights_of(np.zeros(2), shrinkage=1.0, decay=0.0)

    assert np.isfinite(layer(np.ones((1, 2)), [1.0])).all()


def test_width_below_one() -> None:
    with pytest.raises(InputError, match="`dim` must be at least 1; received 0"):
        HistoryShrinkage(0)
