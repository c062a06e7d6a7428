"""Which softmax a fit trains with, and its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from tfcold.models import TwoTower
from tfcold.objectives import FullSoftmax, Objective, RetrievalObjective
from tfcold.progress import logger
from tfcold.training.pipeline import row_batches, user_batches
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

MAX_LOGITS = 50_000_000  # of one batch over the whole catalogue: 200 MB
MAX_EPOCH_FLOPS = 1e12  # on a processor: about half a minute on two cores
TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_ROWS_A_USER = 4  # a batch of rows is this many times larger than one of users
_ROW_HISTORY = 64


def epoch_flops(split: Split, model: TwoTower, settings: Settings) -> dict[str, float]:
    """What one epoch costs by objective, `"full"` and `"sampled"`: the matrix products of towers and logits."""
    width = sum(encoder.feature_width for encoder in model.item_features.encoders.values())
    warm = int(split.warm_items.sum())
    users, rows = int(split.warm_users.sum()), len(split.train)
    size = settings.batch_size
    fused = 2.0 * width * model.dim  # one item through one tower
    logits = 6.0 * model.dim * size
    full = -(-users // size) * warm * (2 * fused + logits)
    size *= _ROWS_A_USER
    sampled = -(-rows // size) * size * ((_ROW_HISTORY + 2) * fused + 2 * 6.0 * model.dim * size)
    return {"full": full, "sampled": sampled}


def affordable(split: Split, model: TwoTower, settings: Settings) -> bool:
    """Whether gradient steps are worth their time: always on a GPU and where an objective was asked for.

    The closed-form start is close to where the steps lead, so a catalogue for which an epoch takes minutes on a
    processor does without.
    """
    if settings.objective != "auto" or settings.train_words or tf.config.list_physical_devices("GPU"):
        return True
    cost = min(epoch_flops(split, model, settings).values())
    if cost > MAX_EPOCH_FLOPS:
        logger.info(
            "no gradient steps: an epoch would cost %.0f GFLOP and there is no GPU; an explicit objective runs them",
            cost / 1e9,
        )
    return cost <= MAX_EPOCH_FLOPS


def choose_objective(split: Split, model: TwoTower, settings: Settings) -> Objective:
    """The full softmax while its logits fit and it is the cheaper one, else the sampled one.

    Its temperature is the one at which the model as it stands explains a training batch best: a closed form scores on
    a scale of its own.
    """
    costs = epoch_flops(split, model, settings)
    fits = settings.batch_size * int(split.warm_items.sum()) <= MAX_LOGITS
    full = settings.objective == "full" or (settings.objective == "auto" and fits and costs["full"] <= costs["sampled"])
    logger.info("objective: %s softmax", "full" if full else "sampled")
    kind = FullSoftmax if full else RetrievalObjective
    batch = next(iter(batches(split, kind(), settings)))
    losses = {}
    for temperature in TEMPERATURES:
        model.objective = kind(temperature=temperature)
        losses[temperature] = float(model.compute_loss(batch, training=False))
    chosen = min(losses, key=losses.__getitem__)
    logger.info("temperature: %s -> %g", ", ".join(f"{t:g}: {v:.3f}" for t, v in losses.items()), chosen)
    model.objective = kind(temperature=chosen)
    return model.objective


def batches(split: Split, objective: Objective, settings: Settings) -> tf.data.Dataset:
    """Training batches as the objective wants them."""
    if isinstance(objective, FullSoftmax):
        return user_batches(
            split, batch_size=settings.batch_size, hidden_share=settings.hidden_share, seed=settings.seed
        )
    return row_batches(
        split, batch_size=_ROWS_A_USER * settings.batch_size, max_history=_ROW_HISTORY, seed=settings.seed
    )
