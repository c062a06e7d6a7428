from __future__ import annotations

import numpy as np
import pytest

from tfcold.ops import fading


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (0.0, [3.0, 3.0, 3.0]),
        (0.5, [3.0, 1.5, 1.0]),  # 3 / sqrt(1), 3 / sqrt(4), 3 / sqrt(9)
        (1.0, [3.0, 0.75, 1 / 3]),
    ],
)
def test_fading(decay: float, expected: list[float]) -> None:
    received = fading(np.array([0, 3, 8], np.float16), np.float32(3.0), np.float32(decay))

    np.testing.assert_allclose(received, expected, rtol=1e-6)
