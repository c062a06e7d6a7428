"""One question, four ways to ask it: Python, the signatures, HTTP, and a bundle to which the items came later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import tfcold
from tfcold.export import add_items
from tfcold.text.vectors import TextVectors

LATE = ["n1", "é😀 2", "n3"]
USERS = st.sampled_from([f"u{number}" for number in range(24)] + ["nobody", "é"])
ITEMS = st.sampled_from([f"i{number}" for number in range(30)] + [*LATE, "nothing", ""])
NUMBERS = st.floats(-2, 2, width=32)
QUICK = settings(max_examples=25, deadline=None, derandomize=True, database=None)

Ways = dict[str, Any]


@pytest.fixture(scope="module")
def ways(bundle: Path, serving: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    """In memory, on disk and reloaded, TensorFlow alone, and over HTTP: the same items joined each."""
    folder = tmp_path_factory.mktemp("parity") / "toy"
    frame = pd.DataFrame({"item_id": LATE, "title": ["one", "two", "three"]})
    drawn = np.random.default_rng(5).normal(size=(3, 5)).astype(np.float32)
    vectors = {"text": TextVectors(np.array(LATE, object), drawn, {"encoder": "drawn"})}
    version = add_items(bundle, frame, vectors, folder)
    memory = tfcold.load(bundle)
    memory.add_items(frame, vectors)
    with serving(folder) as server:
        yield {
            "memory": memory,
            "reloaded": tfcold.load(folder),
            "signature": tf.saved_model.load(str(version)).signatures,
            "http": server,
        }


def asked(ways: Ways, name: str, inputs: dict[str, Any]) -> list[tuple[list[list[str]], list[list[float]]]]:
    """Item ids and scores by the signature and by HTTP, places that ran out left out."""
    specs = ways["signature"][name].structured_input_signature[1]
    given = {key: tf.constant(value, specs[key].dtype, _shape(value, specs[key])) for key, value in inputs.items()}
    answer = ways["signature"][name](**given)
    by_signature = (
        [[one.decode() for one in row] for row in answer["item_id"].numpy()],
        answer["score"].numpy().tolist(),
    )
    response = ways["http"].predict({"signature_name": name, "inputs": inputs})
    assert response.status_code == 200, response.text
    content = response.json()["outputs"]
    return [_listed(*by_signature), _listed(content["item_id"], content["score"])]


def _shape(value: Any, spec: Any) -> list[int]:
    return [] if spec.shape.rank == 0 else list(np.shape(value)) if np.size(value) else [len(value), 0]


def _listed(ids: list[list[str]], scores: list[list[float]]) -> tuple[list[list[str]], list[list[float]]]:
    kept = [[place for place, name in enumerate(row) if name] for row in ids]
    return (
        [[row[place] for place in at] for row, at in zip(ids, kept, strict=True)],
        [[row[place] for place in at] for row, at in zip(scores, kept, strict=True)],
    )


def check(
    frames: list[pd.DataFrame], answers: list[tuple[list[list[str]], list[list[float]]]], names: list[str]
) -> None:
    """All give the ids of the first in its order, and its scores to 1e-5; frames are by rows of one name each."""
    for frame in frames:
        parts = dict(iter(frame.groupby(frame.columns[0], sort=False)))
        empty = frame[:0]
        lists = [parts.get(name, empty) for name in names]
        answers = [([part.iloc[:, 1].tolist() for part in lists], [part["score"].tolist() for part in lists]), *answers]
    for ids, scores in answers[1:]:
        assert ids == answers[0][0]
        for ours, theirs in zip(scores, answers[0][1], strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


@QUICK
@given(
    users=st.lists(USERS, min_size=1, max_size=4, unique=True),
    k=st.integers(1, 60),
    hidden=st.lists(ITEMS, max_size=4),
)
def test_recommend(ways: Ways, users: list[str], k: int, hidden: list[str]) -> None:
    exclude = pd.DataFrame([(user, item) for user in users for item in hidden], columns=["user_id", "item_id"])
    frames = [ways[way].recommend(users, k=k, exclude=exclude) for way in ("memory", "reloaded")]
    check(frames, asked(ways, "recommend", {"user_id": users, "k": k, "exclude": [hidden] * len(users)}), users)


@QUICK
@given(
    users=st.lists(USERS, min_size=1, max_size=3, unique=True),
    k=st.integers(1, 9),
    among=st.lists(ITEMS.filter(lambda one: one not in ("", "nothing")), min_size=1, max_size=9),
)
def test_recommend_among(ways: Ways, users: list[str], k: int, among: list[str]) -> None:
    frames = [ways[way].recommend(users, k=k, candidates=among) for way in ("memory", "reloaded")]
    inputs = {"user_id": users, "include": [among], "k": k, "exclude": [[""]] * len(users)}
    check(frames, asked(ways, "recommend_among", inputs), users)


@QUICK
@given(history=st.lists(ITEMS, min_size=1, max_size=6), k=st.integers(1, 60))
def test_history(ways: Ways, history: list[str], k: int) -> None:
    frames = [ways[way].recommend_from_history({"new": history}, k=k) for way in ("memory", "reloaded")]
    check(frames, asked(ways, "recommend_from_history", {"item_id": [history], "k": k}), ["new"])


@QUICK
@given(vector=st.lists(NUMBERS, min_size=5, max_size=5), k=st.integers(1, 60))
def test_vector(ways: Ways, vector: list[float], k: int) -> None:
    frames = [ways[way].recommend_from_vectors([vector], ids=["new"], k=k) for way in ("memory", "reloaded")]
    check(frames, asked(ways, "recommend_from_vector", {"vector": [vector], "k": k}), ["new"])


@QUICK
@given(items=st.lists(ITEMS.filter(bool), min_size=1, max_size=3, unique=True), k=st.integers(1, 60))
def test_similar(ways: Ways, items: list[str], k: int) -> None:
    frames = [ways[way].similar_items(items, k=k) for way in ("memory", "reloaded")]
    check(frames, asked(ways, "similar_items", {"item_id": items, "k": k}), items)


@pytest.mark.parametrize("k", [0, -1, -(2**31)])
def test_length_below_one_is_refused_by_all(ways: Ways, k: int) -> None:
    for way in ("memory", "reloaded"):
        with pytest.raises(tfcold.errors.InputError, match="`k` must be at least 1"):
            ways[way].recommend(["u1"], k=k)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`k` must be at least 1"):
        ways["signature"]["recommend"](user_id=tf.constant(["u1"]), k=tf.constant(k), exclude=tf.constant([[""]]))
    response = ways["http"].predict(
        {"signature_name": "recommend", "inputs": {"user_id": ["u1"], "k": k, "exclude": [[""]]}}
    )
    assert response.status_code == 400
    assert "`k` must be at least 1" in response.text
