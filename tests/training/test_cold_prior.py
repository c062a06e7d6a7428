from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.models.prior import popularity
from tfcold.splits.split import Split
from tfcold.training import Settings, cold_prior, fit
from tfcold.training.choose import DotScorer
from tfcold.training.cold_prior import choose_cold_prior, chosen_direction, direction_of
from tfcold.training.factors import Factors

World = tuple[Split, Features]


def _telling(split: Split, seed: int = 0) -> np.ndarray:
    """Vectors [I + 1, 4] whose first number is how often an item is met anywhere, among noise."""
    counts = np.bincount(split.dataset.item_rows, minlength=len(split.warm_items))
    noise = np.random.default_rng(seed).standard_normal((len(counts), 3))
    vectors = np.concatenate([np.log1p(counts)[:, None] - np.log1p(counts[1:]).mean(), noise], axis=1)
    vectors[0] = 0
    return vectors.astype(np.float32)


def test_the_direction_finds_what_tells_of_popularity(world: World) -> None:
    split = world[0]
    vectors = _telling(split)
    said = vectors @ direction_of(split, vectors, 0.001)

    known = popularity(split.item_counts)
    assert np.corrcoef(said[split.warm_items], known[split.warm_items])[0, 1] > 0.9


def test_it_is_chosen_where_words_tell_and_not_where_they_do_not(world: World) -> None:
    split = world[0]
    vectors = _telling(split)
    told = Factors(np.zeros_like(vectors), np.zeros_like(vectors), np.ones(4, np.float32))

    assert choose_cold_prior(split, told, vectors, Settings()).cold_prior_penalty
    noise = vectors * np.array([0, 1, 1, 1], np.float32)
    assert choose_cold_prior(split, told, noise, Settings()).cold_prior_penalty == 0.0
    assert choose_cold_prior(split, told, noise, Settings(cold_prior_penalty=0.5)).cold_prior_penalty == 0.5
    without = replace(split, validation={})
    assert choose_cold_prior(without, told, vectors, Settings()).cold_prior_penalty == 0.0


def test_it_counts_as_far_as_users_with_a_history_lose_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    split = world[0]
    vectors = _telling(split)
    told = Factors(np.zeros_like(vectors), np.zeros_like(vectors), np.ones(4, np.float32))
    bearable = [0.0]

    def quality(scorer: DotScorer, *_: object) -> float:
        return 0.5 if scorer.prior is None or np.abs(scorer.prior).max() < bearable[0] else 0.4

    monkeypatch.setattr(cold_prior.choose, "quality", quality)
    full = np.abs(vectors @ direction_of(split, vectors, 0.001)).max()
    for most, scale in ((1.1, 1.0), (0.9, 0.3), (0.2, 0.1), (0.0, 0.01)):
        bearable[0] = most * full
        chosen = choose_cold_prior(split, told, vectors, Settings())
        assert (chosen.cold_prior_penalty, chosen.cold_prior_scale) == (0.001, scale)
        direction = chosen_direction(split, vectors, chosen)
        np.testing.assert_allclose(direction, scale * direction_of(split, vectors, 0.001), rtol=1e-6)
    named = choose_cold_prior(split, told, vectors, Settings(cold_prior_scale=0.5))
    assert (named.cold_prior_penalty, named.cold_prior_scale) == (0.001, 0.5)


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_somebody_unknown_is_told_of_new_items_by_their_words(world: World, given: Settings, strength: float) -> None:
    split, features = world
    asked = given.with_(epochs=0, prior_strength=strength)
    blank, trained = (fit(split, features, asked.with_(cold_prior_penalty=one)) for one in (0.0, 0.1))
    cold = np.flatnonzero(~split.warm_items & features.items["text"].mask)
    lists = [one.recommend(["nobody"], k=5, candidates=one.item_ids.ids_of(cold)) for one in (blank, trained)]

    assert lists[0]["score"].nunique() == 1  # they tie
    assert lists[1]["score"].nunique() == 5
    warm = [one.candidate_table[split.warm_items] for one in (blank, trained)]
    np.testing.assert_array_equal(warm[0], warm[1])
