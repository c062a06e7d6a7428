"""An item's ID and its words, brought to say the same."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcold.errors import InputError
from tfcold.objectives.objective import Objective
from tfcold.ops.contrastive import contrastive_loss
from tfcold.registration import export


@export("tfcold.objectives.Alignment")
class Alignment(Objective):
    """Symmetric InfoNCE between ID embeddings and text embeddings of the same rows.

    The text embedding of an item has to find its ID embedding among those of the batch, and the other way round; so
    an unseen item's text lands where its ID embedding would have been.

    Args:
        temperature: float > 0, default 0.1. Divides cosines.
        stop_id_gradient: bool, default False. Text moves to the ID, and the ID does not move to the text.

    Call args:
        id_embedding: floating [B, D].
        text_embedding: floating [B, D], any norm.
        rows: integer [B], or None. Two rows that are the same item are no negatives of each other.
        mask: bool [B], or None. False for a row that is cold, or has no text.
        sample_weight: floating [B], or None.

    Returns: float32 [], in nats; 0 where no row takes part.

    Raises:
        InputError: `temperature` out of range.

    References:
        van den Oord et al. 2018, arXiv:1807.03748; between content and collaborative embeddings: Wei et al. 2021,
        Contrastive Learning for Cold-Start Recommendation (CLCRec), ACM Multimedia.
    """

    def __init__(self, *, temperature: float = 0.1, stop_id_gradient: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not temperature > 0:
            raise InputError(f"`temperature` must be positive; received {temperature}")
        self.temperature = temperature
        self.stop_id_gradient = stop_id_gradient

    def call(
        self,
        id_embedding: tf.Tensor,
        text_embedding: tf.Tensor,
        rows: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        sample_weight: tf.Tensor | None = None,
    ) -> tf.Tensor:
        id_embedding, text_embedding = self.wide(id_embedding), self.wide(text_embedding)
        if self.stop_id_gradient:
            id_embedding = tf.stop_gradient(id_embedding)
        loss = contrastive_loss(id_embedding, text_embedding, rows=rows, mask=mask, temperature=self.temperature)
        weight = tf.ones_like(loss) if mask is None else self.wide(mask)
        return self.mean(loss, weight if sample_weight is None else weight * self.wide(sample_weight))

    def get_config(self) -> dict[str, Any]:
        config = {"temperature": self.temperature, "stop_id_gradient": self.stop_id_gradient}
        return {**super().get_config(), **config}
