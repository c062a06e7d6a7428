from __future__ import annotations

import numpy as np
import pytest

from tfcold.ops import gate


@pytest.mark.parametrize(
    ("openness", "expected"),
    [
        (1.0, [2.0, 4.0]),
        (0.0, [10.0, 0.0]),
        (0.25, [8.0, 1.0]),  # 0.25 * [2, 4] + 0.75 * [10, 0]
    ],
)
def test_gate(openness: float, expected: list[float]) -> None:
    first, second = np.array([[2.0, 4.0]], np.float32), np.array([[10.0, 0.0]], np.float32)

    np.testing.assert_allclose(gate(first, second, np.float32(openness)), [expected])
