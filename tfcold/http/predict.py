"""The body of `:predict` -> named arrays, and named arrays -> its answer, in both forms of TensorFlow Serving."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tfcold.http.errors import RequestError
from tfcold.http.limits import Limits
from tfcold.http.tensors import BASE64, Array, Spec, array_of, json_of

DEFAULT_SIGNATURE: Final = "serving_default"
_SIGNATURE, _COLUMNS, _ROWS = "signature_name", "inputs", "instances"
_KEYS: Final = (_SIGNATURE, _COLUMNS, _ROWS)


@dataclass(frozen=True)
class Question:
    """What a body asks.

    Args:
        signature: str. The signature to run.
        value: what stands under `inputs` or `instances`.
        by_rows: bool. True for `instances`: one entry a row, and the answer the same way.
    """

    signature: str
    value: Any
    by_rows: bool


def parsed(body: bytes) -> Any:
    """The JSON in a body.

    Raises:
        RequestError: 400, it is none, or no UTF-8.
    """
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body must be JSON in UTF-8; byte {error.start} is not") from None
    except RecursionError:
        raise RequestError(400, "the body must be JSON; it is nested too deeply") from None
    except ValueError as error:
        raise RequestError(400, f"the body must be JSON: {error}") from None


def question(body: bytes) -> Question:
    """What the body of a predict request asks.

    Raises:
        RequestError: 400, no JSON object with exactly one of `inputs` and `instances`.
    """
    content = parsed(body)
    if not isinstance(content, dict):
        raise RequestError(400, f"the body must be a JSON object with {_COLUMNS} or {_ROWS}")
    if odd := [name for name in content if name not in _KEYS]:
        raise RequestError(400, f"the body may hold {', '.join(_KEYS)}; received {_few(odd)}")
    if (_COLUMNS in content) == (_ROWS in content):
        found = "both" if _COLUMNS in content else "neither"
        raise RequestError(400, f"the body must hold either `{_COLUMNS}` or `{_ROWS}`; received {found}")
    signature = content.get(_SIGNATURE, DEFAULT_SIGNATURE) or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
        raise RequestError(400, f"`{_SIGNATURE}` must be a string")
    by_rows = _ROWS in content
    return Question(signature, content[_ROWS if by_rows else _COLUMNS], by_rows)


def arrays_of(asked: Question, specs: Mapping[str, Spec], limits: Limits) -> dict[str, Array]:
    """The arrays of a question by input.

    Args:
        asked: the question.
        specs: the inputs of its signature.
        limits: its `text_bytes` and `batch` hold for every input.

    Raises:
        RequestError: 400, an input that is missing, unknown, of another kind or shape, or too large.
    """
    columns = _columns_of_rows(asked.value, specs) if asked.by_rows else _columns(asked.value, specs)
    _check_names(columns, specs, _ROWS if asked.by_rows else _COLUMNS)
    arrays = {}
    for name, spec in specs.items():
        where = f"{_ROWS}.{name}" if asked.by_rows else f"{_COLUMNS}.{name}"
        value = columns[name]
        if isinstance(value, list) and len(value) > limits.batch:
            raise RequestError(400, f"`{where}` must hold at most {limits.batch} rows; received {len(value)}")
        arrays[name] = array_of(value, spec, where, text_bytes=limits.text_bytes)
    return arrays


def batch_of(arrays: Mapping[str, Array]) -> int:
    """Rows of a question: the longest first axis of its inputs, 1 where none has one."""
    return max((len(array) for array in arrays.values() if array.ndim), default=1)


def answer(outputs: Mapping[str, Array], *, by_rows: bool, batch: int) -> bytes:
    """The body of the answer: `{"outputs": ...}`, or `{"predictions": [...]}` by rows.

    A signature with one output gives its values without their name, as TensorFlow Serving does.

    Raises:
        RequestError: 400, by rows, and an output that has no row for each; 500, NaN or infinity among the outputs.
    """
    values = {name: json_of(array) for name, array in outputs.items()}
    if not by_rows:
        return dumped({"outputs": next(iter(values.values())) if len(values) == 1 else values})
    for name, value in values.items():
        if not isinstance(value, list) or len(value) != batch:
            raise RequestError(400, f"output `{name}` has no row for each of `{_ROWS}`; ask with `{_COLUMNS}`")
    if len(values) == 1:
        return dumped({"predictions": next(iter(values.values()))})
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return dumped({"predictions": rows})


def dumped(content: Any) -> bytes:
    """Compact JSON in UTF-8, without NaN."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _columns(value: Any, specs: Mapping[str, Spec]) -> dict[str, Any]:
    if isinstance(value, dict) and list(value) != [BASE64]:
        return value
    return {_only(specs, _COLUMNS): value}


def _columns_of_rows(value: Any, specs: Mapping[str, Spec]) -> dict[str, list[Any]]:
    if not isinstance(value, list) or not value:
        raise RequestError(400, f"`{_ROWS}` must be a list with at least one row")
    if scalars := [name for name, spec in specs.items() if spec.shape == ()]:
        raise RequestError(
            400, f"`{scalars[0]}` is one value for all rows, which `{_ROWS}` cannot carry; ask with `{_COLUMNS}`"
        )
    if not all(isinstance(row, dict) and list(row) != [BASE64] for row in value):
        return {_only(specs, _ROWS): value}
    names = list(value[0])
    for at, row in enumerate(value):
        if row.keys() != value[0].keys():
            raise RequestError(400, f"`{_ROWS}[{at}]` must hold {_few(names)} like the first row; received {_few(row)}")
    return {name: [row[name] for row in value] for name in names}


def _only(specs: Mapping[str, Spec], form: str) -> str:
    if len(specs) != 1:
        raise RequestError(400, f"`{form}` must name its values, {'; '.join(map(str, specs.values()))}")
    return next(iter(specs))


def _check_names(columns: Mapping[str, Any], specs: Mapping[str, Spec], form: str) -> None:
    wanted = "; ".join(map(str, specs.values()))
    if missing := [name for name in specs if name not in columns]:
        raise RequestError(400, f"`{form}` lacks {_few(missing)}; the signature takes {wanted}")
    if odd := [name for name in columns if name not in specs]:
        raise RequestError(400, f"`{form}` holds {_few(odd)}; the signature takes {wanted}")


def _few(names: Any) -> str:
    listed = list(names)
    said = ", ".join(repr(str(name)[:60]) for name in listed[:3]) or "nothing"
    return said + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def check_cells(arrays: Mapping[str, Array], longest: int, limits: Limits) -> None:
    """Nothing, where the lists asked for have at most `limits.cells` places.

    Raises:
        RequestError: 400, they have more.
    """
    if "k" not in arrays or arrays["k"].ndim:
        return
    batch, k = batch_of(arrays), int(arrays["k"])
    if batch * min(k, longest) > limits.cells:
        raise RequestError(
            400, f"`k` times rows must be at most {limits.cells}; received {k} times {batch}. Ask for fewer at once"
        )
