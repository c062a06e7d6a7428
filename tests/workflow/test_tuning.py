"""Baselines choose on validation rows, share what they build on, and say what that took."""

from __future__ import annotations

import numpy as np
import pytest

from tfcold.baselines import EASE, IALS, KernelRidge, Popularity, Ridge, SemanticProfile
from tfcold.blocks import Features, VectorBlock
from tfcold.data import Dataset, synthetic_world
from tfcold.evaluation import evaluate
from tfcold.splits import Split, cold_item, cold_user
from tfcold.workflow import Grids, TunedBaselines, best_on_validation, tuned_baselines


@pytest.fixture(scope="module")
def split() -> Split:
    interactions, items, _ = synthetic_world(num_users=60, num_items=50, seed=2)
    return cold_item(Dataset.from_tables(interactions, items), seed=0)


@pytest.fixture(scope="module")
def features(split: Split) -> Features:
    genres = split.dataset.items.frame["genre"].to_numpy()
    vectors = np.zeros((len(split.warm_items), len(set(genres))), np.float32)
    vectors[1:] = genres[:, None] == np.array(sorted(set(genres)))  # items come in the order of their table
    noise = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    mask = np.arange(len(vectors)) > 0
    noise[0] = 0
    return Features({"noise": VectorBlock("noise", noise, mask), "topic": VectorBlock("topic", vectors, mask)})


def test_the_best_on_validation_rows_is_taken(split: Split, features: Features) -> None:
    reached = {
        penalty: evaluate(EASE(penalty).fit(split), split, part="validation").mean("warm", "ndcg@20")
        for penalty in (1.0, 1e6)
    }

    best = best_on_validation((EASE(penalty) for penalty in reached), split, features, "warm")

    assert reached[1.0] != reached[1e6]
    assert best.penalty == max(reached, key=lambda penalty: reached[penalty])
    assert best.is_fitted_on(split)


def test_a_single_option_needs_no_validation_rows(split: Split) -> None:
    bare = Split(split.dataset, split.train)

    assert best_on_validation([Popularity()], bare, Features(), "warm").is_fitted_on(bare)


def test_what_reads_vectors_finds_the_block_that_says_something(split: Split, features: Features) -> None:
    tuned = TunedBaselines(split, features, Grids(kernel=((2.0, 1.0),)))

    assert tuned.semantic.block == "topic"
    assert tuned.kernel_ridge.block == "topic"
    assert not tuned.has_words


def test_teachers_are_shared_and_their_seconds_count(split: Split, features: Features) -> None:
    tuned = TunedBaselines(split, features)

    assert tuned.joined.warm is tuned.ease
    assert tuned.joined.cold is tuned.kernel_ridge
    assert tuned.kernel_ridge.teacher is tuned.ease
    assert tuned.seconds["joined"] > tuned.seconds["kernel_ridge"] > tuned.seconds["ease"] > 0


def test_one_regime_can_choose_everything(split: Split, features: Features) -> None:
    """`cold_item` rows say nothing of warm items: EASE scores none of them, so the first option stays."""
    tuned = TunedBaselines(split, features, Grids(ease=(7.0, 70.0)), regime="cold_item")

    assert tuned.ease.penalty == 7.0


def test_without_vectors_only_rows_are_read(split: Split) -> None:
    assert [baseline.name for baseline in tuned_baselines(split, Features())] == ["popularity", "EASE", "iALS"]


def test_new_users_choose_where_no_row_is_of_new_items(split: Split, features: Features) -> None:
    """A split by users holds out warm items only: they choose blocks and penalties, and no scale."""
    by_user = cold_user(split.dataset, reveal=3, seed=0)

    tuned = TunedBaselines(by_user, features, Grids(ease=(1.0, 1e6), ease_dropouts=(0.0,)))

    reached = {
        penalty: evaluate(EASE(penalty).fit(by_user), by_user, part="validation").mean("cold_user", "ndcg@20")
        for penalty in (1.0, 1e6)
    }
    assert reached[1.0] != reached[1e6]
    assert tuned.ease.penalty == max(reached, key=lambda penalty: reached[penalty])
    assert tuned.semantic.block == "topic"
    assert tuned.joined.cold_scale == 1.0
    assert len(list(tuned_baselines(by_user, features))) == 7  # no block is called text or lexical: no lexical profile


def test_without_validation_rows_baselines_take_their_defaults(split: Split, features: Features) -> None:
    tuned = TunedBaselines(Split(split.dataset, split.train), features)

    assert tuned.ease.penalty == EASE().penalty
    assert tuned.ials.alpha == IALS().alpha
    assert tuned.semantic.block == "noise"
    assert tuned.ridge.penalty == Ridge().penalty
    assert tuned.kernel_ridge.penalty == KernelRidge().penalty
    assert SemanticProfile().name == tuned.semantic.name
