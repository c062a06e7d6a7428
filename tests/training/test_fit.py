"""A whole fit on the synthetic world: what it learns, that it repeats, and that it survives a kill."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfcold import splits
from tfcold._keras import keras
from tfcold.baselines import Popularity, SemanticProfile
from tfcold.blocks import Features, VectorBlock
from tfcold.data import Dataset, synthetic_world
from tfcold.errors import InputError
from tfcold.evaluation import evaluate
from tfcold.splits.split import Split
from tfcold.training import Settings, fit, start
from tfcold.training.start import started_model
from tfcold.training.trained import TrainedModel

World = tuple[Split, Features]
fit_module = importlib.import_module("tfcold.training.fit")  # the package's `fit` is the function


@pytest.fixture(scope="module")
def trained(world: World, given: Settings) -> TrainedModel:
    return fit(*world, given)


def weights(trained: TrainedModel) -> list[np.ndarray]:
    return trained.model.get_weights()


def assert_same(one: TrainedModel, other: TrainedModel) -> None:
    assert one.log == other.log
    for left, right in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(left, right)


def test_fusion_serves_warm_and_cold(world: World) -> None:
    split, features = world
    fitted = fit(split, features, Settings(max_dim=16, max_landmarks=32, epochs=1, seed=0))  # it chooses for itself
    quality = {
        scorer.name: evaluate(scorer, split, k=10)
        for scorer in (fitted, Popularity().fit(split, features), SemanticProfile().fit(split, features))
    }
    cold = {name: found.mean("cold_item", "ndcg@10") for name, found in quality.items()}
    warm = {name: found.mean("warm", "ndcg@10") for name, found in quality.items()}

    semantic = SemanticProfile().name
    assert cold["tfcold"] > cold["popularity"] + 0.2
    assert cold["tfcold"] > 0.9 * cold[semantic]  # which knows nothing else, and is lost on warm items
    assert warm["tfcold"] > max(warm["popularity"], warm[semantic])
    chosen = fitted.settings
    assert None not in {chosen.dim, chosen.kernel_gamma, chosen.text_penalty, chosen.warm_text_scale}
    assert chosen.teacher in ("ease", "ials", "both")
    assert (chosen.penalty is not None) == (chosen.teacher in ("ease", "both"))
    assert (chosen.ials_penalty is not None) == (chosen.teacher in ("ials", "both"))
    assert fitted.settings.cold_scale is not None


def test_fit_repeats_under_the_seed(world: World, given: Settings, trained: TrainedModel) -> None:
    assert_same(fit(*world, given), trained)


def test_settings_alone_say_how_far_rows_count_by_their_weight(
    world: World, given: Settings, trained: TrainedModel
) -> None:
    split, features = world
    assert_same(fit(split.weighed(0.5), features, given), trained)


def test_all_but_the_teacher_of_words_reads_rows_by_their_weight(
    world: World, given: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Split] = {}

    def watched(name: str, place: int):  # type: ignore[no-untyped-def]
        real = getattr(start, name)

        def call(*given, **named):  # type: ignore[no-untyped-def]
            seen[name] = given[place]
            return real(*given, **named)

        monkeypatch.setattr(start, name, call)

    for name in ("choose_words", "choose_norms", "choose_known", "choose_for_newcomers"):
        watched(name, 0)
    started_model(*world, given.with_(confidence_spread=0.5))
    expected = world[0].weighed(0.5).confidences
    for name, split in seen.items():
        np.testing.assert_array_equal(split.confidences, expected, err_msg=name)
    assert len(seen) == 4


def test_fit_never_ends_below_the_start(world: World, given: Settings) -> None:
    hurt = fit(*world, given.with_(learning_rate=1.0, batch_size=32))
    start = fit(*world, given.with_(epochs=0))
    assert hurt.settings.epochs == 0
    assert max(hurt.log["val_warm_ndcg_at_20"][1:]) < hurt.log["val_warm_ndcg_at_20"][0]
    np.testing.assert_array_equal(hurt.candidate_table, start.candidate_table)
    np.testing.assert_array_equal(hurt.history_table, start.history_table)


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    """Raises in the middle of the second epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch == 1:
            raise Killed


