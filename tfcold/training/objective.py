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

MAX_FULL_FLOPS = 30e9  # of one pass over the whole catalogue: about half a second a step on two cores


TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def choose_objective(split: Split, model: TwoTower, settings: Settings) -> Objective:
    """The full softmax as long as one pass over the catalogue is affordable, else the sampled one.

    Its temperature is the one at which the model as it stands explains a training batch best: a closed form scores on
    a scale of its own.
    """
    width = sum(encoder.feature_width for encoder in model.item_features.encoders.values())
    cost = 6.0 * int(split.warm_items.sum()) * model.dim * (width + settings.batch_size)
    full = settings.objective == "full" or (settings.objective == "auto" and cost <= MAX_FULL_FLOPS)
    logger.info("objective: %s softmax (a full pass would cost %.1f GFLOP)", "full" if full else "sampled", cost / 1e9)
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
    return row_batches(split, batch_size=4 * settings.batch_size, seed=settings.seed)
