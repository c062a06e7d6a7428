"""The objective of a `TwoTower` over a batch: against the whole catalogue, or the batch and some negatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from tfcold.models.warm_items import WarmItems
from tfcold.ops import rows_mask

if TYPE_CHECKING:
    from tfcold.models.two_tower import TwoTower

Batch = Mapping[str, tf.Tensor]


def full_loss(model: TwoTower, inputs: Batch, warm: WarmItems, training: bool) -> tf.Tensor:
    """float32 []: `targets` int32 [B, P] against every warm item that is not in the history."""
    # the catalogue goes through the towers once, instead of every place of every history
    places = tf.gather(warm.place, inputs["history"])
    done = tf.gather(_after_zeros(model.history_items(warm.rows, training=training)), places)
    features, masks = model.user_features.lookup(inputs["user_row"])
    query = model.user_tower(inputs["user_row"], done, places > 0, features, masks, training=training)
    # cold items are no negatives: a model that sees them as such learns to bury them
    candidates = _after_zeros(model.searchable(warm.rows, training))
    seen = rows_mask(places, tf.shape(candidates)[0])
    targets = tf.gather(warm.place, inputs["targets"])
    return model.objective(model.with_prior(query, places), candidates, targets=targets, mask=~seen)


def sampled_loss(
    model: TwoTower, inputs: Batch, warm: WarmItems, negative_rows: tf.Tensor, training: bool
) -> tf.Tensor:
    """float32 []: `item_row` int32 [B] against the batch and negatives [N] drawn uniformly from warm items."""
    item_rows, history = inputs["item_row"], inputs["history"]
    query = model.queries(inputs["user_row"], history, training=training)
    return model.objective(
        model.with_prior(query, history),
        model.searchable(item_rows, training),
        candidate_rows=item_rows,
        candidate_probability=tf.gather(warm.share, item_rows),
        negatives=model.searchable(negative_rows, training),
        negative_rows=negative_rows,
        negative_probability=tf.gather(warm.share, negative_rows),
        num_items=warm.count,
    )


def _after_zeros(table: tf.Tensor) -> tf.Tensor:
    """The table with a row 0 of zeros, so that row 0 means nothing."""
    return tf.concat([tf.zeros_like(table[:1]), table], axis=0)
