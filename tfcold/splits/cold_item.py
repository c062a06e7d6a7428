"""Whole items held out."""

from __future__ import annotations

import numpy as np

from tfcold.data.dataset import Dataset
from tfcold.splits.draws import check_shares, drawn
from tfcold.splits.groups import split_by_groups, touched_items
from tfcold.splits.split import Split


def cold_item(
    dataset: Dataset,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    warm_test: float = 0.1,
    warm_validation: float = 0.1,
    seed: int = 0,
) -> Split:
    """A split that holds out items with all their rows, and warm rows among the rest: one split shows both.

    Items are drawn from those with interactions and with a row in the items table; an item that has no words is no
    test of words. A user who did nothing but held-out items is cold too: those rows are of regime `cold_both`.

    Args:
        dataset: the tables.
        test: float in [0, 1), default 0.2. Share of the items.
        validation: float in [0, 1), default 0.1. Share of the items; other ones than the test items.
        warm_test: float in [0, 1), default 0.1. Share of the rows of all other items.
        warm_validation: float in [0, 1), default 0.1. Share of the rows of all other items.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: shares out of range, or too few items.
    """
    check_shares(test=test, validation=validation)
    check_shares(warm_test=warm_test, warm_validation=warm_validation)
    rng = np.random.default_rng(seed)
    return split_by_groups(
        dataset,
        rng,
        items=drawn(rng, touched_items(dataset), (test, validation), "items with interactions and words"),
        warm_shares=(warm_test, warm_validation),
        protocol="cold_item",
        seed=seed,
        parameters={
            "test": test,
            "validation": validation,
            "warm_test": warm_test,
            "warm_validation": warm_validation,
        },
    )
