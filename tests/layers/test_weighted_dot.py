from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import WeightedDot

QUERY = np.array([[1.0, 2.0]], np.float32)
CANDIDATES = np.array([[3.0, 4.0], [0.0, 1.0]], np.float32)


def weighted() -> WeightedDot:
    """S = 1 + [u_1, 0] + [0, 0.5] = [2, 1.5] for QUERY."""
    layer = WeightedDot()
    layer.build([None, 2])
    layer.set_weights([np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.0, 0.5])])
    return layer


def test_starts_as_the_plain_dot_product() -> None:
    # 1 * 3 + 2 * 4 = 11; 2 * 1 = 2
    np.testing.assert_allclose(WeightedDot()(QUERY, CANDIDATES), [[11, 2]])
    np.testing.assert_allclose(WeightedDot(per_user_weights=False)(QUERY, CANDIDATES), [[11, 2]])


def test_weights_depend_on_the_user() -> None:
    # 2 * 1 * 3 + 1.5 * 2 * 4 = 18; 1.5 * 2 * 1 = 3
    np.testing.assert_allclose(weighted()(QUERY, CANDIDATES), [[18, 3]])
    # S = [1, 1.5] for [0, 2]
    np.testing.assert_allclose(weighted()(np.array([[0.0, 2.0]], np.float32), CANDIDATES), [[12, 3]])


def test_folded_query_searches_by_inner_product() -> None:
    layer = weighted()

    np.testing.assert_allclose(layer.fold(QUERY), [[2, 3]])
    np.testing.assert_allclose(layer.fold(QUERY) @ CANDIDATES.T, layer(QUERY, CANDIDATES))


def test_pair_is_the_diagonal() -> None:
    two = np.concatenate([QUERY, QUERY])

    np.testing.assert_allclose(weighted().pair(two, CANDIDATES), [18, 3])


def test_unit_length_and_temperature() -> None:
    layer = WeightedDot(per_user_weights=False, normalise=True, temperature=0.5)
    # cosine of [1, 2] and [0, 1] is 2 / sqrt 5
    expected = [[11 / (5**0.5 * 5) / 0.5, 2 / 5**0.5 / 0.5]]

    np.testing.assert_allclose(layer(QUERY, CANDIDATES), expected, rtol=1e-6)
    np.testing.assert_allclose(layer.fold(QUERY) @ layer.unit(CANDIDATES).numpy().T, expected, rtol=1e-6)


def test_no_weights_where_none_are_asked_for() -> None:
    layer = WeightedDot(per_user_weights=False)
    layer(QUERY, CANDIDATES)

    assert layer.weights == []


def test_candidates_of_another_width() -> None:
    with pytest.raises(InputError, match=r"`candidates` must have shape \[\.\.\., 2\]; received \[2, 3\]"):
        WeightedDot()(QUERY, np.ones((2, 3), np.float32))


def test_temperature_out_of_range() -> None:
    with pytest.raises(InputError, match="`temperature` must be positive; received 0"):
        WeightedDot(temperature=0)
