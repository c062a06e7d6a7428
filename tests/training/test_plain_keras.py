"""`compile` and `fit` as of any Keras model, for those who build the model by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfcold._keras import keras
from tfcold.blocks import Features
from tfcold.models import TwoTower
from tfcold.objectives import FullSoftmax, RetrievalObjective
from tfcold.schema import Schema
from tfcold.splits.split import Split
from tfcold.training.pipeline import row_batches, user_batches

World = tuple[Split, Features]


def make_model(world: World, **options: Any) -> TwoTower:
    split, features = world
    dataset = split.dataset
    schema = Schema(len(dataset.user_ids), len(dataset.item_ids), {"text": features.items["text"].width})
    model = TwoTower(schema, dim=8, id_dropout=0.1, seed=0, **options)
    counts = np.bincount(dataset.item_rows[split.train], minlength=len(dataset.item_ids) + 1)
    model.adapt(features, item_counts=counts, seed=0)
    return model


@pytest.mark.parametrize(
    ("objective", "make"), [(FullSoftmax, user_batches), (RetrievalObjective, row_batches)], ids=["full", "sampled"]
)
def test_loss_falls_and_weights_are_saved(objective: Any, make: Any, world: World, tmp_path: Path) -> None:
    model = make_model(world, objective=objective())
    model.compile(keras.optimizers.Adam(0.01))
    batches = make(world[0], batch_size=64, max_history=32, seed=0)
    history = model.fit(batches, epochs=12, validation_data=batches.take(1), verbose=0).history

    assert np.mean(history["loss"][-3:]) < np.mean(history["loss"][:3])  # negatives are drawn anew each time
    assert all(np.isfinite(history["val_loss"]))

    model.save_weights(tmp_path / "model.weights.h5")
    other = make_model(world, objective=objective())
    assert np.abs(other.candidate_table() - model.candidate_table()).max() > 0.1
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.candidate_table(), model.candidate_table())
    np.testing.assert_array_equal(other.history_table(), model.history_table())


def test_weights_load_into_a_model_that_never_saw_the_data(world: World, tmp_path: Path) -> None:
    model = make_model(world)
    model.save_weights(tmp_path / "model.weights.h5")
    fresh = TwoTower.from_config(model.get_config())
    fresh.ensure_built()
    fresh.load_weights(tmp_path / "model.weights.h5")
    batch = next(iter(user_batches(world[0], seed=0)))

    assert float(fresh.compute_loss(batch)) == pytest.approx(float(model.compute_loss(batch)), rel=1e-5)


def test_keras_file_is_trained_on(world: World, tmp_path: Path) -> None:
    model = make_model(world)
    model.compile(keras.optimizers.Adam(0.05))
    batches = user_batches(world[0], batch_size=64, max_history=32, seed=0)
    before = model.fit(batches, epochs=1, verbose=0).history["loss"]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded.candidate_table(), model.candidate_table())
    loaded.compile(keras.optimizers.Adam(0.05))
    after = loaded.fit(batches, epochs=1, verbose=0).history["loss"]

    assert after[-1] < before[0]


def test_mixed_float16_by_hand_scales_the_loss(world: World) -> None:
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = make_model(world)
    finally:
        keras.mixed_precision.set_global_policy(before)
    exact = make_model(world)
    exact.set_weights(model.get_weights())
    for one in (model, exact):
        one.id_dropout = one.candidate_tower.id_dropout.rate = one.user_tower.id_dropout.rate = 0.0
        one.compile(keras.optimizers.SGD(0.1))
    assert isinstance(model.optimizer, keras.mixed_precision.LossScaleOptimizer)
    start = exact.candidate_table()
    for one in (model, exact):
        one.fit(user_batches(world[0], batch_size=200, max_history=32, seed=0), verbose=0)

    moved, expected = model.candidate_table() - start, exact.candidate_table() - start
    # half precision on both sides: what is unscaled twice, or never, is off by thousands
    assert np.linalg.norm(moved - expected) < 0.2 * np.linalg.norm(expected)
