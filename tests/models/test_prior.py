import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.models import PopularityPrior


def test_values_are_standardised_logs_of_warm_counts() -> None:
    prior = PopularityPrior(3)
    prior.adapt(np.array([0, 0, 1, 3]))
    # log 2 and log 4 = 2 log 2: mean 1.5 log 2, deviation 0.5 log 2, so -1 and 1; a cold item has 0
    np.testing.assert_allclose(prior.values, [0, 0, -1, 1], atol=1e-6)


def test_values_of_equally_popular_items_are_zeros() -> None:
    prior = PopularityPrior(2)
    prior.adapt(np.array([9, 2, 2]))  # row 0 is nobody's
    np.testing.assert_allclose(prior.values, [0, 0, 0])


@pytest.mark.parametrize(
    ("strength", "decay", "expected"),
    [
        (6.0, 1.0, [6.0, 3.0, 2.0]),  # 6 / (1 + n)
        (6.0, 0.0, [6.0, 6.0, 6.0]),
        (0.0, 1.0, [0.1, 0.0, 0.0]),  # switched off: a new user still gets the popular list
    ],
)
def test_weight_falls_with_what_is_known(strength: float, decay: float, expected: list[float]) -> None:
    prior = PopularityPrior(2, floor=0.1)
    prior.set_weights_of(strength, decay)
    np.testing.assert_allclose(prior.weight(np.array([0, 1, 2])), expected, rtol=1e-6)


def test_a_cold_item_is_as_popular_as_its_vector_says() -> None:
    prior, without = PopularityPrior(2, dim=2), PopularityPrior(2)
    vectors = np.float32([[1, 2], [0, 0]])

    np.testing.assert_array_equal(prior.cold(vectors), [0, 0])
    prior.set_direction([3, -1])
    np.testing.assert_array_equal(prior.cold(vectors), [1, 0])
    np.testing.assert_array_equal(without.cold(vectors), [0, 0])
    with pytest.raises(InputError, match="none"):
        without.set_direction([3, -1])
