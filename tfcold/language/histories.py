"""What users did so far: items in order, from rows that may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID, TIMESTAMP, USER_ID
from tfcold.data import Interactions
from tfcold.splits import Split

Histories = Mapping[str, Sequence[str]]


def histories_of(interactions: Interactions | pd.DataFrame) -> dict[str, list[str]]:
    """Item ids by user id, the latest first where there are timestamps, else the last row first."""
    table = interactions if isinstance(interactions, Interactions) else Interactions.from_frame(interactions)
    frame = table.frame.iloc[::-1]
    if TIMESTAMP in frame.columns:
        frame = frame.sort_values(TIMESTAMP, ascending=False, kind="stable")
    return {str(user): list(items) for user, items in frame.groupby(USER_ID, sort=False)[ITEM_ID]}


def revealed_histories(split: Split) -> dict[str, list[str]]:
    """Item ids by user id from training and revealed rows alone; validation and test rows are never looked at."""
    positions = np.sort(np.concatenate([split.train, split.revealed]))
    frame = split.dataset.interactions.frame.iloc[positions].reset_index(drop=True)
    return histories_of(Interactions.from_frame(frame))
