"""iALS: the fold-in solves the normal equations of the cited paper."""

import numpy as np

from tfcold.baselines import IALS
from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split


def test_fold_in_solves_the_normal_equations(world: tuple[Split, Features]) -> None:
    split, _ = world
    baseline = IALS(factors=6, alpha=4.0, penalty=2.0, iterations=3).fit(split)
    history = split.history_matrix()[np.flatnonzero(split.warm_users)[:1]]
    factors = baseline.item_factors.astype(np.float64)
    done = factors[history.indices]
    # A = Y'Y + penalty I + (alpha - 1) sum over the history of y y', b = alpha sum of y
    left = factors.T @ factors + 2.0 * np.eye(6) + 3.0 * done.T @ done
    expected = np.linalg.solve(left, 4.0 * done.sum(axis=0))
    np.testing.assert_allclose(baseline.user_factors(Queries(np.zeros(1, np.int32), history))[0], expected, rtol=1e-3)


def test_warm_history_ranks_above_the_rest(world: tuple[Split, Features]) -> None:
    split, _ = world
    baseline = IALS(factors=16, iterations=5).fit(split)
    users = np.flatnonzero(split.warm_users).astype(np.int32)
    histories = split.history_matrix()[users]
    scores = baseline.scores(Queries(users, histories), np.flatnonzero(split.warm_items))
    done = histories[:, np.flatnonzero(split.warm_items)].toarray() > 0
    assert scores[done].mean() > scores[~done].mean() + 0.2


def test_seed_decides_the_start(world: tuple[Split, Features]) -> None:
    first, second = (IALS(factors=4, iterations=2, seed=seed).fit(world[0]).item_factors for seed in (0, 1))
    assert not np.allclose(first, second)
