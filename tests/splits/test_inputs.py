from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfcold.baselines import Popularity
from tfcold.blocks import Features, VectorBlock
from tfcold.data import Dataset
from tfcold.errors import InputError
from tfcold.splits import given
from tfcold.training import fit

DATASET = Dataset.from_tables(
    pd.DataFrame({"user_id": ["u", "u", "v"], "item_id": ["a", "b", "a"]}),
    pd.DataFrame({"item_id": ["a", "b", "c"], "title": ["x", "y", "z"]}),
)
SPLIT = given(DATASET)


def features(num_rows: int, side: str = "items") -> Features:
    block = VectorBlock("image", np.zeros((num_rows, 2), np.float32), np.zeros(num_rows, np.bool_))
    return Features(**{side: {"image": block}})


@pytest.mark.parametrize(
    ("split", "given_features", "said"),
    [
        (DATASET, features(4), r"`split` must be a Split; received Dataset\. `tfcold\.splits\.cold_item\(dataset\)`"),
        (SPLIT, {"image": np.zeros((4, 2))}, r"`features` must be a Features; received dict"),
        # 3 items and row 0: 4 rows; 2 users and row 0: 3 rows
        (SPLIT, features(3), "`features.items` must hold blocks of 4 rows, .* of 3 items; block 'image' has 3"),
        (
            SPLIT,
            features(4, "users"),
            "`features.users` must hold blocks of 3 rows, .* of 2 users; block 'image' has 4",
        ),
    ],
    ids=["dataset", "dict", "items", "users"],
)
def test_a_fit_says_what_it_wants(split: Any, given_features: Any, said: str) -> None:
    for start in (fit, Popularity().fit):
        with pytest.raises(InputError, match=said):
            start(split, given_features)
