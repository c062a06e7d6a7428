"""Toy splits for the baselines: some written out by hand, one seeded world."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from tfcold import splits
from tfcold.baselines.lexical import tf_idf
from tfcold.blocks import Features, VectorBlock
from tfcold.data.dataset import Dataset
from tfcold.data.synthetic import synthetic_world
from tfcold.splits.split import Split


def block(name: str, vectors: Sequence[Sequence[float]], missing: Sequence[int] = ()) -> VectorBlock:
    """A block whose row i + 1 is `vectors[i]`; rows in `missing` have none."""
    rows = np.concatenate([np.zeros((1, len(vectors[0]))), np.asarray(vectors)]).astype(np.float32)
    mask = np.ones(len(rows), bool)
    mask[[0, *missing]] = False
    rows[~mask] = 0
    return VectorBlock(name, rows, mask)


def split_of(histories: Mapping[str, str], items: Mapping[str, str]) -> Split:
    """Every row is a training row. Histories as `{"ann": "x y"}`, items as `{"x": title}`; rows go by this order."""
    pairs = [(user, item) for user, done in histories.items() for item in done.split()]
    dataset = Dataset.from_tables(
        pd.DataFrame(pairs, columns=["user_id", "item_id"]),
        pd.DataFrame({"item_id": list(items), "title": list(items.values())}),
    )
    return Split(
        dataset=dataset,
        train=np.arange(len(pairs)),
        validation={},
        test={},
        revealed=np.zeros(0, np.int64),
        protocol="given",
        seed=None,
        parameters={},
    )


@pytest.fixture
def make_block() -> Callable[..., VectorBlock]:
    return block


@pytest.fixture
def make_split() -> Callable[..., Split]:
    return split_of


@pytest.fixture(scope="module")
def world() -> tuple[Split, Features]:
    """A seeded world with cold items; the text block is its TF-IDF vectors, and the last two items have none."""
    split = splits.cold_item(Dataset.from_tables(*synthetic_world(seed=3)), seed=1)
    dataset = split.dataset
    frame = dataset.items.frame
    texts = [""] * (len(dataset.item_ids) + 1)
    words = frame.drop(columns="item_id").astype(str).agg(" ".join, axis=1)
    for row, text in zip(dataset.item_ids.rows(frame["item_id"]), words, strict=True):
        texts[row] = text
    vectors = tf_idf(texts, np.ones(len(texts), bool)).toarray()
    mask = np.ones(len(texts), bool)
    mask[[0, -1, -2]] = False
    vectors[~mask] = 0
    return split, Features(items={"text": VectorBlock("text", vectors, mask)})