class Epochs(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.run: list[int] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.run.append(epoch)


def test_killed_fit_goes_on_from_its_last_epoch(
    world: World, given: Settings, trained: TrainedModel, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        fit(*world, given, backup_dir=tmp_path, callbacks=(Kill(),))
    epochs = Epochs()
    resumed = fit(*world, given, backup_dir=tmp_path, callbacks=(epochs,))

    assert epochs.run == [1]
    for name, values in trained.log.items():
        assert len(resumed.log[name]) == len(values) == 3
        assert resumed.log[name][:2] == values[:2]  # the start, and the epoch before the kill
    assert list(tmp_path.iterdir()) == []


def test_split_without_validation_rehearses_and_trains_on_everything(given: Settings) -> None:
    dataset = Dataset.from_tables(*synthetic_world(40, 30, seed=2, rows_per_user=8))
    split = Split(dataset, train=np.arange(len(dataset)))
    run = []

    class Count(Epochs):
        def on_train_end(self, logs: Any = None) -> None:
            run.append(self.run)

    settings = given.with_(dim=4, epochs=1)
    fitted = fit(split, Features(), settings, callbacks=(Count(),))
    start = fit(split, Features(), settings.with_(epochs=0))

    assert fitted.warm_items.sum() == split.warm_items.sum()
    if fitted.settings.epochs:  # the rehearsal found it worth it: so it is done, and stays
        assert run == [[0]]
        assert not np.array_equal(fitted.candidate_table, start.candidate_table)


def test_epochs_without_validation_all_count(given: Settings) -> None:
    dataset = Dataset.from_tables(*synthetic_world(40, 30, seed=2, rows_per_user=8))
    split = Split(dataset, train=np.arange(len(dataset)))
    settings = given.with_(dim=4, epochs=2)
    start = fit_module._fit(split, Features(), settings.with_(epochs=0), None, None, ())
    before = start.candidate_table
    start.settings = settings
    assert fit_module.train(start, split).epochs == 2
    assert not np.array_equal(start.candidate_table, before)


@pytest.mark.parametrize("objective", ["full", "retrieval"])
def test_mixed_precision_fits_in_half_and_answers_in_float32(world: World, given: Settings, objective: str) -> None:
    split, features = world
    policies = set()

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            policies.add(self.model.candidate_tower.fusion.compute_dtype)
            policies.add(self.model.candidate_tower.embedding.embeddings.dtype.name)

    settings = given.with_(mixed_precision=True, objective=objective, epochs=1, learning_rate=1e-4)
    fitted = fit(split, features, settings, callbacks=(Watch(),))

    assert policies == {"bfloat16", "float32"} or policies == {"float16", "float32"}
    assert keras.mixed_precision.global_policy().name == "float32"
    assert fitted.model.candidate_tower.fusion.compute_dtype == "float32"
    assert evaluate(fitted, split, k=10).mean("cold_item", "ndcg@10") > 0.3


def test_policy_is_back_after_a_kill(world: World, given: Settings) -> None:
    settings = given.with_(mixed_precision=True)
    with pytest.raises(Killed):
        fit(*world, settings, callbacks=(Kill(),))
    assert keras.mixed_precision.global_policy().name == "float32"


def test_jit_compile_under_several_replicas_is_refused(
    world: World, given: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Two:
        num_replicas_in_sync = 2

    monkeypatch.setattr(fit_module.tf.distribute, "get_strategy", Two)
    with pytest.raises(InputError, match=r"`jit_compile` needs a single replica.* the strategy has 2"):
        fit_module._check_jit(given.with_(jit_compile=True))
    fit_module._check_jit(given)


def test_where_nobody_has_two_rows_lists_go_by_what_is_popular(caplog: pytest.LogCaptureFixture) -> None:
    interactions, items, users = synthetic_world(120, 90, seed=0, num_topics=4)
    once = interactions.frame.drop_duplicates("user_id")
    split = splits.given(Dataset.from_tables(once, items, users))
    vectors = np.random.default_rng(0).normal(size=(split.dataset.num_items + 1, 4)).astype(np.float32)
    features = Features(items={"text": VectorBlock("text", vectors, np.arange(len(vectors)) > 0, {})})
    with caplog.at_level("WARNING", logger="tfcold"):
        model = fit(split, features, Settings(max_dim=16))

    assert "no user has two interactions" in caplog.text
    popular = once["item_id"].value_counts()
    lists = model.recommend(split.dataset.user_ids.ids.tolist(), k=5)
    assert lists["item_id"].map(popular).fillna(0).mean() > 1.5 * popular.mean()
    named = fit(split, features, Settings(max_dim=16, prior_strength=0.0))
    assert named.settings.prior_strength == 0.0
