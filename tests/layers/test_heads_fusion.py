from __future__ import annotations

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import HeadsFusion

ID = np.array([[1.0, 2.0]], np.float32)
TEXT = {"text": np.array([[10.0, 20.0]], np.float32)}
PRESENT = {"text": np.array([True])}


def heads(*, per_coordinate: bool, id_weights: object, text_weights: object) -> HeadsFusion:
    """Two heads, text brought to the width by the identity; W adds the heads up, the second times 100."""
    fusion = HeadsFusion(2, {"text": 2}, num_heads=2, per_coordinate=per_coordinate)
    fusion.build([None, 2])
    fusion.id_weights.assign(id_weights)
    fusion.text_weights.assign(text_weights)
    fusion.kernel.assign(np.concatenate([np.eye(2), 100 * np.eye(2)]))
    next(weight for weight in fusion.weights if "project" in weight.name).assign(np.eye(2))
    return fusion


def test_heads_are_weighted_sums_projected() -> None:
    fusion = heads(per_coordinate=False, id_weights=[[1.0], [2.0]], text_weights=[[3.0], [0.5]])

    # h_1 = [1, 2] + 3 [10, 20] = [31, 62]; h_2 = 2 [1, 2] + 0.5 [10, 20] = [7, 14]
    np.testing.assert_allclose(fusion(ID, TEXT, PRESENT, np.array([False])), [[731, 1462]])
    # cold: h_1 = [30, 60]; h_2 = [5, 10]
    np.testing.assert_allclose(fusion(ID, TEXT, PRESENT, np.array([True])), [[530, 1060]])


def test_weights_by_coordinate() -> None:
    fusion = heads(per_coordinate=True, id_weights=[[1.0, 0.0], [0.0, 2.0]], text_weights=[[0.0, 1.0], [0.0, 0.0]])

    # h_1 = [1, 20]; h_2 = [0, 4]
    np.testing.assert_allclose(fusion(ID, TEXT, PRESENT, np.array([False])), [[1, 420]])


def test_heads_start_unlike() -> None:
    fusion = HeadsFusion(2, {}, num_heads=3, seed=1)
    fusion.build([None, 2])

    assert len(set(fusion.id_weights.numpy()[:, 0])) == 3


def test_number_of_heads_out_of_range() -> None:
    with pytest.raises(InputError, match="`num_heads` must be positive; received 0"):
        HeadsFusion(2, {}, num_heads=0)
