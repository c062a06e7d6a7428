"""Validation by regime: the start is epoch 0, the best epoch stays, patience ends a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfcold._keras import keras
from tfcold.training import callbacks as callbacks_module
from tfcold.training.backup import Backup
from tfcold.training.callbacks import RegimeValidation


class OneWeight(keras.Model):
    """Its weight counts the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = self.add_weight("steps", [], initializer="zeros")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        self.steps.assign_add(1.0)
        return {"loss": self.steps}


class Trained:
    def refresh(self) -> None:
        """Nothing is kept."""


def validated(
    monkeypatch: pytest.MonkeyPatch, quality: list[float], *, patience: int, initial_epoch: int = 0, **options: Any
) -> tuple[OneWeight, RegimeValidation]:
    """A fit in which epoch n (0 is the start) ranks with `quality[n]`."""
    model = OneWeight()
    model.compile()
    model.steps.assign(initial_epoch)
    monkeypatch.setattr(
        callbacks_module, "validation_figures", lambda *_: {"val_warm_ndcg_at_20": quality[int(model.steps.numpy())]}
    )
    validation = RegimeValidation(Trained(), object(), patience, **options)
    data = tf.data.Dataset.from_tensors(0.0)
    model.fit(data, epochs=len(quality) - 1, initial_epoch=initial_epoch, callbacks=[validation], verbose=0)
    return model, validation


@pytest.mark.parametrize(
    ("quality", "patience", "best", "run"),
    [
        ([0.5, 0.6, 0.7, 0.65], 2, 2, 3),
        ([0.5, 0.4, 0.3, 0.9], 2, 0, 2),  # stops before the last; never below the start
        ([0.5, 0.4, 0.3, 0.9], 3, 3, 3),
        ([0.5, 0.5, 0.5, 0.5], 9, 0, 3),  # a gain is more than the same
    ],
)
def test_best_epoch_stays(
    quality: list[float], patience: int, best: int, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, validation = validated(monkeypatch, quality, patience=patience)
    assert validation.best_epoch == best
    assert float(model.steps) == best
    assert validation.history == {"val_warm_ndcg_at_20": quality[: run + 1]}


def test_relative_is_the_mean_over_regimes() -> None:
    validation = RegimeValidation(Trained(), object(), 1)
    validation._start = {"val_warm_ndcg_at_20": 0.5, "val_cold_item_ndcg_at_20": 0.1, "val_all_ndcg_at_20": 0.0}
    figures = {"val_warm_ndcg_at_20": 0.4, "val_cold_item_ndcg_at_20": 0.15, "val_all_ndcg_at_20": 0.3}
    # 0.4 / 0.5 = 0.8 and 0.15 / 0.1 = 1.5; what started at nothing has no ratio
    assert validation.relative(figures) == pytest.approx((0.8 + 1.5) / 2)


class Fingerprint:
    """Stands in for the trained model and the split of a `Backup`."""

    fingerprint = "one"
    provenance: dict[str, Any] = {}  # noqa: RUF012

    class model:
        weights = (np.zeros(3),)

    class settings:
        @staticmethod
        def to_dict() -> dict[str, Any]:
            return {"dim": 3}


def test_interrupted_validation_remembers_the_best_epoch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quality = [0.5, 0.9, 0.6, 0.7]
    backup = Backup(tmp_path, Fingerprint(), Fingerprint())
    validated(monkeypatch, quality[:3], patience=5, backup=backup)  # ends after two epochs, the first is the best
    model, validation = validated(
        monkeypatch, quality, patience=5, initial_epoch=2, backup=Backup(tmp_path, Fingerprint(), Fingerprint())
    )
    assert validation.best_epoch == 1
    assert float(model.steps) == 1
    assert validation.history == {"val_warm_ndcg_at_20": quality}


def test_backup_of_another_fit_is_thrown_away(tmp_path: Path) -> None:
    backup = Backup(tmp_path, Fingerprint(), Fingerprint())
    backup.write({"best": 1.0}, [np.ones(2)])
    (tmp_path / "mine.txt").write_text("kept")
    assert Backup(tmp_path, Fingerprint(), Fingerprint()).read() is not None

    other = Fingerprint()
    other.fingerprint = "two"
    assert Backup(tmp_path, Fingerprint(), other).read() is None
    assert (tmp_path / "mine.txt").exists()
