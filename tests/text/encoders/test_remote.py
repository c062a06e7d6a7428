"""Embeddings over a real connection, from a server that behaves and from one that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfcold.errors import EncoderMismatchError, InputError, ModelError, RemoteError
from tfcold.remote.retry import Patience
from tfcold.text import VectorStore, encode_items, get_encoder
from tfcold.text.encoders import RemoteEncoder, TextEncoder


def encoder(server: Any, **options: Any) -> RemoteEncoder:
    return RemoteEncoder(server.url, "small", patience=Patience(attempts=2, sleep=lambda _: None), **options)


def vectors(*rows: list[float], order: list[int] | None = None) -> dict[str, Any]:
    return {"data": [{"index": at, "embedding": row} for at, row in zip(order or range(len(rows)), rows, strict=True)]}


def test_vectors_come_in_the_order_of_the_texts(server: Any) -> None:
    """1 + how often star, oven, wolf, kiss stand in a text; the server answers in reverse."""
    found = encoder(server).encode(["star star", "oven", "wolf kiss"], batch_size=2)

    np.testing.assert_array_equal(found, [[3, 1, 1, 1], [1, 2, 1, 1], [1, 1, 2, 2]])
    assert found.dtype == np.float32
    assert len(server.asked) == 2
    assert server.asked[0]["encoding_format"] == "float"


def test_spec_gives_it_and_the_store_asks_once(server: Any, tmp_path: Path) -> None:
    items = pd.DataFrame({"item_id": ["a", "b"], "title": ["star", "oven"]})

    for _ in range(2):
        table = encode_items(items, get_encoder(f"remote:{server.url}#small"), store=VectorStore(tmp_path))

    assert len(server.asked) == 1
    np.testing.assert_array_equal(np.asarray(table.vectors), [[2, 1, 1, 1], [1, 2, 1, 1]])
    assert table.provenance["encoder"] == f"remote:{server.url}#small"


def test_texts_are_masked(server: Any) -> None:
    found = encoder(server)

    found.encode(["star of jo@example.com"])

    assert server.asked[0]["input"] == ["star of [email]"]
    assert found.masker.counts == {"email": 1}


@pytest.mark.parametrize(
    "trouble",
    [
        vectors([1.0, 2.0]),  # one vector for two texts
        vectors([1.0], [1.0, 2.0]),
        vectors([1.0], [float("nan")]),
        vectors([1.0], [2.0], order=[0, 0]),
        {"data": "none"},
        "half",
        "garbage",
        500,
    ],
    ids=str,
)
def test_an_answer_that_is_no_table_is_asked_again_and_never_taken(server: Any, trouble: Any) -> None:
    server.script.append(trouble)
    np.testing.assert_array_equal(encoder(server).encode(["star", "oven"]), [[2, 1, 1, 1], [1, 2, 1, 1]])

    server.script.extend([trouble, trouble])
    with pytest.raises(ModelError, match="failed 2 times"):
        encoder(server).encode(["star", "oven"])


def test_another_width_than_before(server: Any) -> None:
    found = encoder(server)
    found.encode(["star"])
    server.script.append(vectors([1.0, 2.0]))

    with pytest.raises(InputError, match="2 wide; 4 were asked for"):
        found.encode(["oven"])


def test_another_width_than_asked_for(server: Any) -> None:
    with pytest.raises(InputError, match="4 wide; 3 were asked for"):
        encoder(server, dimensions=3).encode(["star"])

    assert server.asked[0]["dimensions"] == 3


def test_another_width_than_the_store_holds(server: Any, tmp_path: Path) -> None:
    VectorStore(tmp_path).encode(["star"], encoder(server))
    server.script.append(vectors([1.0, 2.0]))

    with pytest.raises(EncoderMismatchError, match="2 wide"):
        VectorStore(tmp_path).encode(["oven"], encoder(server))


def test_a_spec_alone_sends_nothing_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may stand in somebody else's bundle."""
    monkeypatch.delenv("TFCOLD_NO_REMOTE")
    monkeypatch.delenv("TFCOLD_ALLOW_REMOTE", raising=False)

    with pytest.raises(RemoteError, match=r"TFCOLD_ALLOW_REMOTE=llm\.example\.com"):
        get_encoder("remote:https://llm.example.com/v1#small")
    monkeypatch.setenv("TFCOLD_ALLOW_REMOTE", "llm.example.com")
    assert get_encoder("remote:https://llm.example.com/v1#small").name.endswith("#small")


def test_it_is_a_text_encoder(server: Any) -> None:
    assert isinstance(encoder(server), TextEncoder)


def test_fingerprint_is_of_model_and_width(server: Any) -> None:
    one = encoder(server)

    assert one.fingerprint == encoder(server).fingerprint
    assert one.fingerprint != encoder(server, dimensions=4).fingerprint
    assert one.fingerprint != RemoteEncoder(server.url, "large").fingerprint
    assert server.asked == []
