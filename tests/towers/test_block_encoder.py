import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.towers import BlockEncoder

VECTORS = np.array([[3, 1], [1, 3], [9, 9]], np.float32)
MASK = np.array([True, True, False])


def test_call_centres_and_scales() -> None:
    encoder = BlockEncoder(2)
    encoder.adapt(VECTORS, MASK)
    # the mean of the rows that count is [2, 2]; [5, 6] - [2, 2] = [3, 4], over 5
    received = encoder(np.array([[5, 6], [5, 6]], np.float32), np.array([True, False]))
    np.testing.assert_allclose(received, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_call_with_landmarks_is_the_kernel() -> None:
    encoder = BlockEncoder(2, num_landmarks=2, gamma=1.0)
    encoder.adapt(VECTORS, MASK, seed=0)
    features = encoder(VECTORS[:2], MASK[:2]).numpy()
    # the two landmarks are opposite: |a - b|^2 = 4, exp(-4)
    np.testing.assert_allclose(features @ features.T, [[1, np.exp(-4)], [np.exp(-4), 1]], atol=1e-3)
    assert encoder.feature_width == 2


def test_adapt_takes_more_landmarks_than_rows() -> None:
    encoder = BlockEncoder(2, num_landmarks=5)
    encoder.adapt(VECTORS, MASK, seed=0)
    features = encoder(VECTORS[:2], MASK[:2]).numpy()
    assert np.isfinite(features).all()
    np.testing.assert_allclose((features**2).sum(1), [1, 1], atol=1e-3)  # k(a, a) = 1


def test_adapt_to_one_row_does_not_blow_up() -> None:
    encoder = BlockEncoder(2, num_landmarks=2)
    encoder.adapt(VECTORS[:1], MASK[:1])  # less its own mean, nothing is left
    assert np.isfinite(encoder(VECTORS, np.ones(3, bool)).numpy()).all()


def test_adapt_without_rows_leaves_the_encoder_as_it_was() -> None:
    encoder = BlockEncoder(2)
    encoder.adapt(VECTORS, np.zeros(3, bool))
    np.testing.assert_allclose(encoder(np.array([[3, 4]], np.float32), np.array([True])), [[0.6, 0.8]], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "`width` must be at least 1; received 0"),
        ({"width": 2, "num_landmarks": -1}, "`num_landmarks` must be at least 0; received -1"),
    ],
)
def test_bad_arguments_name_what_came(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BlockEncoder(**arguments)


def test_kernel_regression_must_be_given_where_it_is_asked_for() -> None:
    rows, mask = np.eye(2, dtype=np.float32), np.ones(2, bool)
    with pytest.raises(
        InputError, match=r"`kernel` must be given exactly where .* received none with `kernel_dim` = 3"
    ):
        BlockEncoder(2, num_landmarks=2, kernel_dim=3).adapt(rows, mask)
    with pytest.raises(InputError, match="received one with `kernel_dim` = None"):
        BlockEncoder(2, num_landmarks=2).adapt(rows, mask, kernel=(rows, rows))
