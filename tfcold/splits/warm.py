"""Random rows held out; everybody stays warm."""

from __future__ import annotations

import numpy as np

from tfcold.data.dataset import Dataset
from tfcold.splits.draws import check_shares, warm_rows
from tfcold.splits.regimes import WARM
from tfcold.splits.split import Split


def warm(dataset: Dataset, *, test: float = 0.1, validation: float = 0.1, seed: int = 0) -> Split:
    """A split that holds out random rows, all of regime `warm`.

    A row without which its user or item would have no training row stays in training, so a part may be smaller than
    its share.

    Args:
        dataset: the tables.
        test: float in [0, 1), default 0.1. Share of all rows.
        validation: float in [0, 1), default 0.1. Share of all rows.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: shares out of range.
    """
    check_shares(test=test, validation=validation)
    rng = np.random.default_rng(seed)
    train, (tested, validated) = warm_rows(dataset, rng, np.arange(len(dataset)), (test, validation))
    return Split(
        dataset,
        train,
        {WARM: validated},
        {WARM: tested},
        protocol="warm",
        seed=seed,
        parameters={"test": test, "validation": validation},
    )
