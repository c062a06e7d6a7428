from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfcold import splits
from tfcold.blocks import Features
from tfcold.evaluation import evaluate
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training.choose import DotScorer
from tfcold.training.inner import inner_split
from tfcold.training.one_list import choose_cold_scale, demand_of

World = tuple[Split, Features]


def places(scorer: Any, split: Split) -> float:
    return evaluate(scorer, split, part="validation", regimes=["all"]).mean("all", "cold_share@20")


@pytest.fixture(scope="module")
def inner(world: World) -> Split:
    return inner_split(splits.given(world[0].dataset), cold_share=0.2, seed=3)


def scorer_of(split: Split) -> Any:
    """Warm and cold items alike liked, but for the scale."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(len(split.warm_items), 6)).astype(np.float32)

    def scorer(settings: Settings) -> DotScorer:
        scales = np.where(split.warm_items, 1.0, 0.2 * (settings.cold_scale or 0))
        return DotScorer(vectors, (scales[:, None] * vectors).astype(np.float32))

    return scorer


def test_demand_is_what_cold_items_have_of_all_rows(inner: Split) -> None:
    rows = inner.dataset.item_rows
    cold = np.unique(rows[inner.validation["cold_item"]])
    assert demand_of(inner) == pytest.approx(np.isin(rows, cold).mean(), abs=0.01)
    assert demand_of(inner) < 0.6 * (
        len(inner.validation["cold_item"]) / (len(inner.validation["cold_item"]) + len(inner.validation["warm"]))
    )


def test_by_demand_cold_items_have_their_share_of_the_places(inner: Split) -> None:
    scorer = scorer_of(inner)
    chosen = choose_cold_scale(inner, inner, Settings(one_list="demand"), scorer)

    assert places(scorer(chosen), inner) == pytest.approx(demand_of(inner), abs=0.01)
    below = chosen.with_(cold_scale=0.9 * (chosen.cold_scale or 0))
    assert places(scorer(below), inner) < demand_of(inner)


def test_by_validation_the_best_scale_is_taken(inner: Split) -> None:
    scorer = scorer_of(inner)
    chosen = choose_cold_scale(inner, inner, Settings(one_list="validation"), scorer)

    def quality(scale: float) -> float:
        return evaluate(scorer(chosen.with_(cold_scale=scale)), inner, part="validation").mean("all", "ndcg@20")

    assert quality(chosen.cold_scale or 0) == max(quality(scale) for scale in (1.0, 2.0, 4.0, chosen.cold_scale or 0))
    near = choose_cold_scale(inner, inner, chosen, scorer, near=True)
    assert 0.8 * (chosen.cold_scale or 0) <= (near.cold_scale or 0) <= 1.25 * (chosen.cold_scale or 0)


def test_without_rows_of_both_kinds_nothing_is_chosen(world: World) -> None:
    split = splits.given(world[0].dataset)
    untold = choose_cold_scale(split, split, Settings(), scorer_of(split))

    assert untold.cold_scale is not None
    assert choose_cold_scale(split, split, untold.with_(cold_scale=1.5), scorer_of(split), near=True).cold_scale == 1.5


def test_a_fit_without_validation_rows_does_not_fill_lists_with_new_items(world: World) -> None:
    split, features = world
    rows = {"train": split.train, "test": {**split.test}, "validation": {}}
    bare = Split(split.dataset, **rows)
    settings = Settings(max_dim=16, max_landmarks=32, epochs=1)
    by_demand = fit(bare, features, settings)
    by_validation = fit(bare, features, settings.with_(one_list="validation"))

    def new(model: Any) -> float:
        return evaluate(model, bare, regimes=["all"]).mean("all", "cold_share@20")

    assert by_demand.settings.one_list == "demand"
    assert new(by_demand) < 0.5 < new(by_validation)
