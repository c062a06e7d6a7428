"""JSON -> arrays -> JSON, and errors that name the place."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tfcold.http.errors import RequestError
from tfcold.http.tensors import Spec, array_of, json_of

STRINGS = Spec("ids", np.dtype(object), (None,))
LISTS = Spec("ids", np.dtype(object), (None, None))
NUMBER = Spec("k", np.dtype("int32"), ())
VECTORS = Spec("v", np.dtype("float32"), (None, 3))
FLAGS = Spec("on", np.dtype(bool), (None,))
ANY = Spec("x", np.dtype("float32"), None)


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        (["a", "é😀\u0000"], STRINGS, [b"a", "é😀\0".encode()]),
        ([{"b64": "/w=="}], STRINGS, [b"\xff"]),
        ([["a", "b"], ["", "c"]], LISTS, [[b"a", b"b"], [b"", b"c"]]),
        (5, NUMBER, 5),
        ([[1, 2.5, -0.0]], VECTORS, [[1.0, 2.5, -0.0]]),
        ([True, False], FLAGS, [True, False]),
        ([[1], [2]], ANY, [[1.0], [2.0]]),
    ],
)
def test_array_of_values(value: Any, spec: Spec, expected: Any) -> None:
    array = array_of(value, spec, "inputs.x", text_bytes=9)

    assert array.dtype == spec.dtype
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("value", "spec", "shape"),
    [([], STRINGS, (0,)), ([], LISTS, (0, 0)), ([[]], LISTS, (1, 0)), ([], VECTORS, (0, 3)), ([], ANY, (0,))],
)
def test_nothing_has_a_shape(value: Any, spec: Spec, shape: tuple[int, ...]) -> None:
    assert array_of(value, spec, "inputs.x", text_bytes=9).shape == shape


@pytest.mark.parametrize(
    ("value", "spec", "message"),
    [
        ("a", STRINGS, "`inputs.x` must be a list (ids: string [?]); received a string"),
        (["a", 1], STRINGS, "`inputs.x[1]` must be a string; received 1"),
        (["a", None], STRINGS, "`inputs.x[1]` must be a string; received null"),
        ([["a"]], STRINGS, "`inputs.x[0]` must be a string; received a list"),
        ([["a"], ["b", "c"]], LISTS, "`inputs.x[1]` must hold 1 values like the rows before it; received 2"),
        ([["a"], "b"], LISTS, "`inputs.x[1]` must be a list"),
        ([["a", "b"], ["c", {}]], LISTS, "`inputs.x[1][1]` must be a string; received an object"),
        (["\ud800x"], STRINGS, "`inputs.x[0]` holds half a character at position 0"),
        (["aé" * 4], STRINGS, "`inputs.x[0]` must be at most 9 bytes of UTF-8; received 12"),
        ([{"b64": "?"}], STRINGS, "`inputs.x[0]` is no base64"),
        (True, NUMBER, "`inputs.x` must be a whole number; received true or false"),
        (5.0, NUMBER, "`inputs.x` must be a whole number; received 5.0"),
        ([5], NUMBER, "`inputs.x` must be a whole number; received a list"),
        (2**31, NUMBER, "`inputs.x` must be within int32; received 2147483648"),
        (10**30, NUMBER, "`inputs.x` must be within int32; received a number of more than 18 digits"),
        ([[1, 2]], VECTORS, "`inputs.x` must have shape [?, 3]; received [1, 2]"),
        ([[]], VECTORS, "`inputs.x` must have shape [?, 3]; received [1, 0]"),
        ([[1, 2, float("nan")]], VECTORS, "`inputs.x[0][2]` must be finite and within float32; received nan"),
        ([[1, 2, 3], [1, float("inf"), 3]], VECTORS, "`inputs.x[1][1]` must be finite and within float32"),
        ([[1, 2, 1e39]], VECTORS, "`inputs.x[0][2]` must be finite and within float32; received 1e+39"),
        ([[1, 2, "3"]], VECTORS, "`inputs.x[0][2]` must be a number; received a string"),
        ([1], FLAGS, "`inputs.x[0]` must be true or false; received 1"),
    ],
)  # fmt: skip
def test_error_names_the_place(value: Any, spec: Spec, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)) as raised:
        array_of(value, spec, "inputs.x", text_bytes=9)

    assert raised.value.status == 400


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 3), (2, 0), (2, 3, 2), (2, 0, 3), (1, 2, 0)])
def test_json_is_what_numpy_lists(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int), dtype=np.int64).reshape(shape)

    assert json_of(array) == array.tolist()


def test_json_of_strings_and_floats() -> None:
    """float32 0.1 is 0.10000000149011612 as float64; the shortest digits that give the same float32 are 0.1."""
    random = np.random.default_rng(0).normal(size=200).astype(np.float32)

    assert json_of(np.array(["é".encode(), b"\xff"], object)) == ["é", "\ufffd"]
    assert json_of(np.array([0.1, np.finfo(np.float32).min], np.float32)) == [0.1, -3.4028235e38]
    assert np.array_equal(np.array(json_of(random), np.float32), random)
    with pytest.raises(RequestError, match="NaN") as raised:
        json_of(np.array([1.0, np.nan], np.float32))
    assert raised.value.status == 500
