"""A small world, a model of it with random weights, and what it answers, worked out with NumPy from the layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import tensorflow as tf

from tfcold.blocks import Features
from tfcold.data import Dataset, synthetic_world
from tfcold.export.tables import ServingTables
from tfcold.models import TwoTower
from tfcold.models.feature_table import Kernels
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.text.encoders import LexicalEncoder
from tfcold.text.vectors import TextVectors
from tfcold.training.settings import Settings
from tfcold.training.trained import TrainedModel, trained_model

UNKNOWN, COLD, LAST = "i27", "i28", "i29"  # untouched; the first has no words either
WIDTH = 5


@dataclass
class World:
    trained: TrainedModel
    items: pd.DataFrame
    vectors: dict[str, TextVectors]
    lexical: LexicalEncoder
    features: Features

    def not_compared(self, summed, count):
        """The query [1, D + 1] of a newcomer known by a sum that is not compared with what others did: a sentence."""
        model = self.trained.model
        strength = float(model.user_tower.similar.strength)
        model.user_tower.similar.strength.assign(0.0)
        query = model.pooled_queries(tf.constant([0]), summed, tf.constant([count])).numpy()
        model.user_tower.similar.strength.assign(strength)
        return query

    def expected(self, user_ids, histories=None):
        """Scores [B, I] in the order of the item ids, `-inf` where nothing may be listed."""
        rows = self.trained.user_ids.rows(user_ids)
        done = self.trained.histories[rows] if histories is None else histories
        scores = self.trained.scores(Queries(rows, done), np.arange(1, len(self.trained.item_ids) + 1))
        scores[done.toarray()[:, 1:] > 0] = -np.inf
        return scores


def make_world(fusion: str = "concat", num_items: int = 30, **options) -> World:
    interactions, items, users = synthetic_world(24, num_items, seed=3, rows_per_user=6)
    dataset = Dataset.from_tables(interactions, items, users)
    split = Split(dataset=dataset, train=np.arange(len(dataset)))
    rng = np.random.default_rng(7)
    table = items.frame[items.frame["item_id"] != UNKNOWN]
    warm = table[dataset_warm(split, table["item_id"])]
    lexical = LexicalEncoder(8).fit(warm)
    ids = table["item_id"].to_numpy(object)
    vectors = {
        "text": TextVectors(ids, rng.normal(size=(len(ids), WIDTH)).astype(np.float32), {"encoder": "drawn"}),
        "lexical": TextVectors(
            ids,
            lexical.encode_frame(table),
            {"encoder": lexical.name, "encoder_fingerprint": lexical.fingerprint},
        ),
    }
    about = TextVectors(dataset.user_ids.ids, rng.normal(size=(len(dataset.user_ids), 3)).astype(np.float32))
    features = Features(
        items={name: one.block(name, dataset.item_ids) for name, one in vectors.items()},
        users={"about": about.block("about", dataset.user_ids)},
    )
    schema = dataset.schema({name: one.dim for name, one in vectors.items()}, {"about": 3})
    options = {
        "user_weights": True,
        "pooling_alpha": 0.5,
        "num_landmarks": {"text": 4},
        "num_similar_users": 5,
        **options,
    }
    model = TwoTower(schema, dim=6, fusion=fusion, seed=1, **options)
    counts = np.asarray(split.train_matrix().sum(axis=0)).ravel().astype(int)
    model.adapt(features, item_counts=counts, seed=1, user_kernels=user_kernels(model.num_user_landmarks))
    for weight in model.trainable_weights:
        weight.assign(rng.normal(scale=0.4, size=weight.shape))
    model.prior.set_weights_of(0.3, 0.5)
    model.prior.set_direction(np.random.default_rng(3).normal(size=6))
    model.user_tower.similar.set_weights_of(rng.normal(size=(5, 6)), strength=0.5, sharpness=2.0)
    model.user_tower.fading.set_weights_of(2.0, 0.5)
    provenance = {name: dict(one.provenance) for name, one in vectors.items()}
    trained = trained_model(model, split, Settings(), provenance=provenance)
    return World(trained, items.frame, vectors, lexical, features)


def user_kernels(num_landmarks: Mapping[str, int]) -> Kernels | None:
    """Landmarks [M, 3] and coefficients [M, 6], drawn."""
    rng = np.random.default_rng(5)
    return {
        name: (unit(rng.normal(size=(number, 3))), rng.normal(scale=0.2, size=(number, 6)).astype(np.float32))
        for name, number in num_landmarks.items()
    } or None


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def dataset_warm(split: Split, ids) -> np.ndarray:
    return np.asarray(split.warm_items)[split.dataset.item_ids.rows(ids)]


def make_tables(num_rows: int, width: int = 6, users: int = 48) -> ServingTables:
    """Tables drawn at random: rows of very different lengths, one in ten not listed, users who did up to 8 items."""
    random = np.random.default_rng(0)
    table = (random.normal(size=(num_rows, width)) * random.lognormal(0, 0.5, (num_rows, 1))).astype(np.float32)
    listed = random.random(num_rows) > 0.1
    listed[0] = False
    table[~listed] = 0
    lengths = np.append(0, random.integers(0, 9, users))
    return ServingTables(
        item_ids=np.array([f"i{row}" for row in range(1, num_rows)], object),
        user_ids=np.array([f"u{row}" for row in range(1, users + 1)], object),
        candidates=table,
        history=table[:, :-1],
        queries=random.normal(size=(users + 1, width)).astype(np.float32),
        done_splits=np.append(0, np.cumsum(lengths)),
        done_rows=random.choice(np.flatnonzero(listed), lengths.sum()).astype(np.int32),
        is_known=listed,
        is_cold=~listed,
    )


def without_last_item(trained: TrainedModel) -> TrainedModel:
    """The same model, had its last item, which is cold, not been there yet."""
    smaller = dataclasses.replace(
        trained,
        item_ids=type(trained.item_ids)(trained.item_ids.ids[:-1]),
        histories=trained.histories[:, :-1],
        warm_items=trained.warm_items[:-1],
        can_score=trained.can_score[:-1],
    )
    smaller.__dict__["candidate_table"] = trained.candidate_table[:-1]
    smaller.__dict__["history_table"] = trained.history_table[:-1]
    return smaller
