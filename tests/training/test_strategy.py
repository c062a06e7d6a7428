"""Two logical CPUs under `tf.distribute.MirroredStrategy`, in a process of their own: devices are set but once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
import tfcold._keras
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from tfcold._keras import keras
from tfcold.blocks import Features, VectorBlock
from tfcold.data import Dataset, synthetic_world
from tfcold.models import TwoTower
from tfcold.objectives import FullSoftmax, RetrievalObjective
from tfcold.schema import Schema
from tfcold.splits import cold_item
from tfcold.training import Settings, fit
from tfcold.training.pipeline import row_batches, user_batches

dataset = Dataset.from_tables(*synthetic_world(30, 24, seed=0, rows_per_user=6))
split = cold_item(dataset, seed=0)
vectors = np.random.default_rng(0).normal(size=(25, 4)).astype(np.float32)
vectors[0] = 0
features = Features(items={"text": VectorBlock("text", vectors, np.arange(25) > 0)})
counts = np.bincount(dataset.item_rows[split.train], minlength=25)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

def moved(scope, objective, weights=None):
    # one step of gradient descent over four rows that both replicas see twice: the mean is that of one replica
    with scope:
        model = TwoTower(Schema(30, 24, {"text": 4}), dim=3, objective=objective, seed=1)
        model.adapt(features, item_counts=counts, seed=0)
        model.compile(keras.optimizers.SGD(0.5))
        if weights is not None:
            model.set_weights(weights)
    weights = model.get_weights()
    half = {"user_row": [1, 2], "history": [[1, 0], [3, 0]], "targets": [[2, 0], [4, 1]]}
    places = np.flatnonzero(counts)
    half = {name: np.array(rows, np.int32) for name, rows in half.items()}
    for name in ("history", "targets"):
        half[name] = np.where(half[name] > 0, places[half[name]], 0).astype(np.int32)
    both = {name: np.concatenate([rows, rows]) for name, rows in half.items()}
    before = model.candidate_table()
    loss = model.fit(tf.data.Dataset.from_tensors(both), verbose=0).history["loss"][0]
    return loss, model.candidate_table() - before, weights

loss, change, weights = moved(strategy.scope(), FullSoftmax())
alone, expected, _ = moved(tf.distribute.get_strategy().scope(), FullSoftmax(), weights)
np.testing.assert_allclose(loss, alone, rtol=1e-5)
np.testing.assert_allclose(change, expected, rtol=1e-3, atol=1e-6)
assert np.abs(expected).max() > 1e-3

# a last batch of one row leaves the second replica without any
settings = Settings(dim=4, penalty=30.0, max_landmarks=0, text_penalty=1.0, cold_scale=2.0, warm_text_scale=0.0,
                    user_words_strength=0.0, prior_strength=0.0, prior_decay=1.0, epochs=1, seed=0)
for objective, size in (("full", None), ("retrieval", None)):
    rows = len(np.unique(dataset.user_rows[split.train])) if objective == "full" else len(split.train)
    batch = next(n for n in range(3, rows) if rows % n == 1) if objective == "full" else (rows - 1) // 4
    with strategy.scope():
        fitted = fit(split, features, settings.with_(objective=objective, batch_size=batch))
    assert np.isfinite(fitted.log["val_warm_ndcg_at_20"]).all(), objective
    assert np.isfinite(fitted.candidate_table).all(), objective
    assert len(fitted.model.trainable_variables[0].values) == 2

# rows of a batch are dealt to both replicas
deal = {"user_row": 0, "rows": 0}
def count(batch):
    return tf.size(batch["user_row"])
for batch in strategy.experimental_distribute_dataset(row_batches(split, batch_size=8, seed=0)):
    sizes = [int(n) for n in strategy.experimental_local_results(strategy.run(count, (batch,)))]
    deal["rows"] += sum(sizes)
    assert max(sizes) <= 4, sizes
assert deal["rows"] == len(split.train)
print("all well")
"""


@pytest.mark.slow
def test_mirrored_strategy_trains_on_the_mean_over_replicas() -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    if done.returncode:
        pytest.fail(done.stderr[-3000:])
    assert done.stdout.endswith("all well\n")
