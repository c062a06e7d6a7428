from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfcold import splits
from tfcold.blocks import Features
from tfcold.evaluation import evaluate
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training.inner import inner_split
from tfcold.training.one_list import Exposed, demand_of, expose, with_exposure
from tfcold.training.trained import TrainedModel

World = tuple[Split, Features]
SETTINGS = Settings(max_dim=16, max_landmarks=32, epochs=0)


def places(scorer: Any, split: Split, part: str = "validation") -> float:
    return evaluate(scorer, split, part=part, regimes=["all"]).mean("all", "cold_share@20")


@pytest.fixture(scope="module")
def inner(world: World) -> Split:
    return inner_split(splits.given(world[0].dataset), cold_share=0.2, seed=3)


@pytest.fixture(scope="module")
def trained(inner: Split, world: World) -> TrainedModel:
    return fit(inner, world[1], SETTINGS)


def test_demand_is_what_cold_items_have_of_all_rows(inner: Split) -> None:
    rows = inner.dataset.item_rows
    cold = np.unique(rows[inner.validation["cold_item"]])
    held = {name: len(rows) for name, rows in inner.validation.items()}

    assert demand_of(inner) == pytest.approx(np.isin(rows, cold).mean(), abs=0.01)
    assert demand_of(inner) < 0.5 * held["cold_item"] / (held["cold_item"] + held["warm"])


def test_by_demand_new_items_have_their_share_of_the_places(inner: Split, trained: TrainedModel) -> None:
    before = trained.candidate_table.copy()
    assert trained.settings.exposure == 1.0  # validation rows were given
    assert places(trained, inner) > 2 * demand_of(inner)

    trained.settings = trained.settings.with_(one_list="demand", exposure=None)
    chosen = with_exposure(trained, inner)
    assert places(Exposed(trained, chosen.exposure), inner) == pytest.approx(demand_of(inner), abs=0.02)
    assert places(Exposed(trained, 0.9 * chosen.exposure), inner) < demand_of(inner)

    expose(trained, chosen)
    np.testing.assert_allclose(trained.candidate_table[inner.warm_items], before[inner.warm_items])
    cold = ~inner.warm_items
    np.testing.assert_allclose(trained.candidate_table[cold], chosen.exposure * before[cold], rtol=1e-4, atol=1e-6)


def test_an_exposure_that_was_named_stays(inner: Split, trained: TrainedModel) -> None:
    trained.settings = trained.settings.with_(one_list="demand", exposure=0.7)
    assert with_exposure(trained, inner).exposure == 0.7


def test_a_fit_without_validation_rows_does_not_fill_lists_with_new_items(world: World) -> None:
    split, features = world
    bare = Split(split.dataset, train=split.train, test=split.test)
    by_demand = fit(bare, features, SETTINGS)
    by_validation = fit(bare, features, SETTINGS.with_(one_list="validation"))
    twice = fit(bare, features, SETTINGS.with_(exposure=2 * by_demand.settings.exposure))

    assert (by_demand.settings.one_list, by_validation.settings.exposure) == ("demand", 1.0)
    assert by_demand.settings.cold_scale == by_validation.settings.cold_scale
    np.testing.assert_array_equal(by_demand.history_table, by_validation.history_table)
    shares = [places(model, bare, "test") for model in (by_demand, twice, by_validation)]
    assert shares[0] < 0.5 < shares[2]
    assert shares[0] < shares[1]
