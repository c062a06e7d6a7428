"""The two forms of a body, and of an answer."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from tfcold.http.errors import RequestError
from tfcold.http.limits import Limits
from tfcold.http.predict import answer, arrays_of, check_cells, question
from tfcold.http.tensors import Spec

IDS, ITEMS = Spec("user_id", np.dtype(object), (None,)), Spec("exclude", np.dtype(object), (None, None))
K = Spec("k", np.dtype("int32"), ())
LIMITS = Limits(batch=3, cells=10)


def specs(*found: Spec) -> dict[str, Spec]:
    return {spec.name: spec for spec in found}


def arrays(content: Any, *found: Spec) -> dict[str, Any]:
    asked = question(json.dumps(content).encode())
    return {name: array.tolist() for name, array in arrays_of(asked, specs(*found), LIMITS).items()}


def test_columns() -> None:
    content = {"signature_name": "s", "inputs": {"k": 2, "user_id": ["a", "b"], "exclude": [["x"], [""]]}}

    assert question(json.dumps(content).encode()).signature == "s"
    assert arrays(content, IDS, ITEMS, K) == {"user_id": [b"a", b"b"], "exclude": [[b"x"], [b""]], "k": 2}
    assert arrays({"inputs": ["a"]}, IDS) == {"user_id": [b"a"]}  # one input needs no name
    assert question(b'{"inputs": []}').signature == "serving_default"


def test_rows() -> None:
    content = {"instances": [{"user_id": "a", "exclude": ["x"]}, {"exclude": ["y"], "user_id": "b"}]}

    assert arrays(content, IDS, ITEMS) == {"user_id": [b"a", b"b"], "exclude": [[b"x"], [b"y"]]}
    assert arrays({"instances": ["a", "b"]}, IDS) == {"user_id": [b"a", b"b"]}
    assert arrays({"instances": [{"b64": "YQ=="}]}, IDS) == {"user_id": [b"a"]}


@pytest.mark.parametrize(
    ("content", "found", "message"),
    [
        ([], [IDS], "must be a JSON object"),
        ({}, [IDS], "either `inputs` or `instances`; received neither"),
        ({"inputs": [], "instances": []}, [IDS], "received both"),
        ({"inputs": [], "signature": "x"}, [IDS], "received 'signature'"),
        ({"inputs": [], "signature_name": 3}, [IDS], "`signature_name` must be a string"),
        ({"inputs": ["a"]}, [IDS, K], "`inputs` must name its values, user_id: string [?]; k: int32 []"),
        ({"inputs": {"user_id": ["a"]}}, [IDS, K], "`inputs` lacks 'k'; the signature takes user_id: string [?]"),
        ({"inputs": {"user_id": ["a"], "K": 1}}, [IDS], "`inputs` holds 'K'"),
        ({"inputs": {"user_id": ["a"] * 4}}, [IDS], "`inputs.user_id` must hold at most 3 rows; received 4"),
        ({"instances": []}, [IDS], "`instances` must be a list with at least one row"),
        ({"instances": {}}, [IDS], "`instances` must be a list with at least one row"),
        ({"instances": ["a"] * 4}, [IDS], "at most 3 rows; received 4"),
        ({"instances": [{"user_id": "a", "k": 1}]}, [IDS, K], "`k` is one value for all rows"),
        ({"instances": [{"user_id": "a"}, {"user": "b"}]}, [IDS], "`instances[1]` must hold 'user_id'"),
        ({"instances": [{"user_id": "a"}, "b"]}, [IDS], "`instances.user_id[0]` must be a string; received an object"),
    ],
)
def test_body_is_refused(content: Any, found: list[Spec], message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)) as raised:
        arrays(content, *found)

    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body must be JSON"),
        (b'{"inputs": [', "the body must be JSON"),
        (b'{"inputs": ["\xff"]}', "UTF-8; byte 13 is not"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"inputs": ' + b"9" * 5000 + b"}", "the body must be JSON"),
    ],
)
def test_body_is_no_json(body: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        question(body)


def test_answers_of_both_forms() -> None:
    two = {"item_id": np.array([[b"a", b"b"], [b"c", b""]], object), "score": np.array([[2, 1], [1.5, 0]], np.float32)}
    one = {"score": np.array([2, 0.5], np.float32)}

    assert json.loads(answer(two, by_rows=False, batch=2)) == {
        "outputs": {"item_id": [["a", "b"], ["c", ""]], "score": [[2, 1], [1.5, 0]]}
    }
    assert json.loads(answer(two, by_rows=True, batch=2)) == {
        "predictions": [{"item_id": ["a", "b"], "score": [2, 1]}, {"item_id": ["c", ""], "score": [1.5, 0]}]
    }
    assert json.loads(answer(one, by_rows=False, batch=2)) == {"outputs": [2, 0.5]}
    assert json.loads(answer(one, by_rows=True, batch=2)) == {"predictions": [2, 0.5]}
    with pytest.raises(RequestError, match="`score` has no row"):
        answer({"score": np.float32(1) * np.ones((), np.float32)}, by_rows=True, batch=2)


def test_long_lists_of_many_rows_are_refused() -> None:
    """3 rows of 4 places are 12 > 10; where lists cannot be longer than 3, they are 9."""
    asked = {"k": np.int32(4) * np.ones((), np.int32), "user_id": np.zeros(3, object)}

    with pytest.raises(RequestError, match="`k` times rows must be at most 10; received 4 times 3"):
        check_cells(asked, 99, LIMITS)
    check_cells(asked, 3, LIMITS)
