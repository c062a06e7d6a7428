from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import SimilarUsers

LANDMARKS = np.array([[2.0, 0.0], [0.0, 1.0]], np.float32)


def test_attention_by_hand() -> None:
    layer = SimilarUsers(2, num_users=2)
    layer.set_weights_of(LANDMARKS, strength=0.5, sharpness=np.log(3))
    history = np.array([[0.0, 4.0], [0.0, 4.0]], np.float32)
    received = layer(history, np.array([[7.0, 0.0], [7.0, 0.0]], np.float32), np.array([1.0, 4.0])).numpy()

    # cosines 1 and 0: softmax 3 : 1 after one click, 9 : 1 after four; sums (3 * 2, 1) / 4 and (9 * 2, 1) / 10
    for row, direction in zip(received, ([6.0, 1.0], [18.0, 1.0]), strict=True):
        expected = history[0] + 0.5 * 4 * np.array(direction) / np.linalg.norm(direction)
        np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_nothing_changes_until_something_is_chosen() -> None:
    history = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    for layer in (SimilarUsers(2), SimilarUsers(2, num_users=5)):
        np.testing.assert_array_equal(layer(history, -history, np.ones(3)), history)


def test_an_empty_history_is_no_number_out_of_range() -> None:
    layer = SimilarUsers(2, num_users=2)
    layer.set_weights_of(LANDMARKS, strength=1.0, sharpness=10.0)

    np.testing.assert_array_equal(layer(np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(1)), np.zeros((1, 2)))


@pytest.mark.parametrize(("sizes", "match"), [((0, 1), "`dim` must be at least 1"), ((1, -1), "`num_users` must be")])
def test_sizes_out_of_range(sizes: tuple[int, int], match: str) -> None:
    with pytest.raises(InputError, match=match):
        SimilarUsers(*sizes)
