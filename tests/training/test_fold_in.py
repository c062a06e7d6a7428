from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tfcold.models.prior import popularity
from tfcold.splits.split import Split
from tfcold.training import fold_in
from tfcold.training.factors import Factors
from tfcold.training.fold_in import choose_fold_in
from tfcold.training.newcomers import Asked, newcomers_of
from tfcold.training.settings import Settings
from tfcold.training.teacher import factors_of

SETTLED = Settings(teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0)


def prior_of(split: Split) -> np.ndarray:
    return popularity(np.bincount(split.dataset.item_rows[split.train], minlength=len(split.warm_items)))


def test_table_by_hand() -> None:
    """Two users, one click each, one target each."""
    factors = Factors(
        np.array([[0, 0], [1, 0.4], [0, 1], [1, 0], [0.4, 0.5]], np.float32),
        np.array([[0, 0], [1, 0], [0, 1], [0.6, 0.6], [0.9, 0]], np.float32),
        np.array([10.0, 1.0], np.float32),
    )
    shape = (2, 5)
    histories = sp.csr_matrix((np.ones(2, np.float32), ([0, 1], [1, 2])), shape=shape)
    targets = sp.csr_matrix((np.ones(2, np.float32), ([0, 1], [4, 3])), shape=shape)
    prior = np.array([0, 0, 0, -1, 1], np.float32)
    table = fold_in._table(factors, prior, Asked(histories, targets, np.arange(2)), np.arange(1, 5, dtype=np.int32))

    # user 0, [1, 0.4]: item 4 has 0.9, item 3 has 0.6 + 0.24 = 0.84: first. User 1, [0, 1]: item 3 before item 4
    assert table[:, 0, 0].tolist() == [1, 1]
    # a prior of weight 3 puts item 4 before item 3 for both; item 2 and 3 are done or far below
    last = fold_in.WEIGHTS.index(3.0)
    assert table[0, 0, last] == 1
    assert table[1, 0, last] < 1


def test_curves_are_read_between_the_points_of_the_table() -> None:
    histories = sp.csr_matrix(np.array([[1, 0, 0], [1, 1, 1]], np.float32))
    table = np.zeros((2, len(fold_in.SHRINKAGES), len(fold_in.WEIGHTS)))
    place = fold_in.SHRINKAGES.index(1.0)
    table[0, place, 0] = 1.0  # one click: m = 1 is right
    table[1, fold_in.SHRINKAGES.index(0.1), 0] = 0.5  # three clicks: m = 0.1
    counts = Asked(histories, histories, np.arange(2)).counts
    falling, level = fold_in._along(counts, table, ((1.0, np.log(10 / 3) / 2, 0.0, 1.0), (1.0, 0.0, 0.0, 1.0)))

    assert falling == pytest.approx((1 + 0.5) / 2)
    assert level == pytest.approx(1 / 2)  # m = 1/3 for three clicks: beyond 0.3, where nothing is left


def quality(best: int, high: float, other: float, num: int = 4) -> np.ndarray:
    """A table in which one shrinkage has `high`, all others `other`, whatever the prior."""
    table = np.full((num, len(fold_in.SHRINKAGES), len(fold_in.WEIGHTS)), other)
    table[:, best] = high
    return table


CURVES = (fold_in.NOTHING, (0.1, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 6.0, 1.0))


def test_best_curve_on_average_is_taken() -> None:
    one = np.ones(4)
    tables = {
        "1 known": (one, quality(fold_in.SHRINKAGES.index(1.0), 0.9, 0.5)),
        "3 known": (one, quality(fold_in.SHRINKAGES.index(0.1), 0.6, 0.5)),
    }
    curve, gains = fold_in._best_curve(tables, CURVES)

    assert curve == CURVES[2]  # 0.9 of 0.9 and 0.5 of 0.6, against 0.5 of 0.9 and 0.6 of 0.6
    assert gains == "1 known 0.9000 (without: 0.5000), 3 known 0.5000 (without: 0.5000)"


def test_what_brings_next_to_nothing_is_left_out() -> None:
    place = fold_in.SHRINKAGES.index(1.0)
    for gain, expected in ((1.002, CURVES[0]), (1.01, CURVES[2])):
        tables = {"1 known": (np.ones(4), quality(place, 0.5 * gain, 0.5))}
        assert fold_in._best_curve(tables, CURVES)[0] == expected


def test_newcomers_do_not_cost_warm_users_more_than_the_tolerance() -> None:
    newcomers = quality(0, 0.5, 0.5)
    newcomers[:, :, fold_in.WEIGHTS.index(3.0)] = 0.9  # the prior, of weight 6 / (1 + 1)
    warm = quality(0, 0.5, 0.5)
    for loss, expected in ((0.004, CURVES[3]), (0.02, CURVES[0])):
        warm[:, :, fold_in.WEIGHTS.index(3.0)] = 0.5 * (1 - loss)
        tables = {"1 known": (np.ones(4), newcomers), fold_in.WARM: (np.ones(4), warm)}
        assert fold_in._best_curve(tables, CURVES)[0] == expected


def test_what_is_chosen_repeats_and_is_no_worse_than_nothing(world: tuple[Split, object]) -> None:
    split = world[0]
    factors = factors_of(split, SETTLED, 8)
    newcomers = newcomers_of(split, SETTLED)
    chosen = choose_fold_in(split, factors, prior_of(split), SETTLED, newcomers)
    assert choose_fold_in(split, factors, prior_of(split), SETTLED, newcomers_of(split, SETTLED)) == chosen

    spread = fold_in.spread_of(factors, split.train_matrix(), np.flatnonzero(split.warm_items))
    tables = fold_in._tables(split, factors, prior_of(split), spread, SETTLED, newcomers)
    assert chosen.prior_strength is not None
    curve = (chosen.shrinkage, chosen.shrinkage_decay, chosen.prior_strength / spread, chosen.prior_decay)
    with_it, without = (
        np.array([fold_in._along(counts, table, (one,))[0] for counts, table in tables.values()])
        for one in (curve, fold_in.NOTHING)
    )
    best = np.maximum(with_it, without)
    assert (with_it / best).mean() >= (without / best).mean()
    assert set(tables) >= {"1 known", "3 known"}


def test_settled_settings_are_taken(world: tuple[Split, object]) -> None:
    split = world[0]
    factors = factors_of(split, SETTLED, 8)
    named = SETTLED.with_(shrinkage=0.2, shrinkage_decay=1.0, prior_strength=0.1, prior_decay=1.0)
    part = SETTLED.with_(shrinkage=0.2, prior_strength=0.1)

    assert choose_fold_in(split, factors, prior_of(split), named, None) is named
    chosen = choose_fold_in(split, factors, prior_of(split), part, newcomers_of(split, SETTLED))
    assert (chosen.shrinkage, chosen.prior_strength) == pytest.approx((0.2, 0.1))
    assert chosen.shrinkage_decay is not None
