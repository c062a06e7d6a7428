from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.evaluation import evaluate
from tfcold.splits.split import Split
from tfcold.training.choose import DotScorer
from tfcold.training.gains import Evidence, Gains, gains_of

World = tuple[Split, Features]


@pytest.fixture(scope="module")
def gains(world: World) -> Gains:
    return gains_of(_at_random(world[0], 0), world[0], "cold_item", 5)


def _at_random(split: Split, seed: int) -> DotScorer:
    sides = np.random.default_rng(seed).standard_normal((2, len(split.warm_items), 3)).astype(np.float32)
    return DotScorer(*sides)


def test_both_ways_they_come_to_the_quality(world: World, gains: Gains) -> None:
    found = evaluate(_at_random(world[0], 0), world[0], part="validation", regimes=["cold_item"], k=5)

    np.testing.assert_allclose(gains.by_user, found.regime("cold_item").metrics["ndcg@5"])
    assert gains.mean == pytest.approx(found.mean("cold_item", "ndcg@5"))
    assert gains.by_item.sum() == pytest.approx(gains.mean)
    assert len(gains.by_item) == found.regime("cold_item").num_candidates


def test_a_gain_that_one_item_brings_is_not_clear() -> None:
    """A hundred users gain 0.1 each: through one item of fifty, or through all of them alike."""
    users = np.full(100, 0.1)
    one, all_alike = Gains(users, np.eye(50)[0] * 0.1), Gains(users, np.full(50, 0.1 / 50))

    assert one.error == pytest.approx(np.sqrt(50 * np.var(np.eye(50)[0] * 0.1)))
    assert one.mean < 2 * one.error
    assert all_alike.mean > 2 * all_alike.error
    assert all_alike.error == pytest.approx(0.0, abs=1e-12)


def test_a_gain_of_few_users_is_not_clear() -> None:
    few = Gains(np.eye(100)[0] * 10, np.full(50, 0.1 / 50))

    assert few.error == pytest.approx(np.sqrt(np.var(np.eye(100)[0] * 10) / 100))
    assert 0.5 * few.error < few.mean < 2 * few.error


def test_differences_are_taken_both_ways(world: World, gains: Gains) -> None:
    other = gains_of(_at_random(world[0], 1), world[0], "cold_item", 5)

    assert (gains - other).mean == pytest.approx(gains.mean - other.mean)
    assert (gains - other).by_item.sum() == pytest.approx(gains.mean - other.mean)
    assert (gains - gains).mean == (gains - gains).error == 0


def test_among_some_items_only_these_are_listed_and_found(world: World) -> None:
    split = world[0]
    some = split.warm_items & (np.arange(len(split.warm_items)) % 2 == 0)
    scorer = _at_random(split, 0)
    found = gains_of(scorer, split, "warm", 5, some)
    rows = split.validation["warm"]
    kept = rows[some[split.dataset.item_rows[rows]]]

    assert len(found.by_item) == some.sum()
    assert len(found.by_user) == len(np.unique(split.dataset.user_rows[kept]))
    buried = replace(scorer, candidates=np.where(some[:, None], scorer.candidates, np.nan))
    assert gains_of(buried, split, "warm", 5, some).mean == found.mean > gains_of(scorer, split, "warm", 5).mean


def test_known_items_count_half_as_much_as_new_ones_however_high_either_is() -> None:
    """Four times as good among known items and half as good among new ones is no gain."""
    new, known, half, fourfold = (Gains(np.full(10, level), np.full(5, level / 5)) for level in (0.8, 0.01, 0.4, 0.04))

    assert Evidence(new, known).mean == pytest.approx(0.8 ** (2 / 3) * 0.01 ** (1 / 3))
    assert Evidence(half, fourfold).mean == pytest.approx(Evidence(new, known).mean)
    assert Evidence(new).mean == pytest.approx(0.8)


def test_evidence_is_clear_by_the_errors_of_its_parts() -> None:
    """Both gain a tenth, which one error for both is; the errors of new items weigh more."""

    def part(level: float, gain: float, spread: float) -> tuple[Gains, Gains]:
        draws = np.tile([-1.0, 1.0], 50) * spread * 10
        before = Gains(np.full(100, level), np.full(50, level / 50))
        return before, Gains(level * (1 + gain + draws), np.full(50, level * (1 + gain) / 50))

    def clear(*spreads: float) -> bool:
        parts = [part(level, 0.1, spread) for level, spread in zip((0.5, 0.002), spreads, strict=True)]
        before, after = (Evidence(*side) for side in zip(*parts, strict=True))
        return after.clearly_above(before, 1.0)

    assert clear(0.01, 0.25)
    assert not clear(0.25, 0.01)
    assert not clear(0.01, 0.5)
