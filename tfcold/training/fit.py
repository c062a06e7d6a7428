"""From a split and its vectors to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfcold._keras import keras
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.models import TwoTower
from tfcold.models.feature_table import Kernels
from tfcold.progress import logger
from tfcold.schema import Schema
from tfcold.training import choose, closed_form, kernel_words, similar_users
from tfcold.training.backup import Backup
from tfcold.training.callbacks import RegimeValidation
from tfcold.training.factors import Factors
from tfcold.training.fold_in import choose_for_newcomers
from tfcold.training.inner import inner_split
from tfcold.training.kernel_words import KernelWords
from tfcold.training.known_users import choose_known
from tfcold.training.norms import choose_norms, with_norms
from tfcold.training.objective import affordable, batches, choose_objective
from tfcold.training.precision import copy_weights, half_precision_twin
from tfcold.training.settings import Settings
from tfcold.training.teacher import choose_teacher
from tfcold.training.tensorboard import RegimeBoard
from tfcold.training.trained import TrainedModel, trained_model
from tfcold.training.word_maps import WordMaps, kernel_maps, linear_maps
from tfcold.training.words_choice import SEARCH_ROWS, choose_words, cold_quality, targets_of

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
        InputError: settings out of range, or `jit_compile` under a strategy of several replicas.
    """
    settings = settings or Settings()
    keras.utils.set_random_seed(settings.seed)
    if choose.has(split, "warm") and (choose.has(split, "cold_item") or not features.items):
        return _fit(split, features, settings, log_dir, backup_dir, callbacks)
    logger.info("no validation rows for warm and cold items: a part of the training rows plays validation first")
    inner = inner_split(split, seed=settings.seed)
    inner_log, inner_backup = (None if one is None else Path(one) / "inner" for one in (log_dir, backup_dir))
    rehearsal = _fit(inner, features, settings, inner_log, inner_backup, ())
    chosen = rehearsal.settings
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
    words = KernelWords(split, features, settings.max_landmarks, settings.seed)
    factors, settings = choose_teacher(split, settings, cold_quality(split, words, settings.seed))
    settings, kernels = _taught(words, split, factors, settings)
    model = build_model(split, features, settings, kernels)
    settings = _closed_form(model, split, factors, settings, words)
    del words, kernels
    provenance = {name: dict(block.provenance) for name, block in {**features.items, **features.users}.items()}
    trained = trained_model(model, split, settings, provenance=provenance)
    if settings.epochs and np.diff(split.train_matrix().tocsr().indptr).max(initial=0) < 2:
        logger.info("no user has two training rows, one to see and one to name: no gradient steps")
        trained.settings = settings.with_(epochs=0)
    elif settings.epochs:
        trained.settings = train(trained, split, log_dir=log_dir, backup_dir=backup_dir, callbacks=callbacks)
    return trained


def _taught(words: KernelWords, split: Split, factors: Factors, settings: Settings) -> tuple[Settings, Kernels | None]:
    if not len(words.taught):
        return settings, None
    settings = choose_words(split, words, factors, settings)
    return settings, words.solve(targets_of(split, factors, settings), *_kernel(settings))


def _kernel(settings: Settings) -> tuple[float, float, kernel_words.Weights]:
    gamma, penalty = settings.kernel_gamma or kernel_words.GAMMA, settings.text_penalty or kernel_words.PENALTY
    return gamma, penalty, settings.block_weights or {}


def build_model(split: Split, features: Features, settings: Settings, kernels: Kernels | None = None) -> TwoTower:
    """A `TwoTower` for a split and its vectors, adapted but not yet trained; linear without `kernels`."""
    dataset = split.dataset
    schema = Schema(
        num_users=len(dataset.user_ids),
        num_items=len(dataset.item_ids),
        item_vectors={name: block.width for name, block in features.items.items()},
        user_vectors={name: block.width for name, block in features.users.items()},
    )
    model = TwoTower(
        schema,
        dim=settings.dim or settings.max_dim,
        num_landmarks={name: len(landmarks) for name, (landmarks, _) in (kernels or {}).items()},
        kernel_gamma=settings.kernel_gamma or kernel_words.GAMMA,
        kernel_dim=None if kernels is None else 2 * (settings.dim or settings.max_dim),
        id_dropout=settings.id_dropout,
        num_similar_users=0 if settings.similar_strength == 0 else min(similar_users.MOST, int(split.warm_users.sum())),
        seed=settings.seed,
    )
    model.adapt(features, item_counts=split.item_counts, seed=settings.seed, kernels=kernels)
    return model


def _closed_form(model: TwoTower, split: Split, factors: Factors, settings: Settings, words: KernelWords) -> Settings:
    maps: WordMaps | None = None
    if model.kernel_dim is not None:
        maps = kernel_maps(model)
    elif (split.warm_items & model.item_features.any_mask()).any():
        maps, settings = linear_maps(model, split, factors, settings)
    told, candidates = factors, factors.outputs
    if maps is not None:
        settings = choose_norms(split, factors, maps, settings)
        maps = with_norms(maps, split, settings)
        settings = closed_form.choose_scales(split, factors, maps, settings)
        told = closed_form.worded(factors, maps, split.warm_items, settings, split.item_counts)
        cold = np.float32(settings.cold_scale or 0.0) * maps.candidates
        candidates = np.where(split.warm_items[:, None], told.outputs, cold)
    settings = choose_known(split, told, candidates, settings)

    def narrow_worded(narrow: Factors) -> Factors:
        if not len(words.taught) or not (settings.history_text_scale or settings.warm_text_scale):
            return narrow
        ahead = words.maps(narrow, *_kernel(settings), SEARCH_ROWS, settings.seed)
        is_warm = np.asarray(narrow.outputs.any(axis=1))
        return closed_form.worded(narrow, with_norms(ahead, split, settings), is_warm, settings, split.item_counts)

    settings = choose_for_newcomers(split, told, settings, narrow_worded)
    user_map = None
    if (split.warm_users & model.user_features.any_mask()).any():
        user_map = closed_form.UserMap(model, split, told)
        settings = user_map.choose(split, told, settings)
    closed_form.assign(model, split, factors, told, maps, user_map, settings)
    return settings


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
        sample = choose.validation_sample(split, seed=settings.seed)
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


def _check_jit(settings: Settings) -> None:
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if settings.jit_compile and replicas > 1:
        raise InputError(
            f"`jit_compile` needs a single replica, as XLA cannot compile a step that gathers from others; the "
            f"strategy has {replicas}. Pass `jit_compile=False`, or leave the strategy out"
        )
