from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import CentredNorm


def test_mean_is_that_of_the_rows_that_count() -> None:
    layer = CentredNorm()
    layer.adapt(np.array([[1.0, 0.0], [3.0, 0.0], [99.0, 99.0]]), np.array([True, True, False]))

    # mean [2, 0]: [5, 4] - [2, 0] = [3, 4], over 5
    np.testing.assert_allclose(layer(np.array([[5.0, 4.0]], np.float32)), [[0.6, 0.8]], rtol=1e-6)


def test_row_without_vector_is_zeros_whatever_stands_there() -> None:
    layer = CentredNorm()
    layer.adapt(np.array([[1.0, 1.0]]))
    vectors = np.array([[np.nan, 7.0], [1.0, 3.0]], np.float32)

    np.testing.assert_array_equal(layer(vectors, np.array([False, True])), [[0, 0], [0, 1]])


def test_common_part_no_longer_makes_opposites_alike() -> None:
    vectors = np.array([[10.0, 1.0], [10.0, -1.0]], np.float32)
    layer = CentredNorm()
    before = layer(vectors).numpy()
    layer.adapt(vectors)
    after = layer(vectors).numpy()

    assert before[0] @ before[1] > 0.9
    assert after[0] @ after[1] == pytest.approx(-1)


def test_whitening_makes_every_direction_count_alike() -> None:
    # standard deviations 10 and 1 along the axes: (10, 1) is as far out in both
    vectors = np.array([[10.0, 1.0], [10.0, -1.0], [-10.0, 1.0], [-10.0, -1.0]])
    whitened, plain = CentredNorm(whitening=1.0, epsilon=1e-9), CentredNorm()
    for layer in (whitened, plain):
        layer.adapt(vectors)
    probe = np.array([[10.0, 1.0]], np.float32)

    np.testing.assert_allclose(np.abs(whitened(probe)), [[0.5**0.5, 0.5**0.5]], rtol=1e-5)
    np.testing.assert_allclose(plain(probe), [[10 / 101**0.5, 1 / 101**0.5]], rtol=1e-5)


def test_half_whitening_takes_the_root_of_the_spread() -> None:
    # eigenvalues 100 and 1 to the power -1/4: 10 * 100^-0.25 = 3.1623 against 1
    layer = CentredNorm(whitening=0.5, epsilon=1e-9)
    layer.adapt(np.array([[10.0, 1.0], [10.0, -1.0], [-10.0, 1.0], [-10.0, -1.0]]))
    first, second = np.abs(layer(np.array([[10.0, 1.0]], np.float32)))[0]

    assert first / second == pytest.approx(10**0.5, rel=1e-4)


def test_dim_keeps_the_widest_directions() -> None:
    layer = CentredNorm(dim=1)
    layer.adapt(np.array([[0.0, 5.0], [0.0, -5.0], [1.0, 0.0], [-1.0, 0.0]]))

    np.testing.assert_allclose(layer(np.array([[9.0, 0.0], [0.0, 2.0]], np.float32)) ** 2, [[0], [1]], atol=1e-6)


def test_history_shape() -> None:
    layer = CentredNorm()
    layer.adapt(np.eye(3))

    assert layer(np.ones((2, 4, 3), np.float32), np.ones((2, 4), bool)).shape == (2, 4, 3)


def test_adapt_in_parts_is_adapt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(7, 3)) + 5
    once = CentredNorm(whitening=1.0)
    once.adapt(vectors)
    monkeypatch.setattr("tfcold.layers.centred_norm._ROWS_AT_ONCE", 3)
    parts = CentredNorm(whitening=1.0)
    parts.adapt(vectors)

    np.testing.assert_allclose(parts.mean, vectors.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(np.abs(parts.kernel), np.abs(once.kernel), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"whitening": 1.5}, r"`whitening` must be in \[0, 1\]; received 1.5"),
        ({"epsilon": 0.0}, "`epsilon` must be positive; received 0.0"),
        ({"dim": 0}, "`dim` must be positive; received 0"),
    ],
)
def test_options_out_of_range(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CentredNorm(**options)


def test_adapt_to_nothing() -> None:
    with pytest.raises(InputError, match=r"received \[2, 3\], 0 rows"):
        CentredNorm().adapt(np.ones((2, 3)), np.zeros(2, bool))


def test_dim_wider_than_the_vectors() -> None:
    with pytest.raises(InputError, match="width of the vectors, 3; received 4"):
        CentredNorm(dim=4).adapt(np.eye(3))
