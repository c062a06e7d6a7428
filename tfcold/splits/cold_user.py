"""Whole users held out."""

from __future__ import annotations

import numpy as np

from tfcold.data.dataset import Dataset
from tfcold.splits.draws import check_count, check_shares, drawn
from tfcold.splits.groups import split_by_groups, users_with_more_than
from tfcold.splits.split import Split


def cold_user(
    dataset: Dataset,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    reveal: int = 0,
    warm_test: float = 0.0,
    warm_validation: float = 0.0,
    seed: int = 0,
) -> Split:
    """A split that holds out users with all their rows; some of these may be revealed as their history.

    Users are drawn from those with more than `reveal` rows. The revealed rows of a user are the earliest, or drawn
    where there are no timestamps, and only of items that training sees. An item that only held-out users touched is
    cold too: those rows are of regime `cold_both`.

    Args:
        dataset: the tables.
        test: float in [0, 1), default 0.2. Share of the users.
        validation: float in [0, 1), default 0.1. Share of the users; other ones than the test users.
        reveal: int, default 0. Rows of each held-out user that are shown at prediction, never trained on.
        warm_test: float in [0, 1), default 0. Share of the rows of all other users.
        warm_validation: float in [0, 1), default 0. Share of the rows of all other users.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: shares or `reveal` out of range, or too few users.
    """
    check_shares(test=test, validation=validation)
    check_shares(warm_test=warm_test, warm_validation=warm_validation)
    check_count("reveal", reveal)
    rng = np.random.default_rng(seed)
    pool = users_with_more_than(dataset, reveal)
    return split_by_groups(
        dataset,
        rng,
        users=drawn(rng, pool, (test, validation), f"users with more than {reveal} rows"),
        warm_shares=(warm_test, warm_validation),
        reveal=reveal,
        protocol="cold_user",
        seed=seed,
        parameters={
            "test": test,
            "validation": validation,
            "reveal": int(reveal),
            "warm_test": warm_test,
            "warm_validation": warm_validation,
        },
    )
