"""Many threads on one loaded bundle get what one thread gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.http.version import Signature

REQUESTS = int(os.environ.get("TFCOLD_MIXED_REQUESTS", "2000"))  # 10000 is the whole claim
THREADS = 16

Ask = Callable[[], Any]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def alone_and_together(asked: list[Ask]) -> tuple[list[Any], list[Any]]:
    alone = [ask() for ask in asked]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda ask: ask(), asked))
    return alone, together


def drawn(spec: Any, names: dict[str, list[bytes]], rows: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """An array for an input by its name and dtype: ids of the bundle, of nobody and padding; vectors; small numbers."""
    shape = [] if spec.shape == () else [rows, *[size or int(random.integers(0, 6)) for size in spec.shape[1:]]]
    if spec.dtype.kind == "O":
        kind = "user_id" if spec.name == "user_id" else "item_id"
        array = np.empty(shape, object)
        array.flat = random.choice(np.array([*names[kind], b"", "nobody é😀".encode()], object), array.size)
        return array
    if spec.dtype.kind == "f":
        return random.normal(size=shape).astype(spec.dtype)
    if spec.dtype.kind == "b":
        return random.random(shape) < 0.5
    return np.asarray(random.integers(1, 40, shape), spec.dtype)


@pytest.mark.slow
def test_signatures_under_threads(bundle: Path) -> None:
    """Straight on the SavedModel, every signature that it has, TensorFlow alone."""
    model = tf.saved_model.load(str(bundle / "1"))
    signatures = [Signature(name, function) for name, function in model.signatures.items()]
    names = {"user_id": list(model.user_ids.numpy()[1:]), "item_id": list(model.item_ids.numpy()[1:])}
    random = np.random.default_rng(5)

    def question(number: int) -> Ask:
        signature, rows = signatures[number % len(signatures)], int(random.integers(1, 9))
        arrays = {name: drawn(spec, names, rows, random) for name, spec in signature.inputs.items()}
        return lambda: signature(arrays)

    alone, together = alone_and_together([question(number) for number in range(REQUESTS)])

    assert len(signatures) >= 6
    assert len(alone) == REQUESTS
    assert [number for number in range(REQUESTS) if not same(alone[number], together[number])] == []
    assert len({str(answer) for answer in alone}) > REQUESTS / 4  # they were different questions


@pytest.mark.slow
def test_recommender_under_threads(bundle: Path) -> None:
    """The Python side, whose tables of ids are made on first use: here by many threads at once."""
    first, second = tfcold.load(bundle), tfcold.load(bundle)
    users, items = [f"u{number}" for number in range(24)] + ["nobody"], [f"i{number}" for number in range(30)]
    random = np.random.default_rng(6)

    def question(number: int) -> Callable[[Any], Any]:
        user, item = random.choice(users, 3).tolist(), random.choice(items, 5, replace=False).tolist()
        vector, k = random.normal(size=(2, 5)).astype(np.float32), int(random.integers(1, 35))
        pairs = pd.DataFrame({"user_id": user, "item_id": item[:3]})
        return [
            lambda model: model.recommend(user, k=k, exclude=pairs),
            lambda model: model.recommend(user, k=k, candidates=item),
            lambda model: model.recommend_from_history({"new": item}, k=k),
            lambda model: model.recommend_from_vectors(vector, k=k),
            lambda model: model.score(pairs),
            lambda model: model.similar_items(item, k=k),
            lambda model: model.titles(item),
        ][number % 7]

    asked = [question(number) for number in range(REQUESTS)]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda ask: ask(second), asked))
    alone = [ask(first) for ask in asked]

    assert [number for number in range(REQUESTS) if not same(alone[number], together[number])] == []
    assert sum(len(frame) for frame in alone) > REQUESTS
