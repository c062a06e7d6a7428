"""Whole items and whole users held out."""

from __future__ import annotations

import numpy as np

from tfcold.data.dataset import Dataset
from tfcold.splits.draws import check_count, check_shares, drawn
from tfcold.splits.groups import split_by_groups, touched_items, users_with_more_than
from tfcold.splits.split import Split


def cold_both(
    dataset: Dataset,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    warm_test: float = 0.1,
    warm_validation: float = 0.1,
    reveal: int = 0,
    seed: int = 0,
) -> Split:
    """A split that holds out items and users, and warm rows among the rest: all four regimes at once.

    Items are drawn as in `cold_item`, users as in `cold_user`. A row of a test item and a validation user, or the
    other way round, is in no part, so that settings chosen on validation have not met the test.

    Args:
        dataset: the tables.
        test: float in [0, 1), default 0.2. Share of the items, and of the users.
        validation: float in [0, 1), default 0.1. Share of the items, and of the users; other ones than for the test.
        warm_test: float in [0, 1), default 0.1. Share of the rows of all other users and items.
        warm_validation: float in [0, 1), default 0.1. Share of the rows of all other users and items.
        reveal: int, default 0. Rows of each held-out user that are shown at prediction, never trained on.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: shares or `reveal` out of range, or too few items or users.
    """
    check_shares(test=test, validation=validation)
    check_shares(warm_test=warm_test, warm_validation=warm_validation)
    check_count("reveal", reveal)
    rng = np.random.default_rng(seed)
    shares = (test, validation)
    items = drawn(rng, touched_items(dataset), shares, "items with interactions and words")
    pool = users_with_more_than(dataset, reveal)
    return split_by_groups(
        dataset,
        rng,
        items=items,
        users=drawn(rng, pool, shares, f"users with more than {reveal} rows"),
        warm_shares=(warm_test, warm_validation),
        reveal=reveal,
        protocol="cold_both",
        seed=seed,
        parameters={
            "test": test,
            "validation": validation,
            "warm_test": warm_test,
            "warm_validation": warm_validation,
            "reveal": int(reveal),
        },
    )
