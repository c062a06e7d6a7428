"""From a split and its vectors to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfcold._keras import keras
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.progress import logger
from tfcold.splits.inputs import check_inputs
from tfcold.training import choose
from tfcold.training.backup import Backup
from tfcold.training.callbacks import RegimeValidation
from tfcold.training.inner import inner_split
from tfcold.training.objective import affordable, batches, choose_objective
from tfcold.training.one_list import expose, with_exposure
from tfcold.training.precision import copy_weights, half_precision_twin
from tfcold.training.settings import Settings
from tfcold.training.start import started_model
from tfcold.training.tensorboard import RegimeBoard
from tfcold.training.trained import TrainedModel, trained_model

if TYPE_CHECKING:
    from tfcold.splits.split import Split


def fit(
    split: Split,
    features: Features,
    settings: Settings | None = None,
    *,
    log_dir: str | Path | None = None,
    backup_dir: str | Path | None = None,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> TrainedModel:
    """A model of the training rows of a split, ready to recommend, evaluate and export.

    Settings that are `None` are chosen on the validation rows. Where the split has no validation rows of warm items
    and of cold ones, a part of the training rows plays validation first; then the model is fitted anew on all
    training rows with what was chosen. The fit starts from a closed form (`training.closed_form`) and goes on by
    gradient steps for as long as validation gains; it never ends below the start. Called inside the scope of a
    `tf.distribute` strategy, it makes and fits the model there.

    Args:
        split: its training rows are learned from; its test rows are not read.
        features: vectors of items, and of users where there are any; the split's dataset gives their order.
        settings: default `Settings()`, which is `Settings.preset("fast")`.
        log_dir: folder for TensorBoard, or None.
        backup_dir: folder in which an interrupted fit finds its last epoch again, or None. Emptied when the fit ends.
        callbacks: more Keras callbacks for the gradient steps.

    Returns: `TrainedModel`.

    Raises:
        InputError: no split, or features of something else; settings out of range, or `jit_compile` under a strategy
            of several replicas.
    """
    check_inputs(split, features)
    settings, split = settings or Settings(), split.weighed(0.0)  # how far rows count by weight, settings say
    keras.utils.set_random_seed(settings.seed)
    if choose.has(split, "warm") and (choose.has(split, "cold_item") or not features.items):
        _warn_without_pairs(split)
        trained = _fit(split, features, settings, log_dir, backup_dir, callbacks)
        if settings.exposure is None:
            expose(trained, with_exposure(trained, split))
        return trained
    logger.info("no validation rows for warm and cold items: a part of the training rows plays validation first")
    if settings.one_list == "auto":
        settings = settings.with_(one_list="demand")
    inner = inner_split(split, seed=settings.seed)
    _warn_without_pairs(split)
    inner_log, inner_backup = (None if one is None else Path(one) / "inner" for one in (log_dir, backup_dir))
    rehearsal = _fit(inner, features, settings, inner_log, inner_backup, ())
    chosen = with_exposure(rehearsal, inner)
    logger.info("fitting anew on all %d training rows", len(split.train))
    return _fit(split, features, chosen, log_dir, backup_dir, callbacks)


def _fit(
    split: Split,
    features: Features,
    settings: Settings,
    log_dir: str | Path | None,
    backup_dir: str | Path | None,
    callbacks: tuple[keras.callbacks.Callback, ...],
) -> TrainedModel:
    model, settings = started_model(split, features, settings)
    provenance = {name: dict(block.provenance) for name, block in {**features.items, **features.users}.items()}
    trained = trained_model(model, split, settings, provenance=provenance)
    if not split.has_pairs:
        trained.settings = settings.with_(epochs=0)  # one row to see and one to name: nobody has them
    elif settings.epochs:
        trained.settings = train(trained, split, log_dir=log_dir, backup_dir=backup_dir, callbacks=callbacks)
    return trained


def train(
    trained: TrainedModel,
    split: Split,
    *,
    log_dir: str | Path | None = None,
    backup_dir: str | Path | None = None,
    callbacks: tuple[Any, ...] = (),
) -> Settings:
    """Gradient steps from where the model stands; returns the settings with the epochs that were worth it.

    With validation rows, the best epoch is kept and counts; without, all `settings.epochs` are run.
    """
    settings, model = trained.settings, trained.model
    _check_jit(settings)
    if not affordable(split, model, settings):
        return settings.with_(epochs=0)
    for tower in (model.candidate_tower, model.history_tower):
        tower.fusion.trainable = settings.train_words
    objective = choose_objective(split, model, settings)
    if settings.mixed_precision:
        trained.model = half_precision_twin(model)  # what is fitted; the model that comes out computes in float32
    trained.model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        jit_compile=settings.jit_compile,
    )
    backup = None if backup_dir is None else Backup(backup_dir, trained, split)
    watched = list(callbacks)
    validation = None
    if any(len(rows) for rows in split.validation.values()):
        sample = choose.sample_of(split, settings)
        validation = RegimeValidation(trained, sample, settings.patience, backup)
        watched.insert(0, validation)
    if log_dir is not None:
        watched.append(RegimeBoard(log_dir, trained, split, validation))
    if backup is not None:
        watched.append(backup.callback())
    try:
        trained.model.fit(
            batches(split, objective, settings),
            epochs=settings.epochs,
            callbacks=watched,
            verbose=0,
        )
        if trained.model is not model:
            copy_weights(trained.model, model)
    finally:
        trained.model = model
        trained.refresh()
    if backup is not None:
        backup.clear()
    if validation is None:
        return settings
    trained.log = validation.history
    return settings.with_(epochs=validation.best_epoch)


def _warn_without_pairs(split: Split) -> None:
    if not split.has_pairs:
        logger.warning(
            "no user has two interactions, so nothing says which items go together: lists go by what is popular and by "
            "words alike, without gradient steps"
        )


def _check_jit(settings: Settings) -> None:
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if settings.jit_compile and replicas > 1:
        raise InputError(
            f"`jit_compile` needs a single replica, as XLA cannot compile a step that gathers from others; the "
            f"strategy has {replicas}. Pass `jit_compile=False`, or leave the strategy out"
        )
