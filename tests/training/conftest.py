"""A seeded world with warm and cold validation rows, lexical vectors, and settings that leave nothing to choose."""

from __future__ import annotations

import numpy as np
import pytest

from tfcold import splits
from tfcold.blocks import Features
from tfcold.data import Dataset, synthetic_world
from tfcold.splits.split import Split
from tfcold.text.encoders import LexicalEncoder
from tfcold.text.vectors import TextVectors
from tfcold.training import Settings

World = tuple[Split, Features]


@pytest.fixture(scope="session")
def world() -> World:
    interactions, items, users = synthetic_world(120, 90, seed=0, num_topics=4)
    dataset = Dataset.from_tables(interactions, items, users)
    split = splits.cold_item(dataset, seed=1)
    ids = items.frame["item_id"]
    lexical = LexicalEncoder(24).fit(items.frame[split.warm_items[dataset.item_ids.rows(ids)]])
    vectors = TextVectors(ids.to_numpy(object), lexical.encode_frame(items.frame), {"encoder": "lexical"})
    return split, Features(items={"text": vectors.block("text", dataset.item_ids)})


@pytest.fixture(scope="session")
def given() -> Settings:
    return Settings(
        dim=12,
        max_dim=12,
        penalty=30.0,
        confidence_spread=0.0,
        max_landmarks=16,
        text_penalty=1.0,
        profile_weight=0.0,
        norm_shrinkage=0.0,
        cold_scale=4.0,
        warm_text_scale=0.1,
        leave_out=True,
        history_text_scale=0.0,
        text_halfway=0.0,
        block_weights={},
        words_ials_penalty=0.0,
        user_words_penalty=1.0,
        user_words_strength=0.0,
        user_words_decay=1.0,
        fold_in_share=0.0,
        similar_strength=0.0,
        similar_sharpness=1.0,
        prior_strength=0.05,
        prior_decay=1.0,
        cold_prior_penalty=0.0,
        epochs=2,
        batch_size=64,
        learning_rate=1e-3,
        seed=5,
    )


@pytest.fixture(scope="session")
def toy_split() -> Split:
    """Four users, six items; the last row of each user is held out but for user d's; items e and f are cold."""
    import pandas as pd

    rows = [("a", "u"), ("a", "v"), ("a", "w"), ("a", "e"), ("b", "u"), ("b", "w"), ("b", "x"), ("b", "f")]
    rows += [("c", "v"), ("c", "x"), ("c", "e"), ("d", "u")]
    dataset = Dataset.from_tables(
        pd.DataFrame(rows, columns=["user_id", "item_id"]),
        pd.DataFrame({"item_id": list("uvwxef"), "title": list("uvwxef")}),
    )
    cold = np.flatnonzero(np.isin(dataset.interactions.frame["item_id"], ["e", "f"]))
    return Split(dataset, train=np.setdiff1d(np.arange(len(rows)), cold), test={"cold_item": cold})
