"""How to build and feed one tiny instance of every exported class. A new export gets an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfcold import layers, models, objectives, towers
from tfcold.blocks import Features, VectorBlock
from tfcold.schema import Schema

Inputs = dict[str, Any]  # argument of `call` -> array, or mapping of arrays; the first argument first


@dataclass(frozen=True)
class Specimen:
    """One exported class, ready to be put through the laws.

    Args:
        build: makes an instance. It must not name a dtype: the law of mixed precision sets the policy.
        inputs: B -> the call arguments for a batch of B. Axes that change with B are the unknown ones.
        prepare: sets what `adapt` and the like would set; gets the instance before it is called.
        call: how it is asked, where that is not by calling it.
        output_dtype: what it answers in under a mixed policy; None is the compute dtype.
        options: call arguments that are no tensors.
        exempt: law -> why it cannot hold. An exemption that is no longer needed fails.
    """

    build: Callable[[], Any]
    inputs: Callable[[int], Inputs]
    prepare: Callable[[Any], None] = lambda instance: None
    call: Callable[..., Any] = lambda instance, *inputs, **named: instance(*inputs, **named)
    output_dtype: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    exempt: Mapping[str, str] = field(default_factory=dict)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def flags(batch: int, first: bool) -> np.ndarray:
    """True and false by turns."""
    return (np.arange(batch) % 2 == 0) == first


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def masked_vectors(batch: int) -> Inputs:
    return {"vectors": unit(normal(batch, 3)), "mask": flags(batch, True)}


def fusion_inputs(batch: int) -> Inputs:
    return {
        "id_embedding": normal(batch, 4),
        "blocks": {"text": normal(batch, 3, seed=1), "image": normal(batch, 2, seed=2)},
        "block_masks": {"text": flags(batch, True), "image": np.arange(batch) % 3 != 2},
        "is_cold": flags(batch, False),
    }


def fusion(cls: type, **options: Any) -> Specimen:
    return Specimen(lambda: cls(4, {"text": 3, "image": 2}, seed=7, **options), fusion_inputs)


def block(name: str, num_rows: int, width: int) -> VectorBlock:
    """Vectors for every row but 0 and the last."""
    mask = np.arange(num_rows + 1) % num_rows > 0
    return VectorBlock(name, np.where(mask[:, None], normal(num_rows + 1, width, seed=4), 0), mask)


def adapt_two_tower(model: models.TwoTower) -> None:
    features = Features(items={"text": block("text", 6, 3)}, users={"words": block("words", 4, 2)})
    model.adapt(features, item_counts=np.array([0, 3, 1, 2, 5, 0, 0]), seed=0)


NOT_CALLED = {"keras_file": "it has no `call`; the model it is part of saves it"}

SPECIMENS: dict[str, Specimen] = {
    "tfcold.layers.AdapterFusion": fusion(layers.AdapterFusion, bottleneck=2, activation="tanh"),
    "tfcold.layers.BlockProjection": Specimen(
        lambda: layers.BlockProjection(4, hidden_units=[3], dropout=0.5, kernel_regularizer="l2", seed=7),
        masked_vectors,
    ),
    "tfcold.layers.CentredNorm": Specimen(
        lambda: layers.CentredNorm(whitening=0.5, dim=2),
        masked_vectors,
        lambda layer: layer.adapt(normal(8, 3, seed=3)),
    ),
    "tfcold.layers.ConcatFusion": fusion(
        layers.ConcatFusion, hidden_units=[3], dropout=0.2, anchor_l2=0.1, kernel_regularizer="l2", identity_id=True
    ),
    "tfcold.layers.FadingWords": Specimen(
        lambda: layers.FadingWords(),
        lambda batch: {"vectors": normal(batch, 3), "counts": np.arange(batch, dtype=np.float32)},
        lambda layer: layer.set_weights_of(strength=2.0, decay=0.5),
    ),
    "tfcold.layers.GatedFusion": fusion(layers.GatedFusion, initial_gate=0.8, kernel_regularizer="l2"),
    "tfcold.layers.HeadsFusion": fusion(layers.HeadsFusion, num_heads=2, per_coordinate=True),
    "tfcold.layers.HistoryPooling": Specimen(
        lambda: layers.HistoryPooling(alpha=0.3),
        lambda batch: {
            "vectors": normal(batch, batch + 1, 3),
            "mask": np.arange(batch * (batch + 1)).reshape(batch, batch + 1) % 3 > 0,
            "item_weights": normal(batch, batch + 1, seed=1),
        },
    ),
    "tfcold.layers.HistoryShrinkage": Specimen(
        lambda: layers.HistoryShrinkage(3),
        lambda batch: {"pooled": normal(batch, 3), "counts": np.arange(batch, dtype=np.float32)},
        lambda layer: layer.set_weights_of([4.0, 2.0, 1.0], shrinkage=1.0, decay=0.1),
    ),
    "tfcold.layers.IdDropout": Specimen(
        lambda: layers.IdDropout(0.5, seed=7),
        lambda batch: {"id_embedding": normal(batch, 3), "is_cold": flags(batch, False)},
    ),
    "tfcold.layers.KernelFeatures": Specimen(
        lambda: layers.KernelFeatures(3, gamma=0.5, dim=2),
        masked_vectors,
        lambda layer: layer.adapt(unit(normal(3, 3, seed=3))),
    ),
    "tfcold.layers.NormShrinkage": Specimen(
        lambda: layers.NormShrinkage(),
        lambda batch: {"vectors": normal(batch, 3)},
        lambda layer: layer.set_weights_of(share=0.5, norm=2.0),
    ),
    "tfcold.layers.SimilarUsers": Specimen(
        lambda: layers.SimilarUsers(3, num_users=4),
        lambda batch: {
            "history": normal(batch, 3),
            "pooled": normal(batch, 3, seed=1),
            "counts": np.arange(batch, dtype=np.float32),
        },
        lambda layer: layer.set_weights_of(normal(4, 3, seed=2), strength=0.5, sharpness=3.0),
    ),
    "tfcold.layers.WeightedDot": Specimen(
        lambda: layers.WeightedDot(normalise=True, temperature=0.5, kernel_regularizer="l2"),
        lambda batch: {"query": normal(batch, 3), "candidates": normal(batch + 2, 3, seed=1)},
    ),
    "tfcold.objectives.Alignment": Specimen(
        lambda: objectives.Alignment(temperature=0.5),
        lambda batch: {
            "id_embedding": normal(batch, 3),
            "text_embedding": normal(batch, 3, seed=1),
            "rows": np.arange(batch, dtype=np.int32) // 2,
            "mask": np.arange(batch) != 1,
        },
    ),
    "tfcold.objectives.Distillation": Specimen(
        lambda: objectives.Distillation("kl", temperature=2.0),
        lambda batch: {
            "student_scores": normal(batch, 4),
            "teacher_scores": normal(batch, 4, seed=1),
            "mask": np.arange(4 * batch).reshape(batch, 4) % 3 > 0,
        },
    ),
    "tfcold.objectives.FullSoftmax": Specimen(
        lambda: objectives.FullSoftmax(temperature=0.5, weight_by_targets=True),
        lambda batch: {
            "query": normal(batch, 3),
            "candidates": normal(5, 3, seed=1),
            "targets": np.array([[1, 3], [2, 0], [4, 4]], np.int32)[np.arange(batch) % 3],
        },
    ),
    "tfcold.objectives.RetrievalObjective": Specimen(
        lambda: objectives.RetrievalObjective(temperature=0.5, num_hard_negatives=2),
        lambda batch: {
            "query": normal(batch, 3),
            "candidate": normal(batch, 3, seed=1),
            "candidate_rows": np.arange(batch, dtype=np.int32) // 2 + 1,
            "candidate_probability": np.full(batch, 0.2, np.float32),
            "negatives": normal(2, 3, seed=2),
            "negative_rows": np.array([1, 9], np.int32),
            "negative_probability": np.array([0.2, 0.0], np.float32),
        },
        options={"num_items": 10},
    ),
    "tfcold.towers.BlockEncoder": Specimen(
        lambda: towers.BlockEncoder(3, num_landmarks=4),
        lambda batch: {"vectors": normal(batch, 3), "mask": flags(batch, True)},
        lambda layer: layer.adapt(normal(8, 3, seed=3), np.ones(8, bool), seed=0),
    ),
    "tfcold.towers.ItemTower": Specimen(
        lambda: towers.ItemTower(6, 4, layers.GatedFusion(4, {"text": 3}, seed=7), id_dropout=0.1, seed=7),
        lambda batch: {
            "item_rows": np.arange(batch, dtype=np.int32) % 7,
            "features": {"text": normal(batch, 3)},
            "masks": {"text": np.arange(batch) % 3 > 0},
            "is_cold": flags(batch, True),
        },
    ),
    "tfcold.towers.UserTower": Specimen(
        lambda: towers.UserTower(6, 4, layers.HeadsFusion(4, {"history": 4, "words": 2}, seed=7), seed=7),
        lambda batch: {
            "user_rows": np.arange(batch, dtype=np.int32) % 7,
            "history": normal(batch, batch + 1, 4),
            "history_mask": np.arange(batch * (batch + 1)).reshape(batch, batch + 1) % 3 > 0,
            "features": {"words": normal(batch, 2)},
            "masks": {"words": flags(batch, True)},
        },
    ),
    "tfcold.models.FeatureTable": Specimen(
        lambda: models.FeatureTable(6, {"text": 3}, num_landmarks={"text": 2}),
        lambda batch: {"rows": np.arange(batch, dtype=np.int32) % 7},
        lambda layer: layer.adapt({"text": block("text", 6, 3)}, fit_rows=np.arange(7) > 0, seed=0),
        call=lambda layer, rows: layer.lookup(rows),
        exempt=NOT_CALLED,
    ),
    "tfcold.models.PopularityPrior": Specimen(
        lambda: models.PopularityPrior(4, dim=2),
        lambda batch: {"counts": np.arange(batch, dtype=np.int32)},
        lambda layer: (layer.adapt(np.array([0, 3, 1, 9, 0])), layer.set_weights_of(0.5, 2.0)),
        call=lambda layer, counts: layer.weight(counts),
        output_dtype="float32",
        exempt=NOT_CALLED,
    ),
    "tfcold.models.TwoTower": Specimen(
        lambda: models.TwoTower(
            Schema(4, 6, {"text": 3}, {"words": 2}),
            dim=4,
            user_weights=True,
            objective=objectives.FullSoftmax(),
            seed=7,
        ),
        lambda batch: {
            "inputs": {
                "user_row": np.arange(batch, dtype=np.int32) % 5,
                "history": np.arange(batch * (batch + 1), dtype=np.int32).reshape(batch, batch + 1) % 7,
                "item_row": 5 - np.arange(batch, dtype=np.int32) % 6,
            }
        },
        adapt_two_tower,
        output_dtype="float32",
    ),
}
