"""The benchmark of how far words carry new items: what it adds to words and to scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tfcold.baselines import SemanticProfile
from tfcold.data import Items


@pytest.fixture
def distance(script):
    return script("content_distance")


@pytest.fixture
def collection(script, write_collection, tmp_path):
    write_collection(tmp_path / "toy")
    return script("quality_parts.collection").read_collection(tmp_path / "toy")


def test_names_and_years_become_one_token_each(distance, collection):
    frame = pd.DataFrame({"item_id": ["a", "b"], "title": ["Up (2009)", "Ran"], "actors": ["Ed Asner, Jo O'Neil", ""]})
    films = replace(collection, items=Items.from_frame(frame))
    found = distance.with_tokens(films, ["actors"]).items.frame["tokens"].tolist()

    assert found[0].split() == ["actors_ed_asner", "actors_jo_o_neil", "year_2009", "decade_200"]
    assert not found[1]


def test_a_prior_counts_as_far_as_validation_rows_gain(distance, script, collection):
    task = script("quality_parts.tasks").items_task(collection)
    split = task.split
    words = SemanticProfile().fit(split, task.features)
    told = {part: distance.chosen_times(split, part) for part in ("validation", "test")}
    nothing = distance.best_with(words, split, [np.zeros_like(told["test"])])
    noise = distance.WithPrior(None, np.random.default_rng(0).random(len(split.warm_items)).astype(np.float32))
    with_truth = distance.best_with(noise, split, [told["validation"]], told["test"])

    assert nothing == {**distance.figures_of(words, split), "weight": 0}
    assert told["test"][split.warm_items].sum() == 0
    assert np.expm1(told["test"]).sum() == pytest.approx(len(split.test["cold_item"]), rel=1e-4)
    assert with_truth["weight"] > 0
    assert with_truth["ndcg@20"] > distance.figures_of(noise, split)["ndcg@20"]


def test_a_learned_prior_follows_what_is_chosen(distance, script, collection):
    task = script("quality_parts.tasks").items_task(collection)
    warm = task.split.warm_items
    counts = np.log1p(task.split.item_counts)

    learned = distance.learned_times(task)
    near = [np.corrcoef(one[warm], counts[warm])[0, 1] for one in learned]
    assert len(learned) == len(distance.PENALTIES)
    assert near[0] > 0.1
    assert np.linalg.norm(learned[0]) > np.linalg.norm(learned[-1])
