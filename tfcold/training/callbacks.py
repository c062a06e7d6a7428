"""Validation by regime at every epoch, and stopping by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfcold._keras import keras
from tfcold.evaluation import evaluate
from tfcold.progress import logger
from tfcold.training.backup import Backup
from tfcold.training.trained import TrainedModel

if TYPE_CHECKING:
    from tfcold.splits.split import Split

WATCHED = ("ndcg@20", "recall@20")


def validation_figures(trained: TrainedModel, split: Split) -> dict[str, float]:
    """`val_<regime>_<metric>` of every regime that validation has rows for."""
    found = evaluate(trained, split, part="validation", k=20)
    return {
        f"val_{regime}_{metric.replace('@', '_at_')}": found.mean(regime, metric)
        for regime in found.regimes
        for metric in WATCHED
    }


class RegimeValidation(keras.callbacks.Callback):
    """Ranks the validation rows by regime at every epoch and keeps the best weights.

    The figure that decides is the mean over regimes of NDCG@20 relative to the start: a gain on cold items does not
    pay for a loss of the same share on warm ones. The start counts as epoch 0, so a fit never ends below it.

    Args:
        trained: the model being fitted, with its ids.
        split: the rows to validate on (a sample, see `choose.validation_sample`).
        patience: int. Epochs without gain after which training stops.
        backup: where a fit that is interrupted keeps the best weights so far, or None.

    Attributes:
        history: mapping of figure to one value an epoch, the start first.
        best_epoch: int; 0 is the start.
    """

    def __init__(self, trained: TrainedModel, split: Split, patience: int, backup: Backup | None = None) -> None:
        super().__init__()
        self.trained = trained
        self.split = split
        self.patience = patience
        self.backup = backup
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self._epoch = 0
        self._best = 1.0
        self._best_weights: list[np.ndarray[Any, Any]] | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        found = None if self.backup is None else self.backup.read()
        if found is not None:
            state, self._best_weights = found
            self.history, self._best, self.best_epoch = state["history"], state["best"], state["best_epoch"]
            self._start = {name: values[0] for name, values in self.history.items()}
            return
        self._start = self._figures(0)
        self._best_weights = self._weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        figures = self._figures(self._epoch)
        relative = self.relative(figures)
        if logs is not None:
            logs.update(figures, val_relative=relative)
        logger.info("epoch %d: %s, relative %.4f", epoch + 1, _short(figures), relative)
        if relative > self._best:
            self._best, self.best_epoch = relative, self._epoch
            self._best_weights = self._weights()
        elif self._epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True
        if self.backup is not None and self._best_weights is not None:
            state = {"history": self.history, "best": self._best, "best_epoch": self.best_epoch}
            self.backup.write(state, self._best_weights)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._best_weights is not None:
            for variable, value in zip(self.model.trainable_variables, self._best_weights, strict=True):
                variable.assign(value)
        self.trained.refresh()
        logger.info("best epoch: %d of %d, relative %.4f", self.best_epoch, self._epoch, self._best)

    def relative(self, figures: Mapping[str, float]) -> float:
        """Mean over regimes of NDCG@20 against the start."""
        watched = [name for name in figures if "ndcg" in name and self._start[name] > 0]
        return float(np.mean([figures[name] / self._start[name] for name in watched])) if watched else 1.0

    def _figures(self, epoch: int) -> dict[str, float]:
        self.trained.refresh()
        figures = validation_figures(self.trained, self.split)
        for name, value in figures.items():
            before = self.history.get(name, [])[:epoch]  # an epoch that was interrupted after this comes a second time
            self.history[name] = [*before, value]
        return figures

    def _weights(self) -> list[np.ndarray[Any, Any]]:
        return [variable.numpy() for variable in self.model.trainable_variables]


def _short(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name[4:]} {value:.4f}" for name, value in figures.items() if "ndcg" in name)
