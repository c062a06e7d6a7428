from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfcold.blocks import Features, VectorBlock
from tfcold.errors import InputError

VECTORS = np.array([[0, 0], [1, 2], [3, 4]], np.float32)
BLOCK = VectorBlock("image", VECTORS, np.array([False, True, True]))


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ({"image": VECTORS}, r"`items` must hold a `VectorBlock` under every name; under 'image' it holds ndarray"),
        ({"photo": BLOCK}, "under 'photo' it holds block 'image'. Call both the same"),
        ([BLOCK], "`items` must be blocks by name; received list"),
    ],
    ids=["array", "another name", "list"],
)
def test_features_hold_blocks_under_their_own_names(items: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Features(items)
    with pytest.raises(InputError, match=said.replace("`items`", "`users`")):
        Features(users=items)
    assert Features({"image": BLOCK}).items["image"] is BLOCK
