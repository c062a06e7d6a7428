"""Two specialists in one list."""

import numpy as np

from tfcold.baselines import EASE, Joined, Ridge
from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split


def test_scores_are_each_specialist_on_its_own_items(world: tuple[Split, Features]) -> None:
    split, features = world
    warm, cold = EASE(), Ridge()
    joined = Joined(warm, cold, cold_scale=3.0).fit(split, features)
    users = np.flatnonzero(split.warm_users)[:4].astype(np.int32)
    queries = Queries(users, split.history_matrix()[users])
    rows = np.arange(1, len(split.warm_items), dtype=np.int32)
    is_warm = split.warm_items[rows]
    scores = joined.scores(queries, rows)
    assert np.array_equal(scores[:, is_warm], warm.scores(queries, rows[is_warm]))
    assert np.array_equal(scores[:, ~is_warm], 3 * cold.scores(queries, rows[~is_warm]))
