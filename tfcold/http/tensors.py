"""JSON values -> arrays of a signature's input, and arrays -> JSON values. Errors name the place in the request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfcold.http.errors import RequestError

BASE64: Final = "b64"
_NAMES: Final = {list: "a list", dict: "an object", str: "a string", bool: "true or false", type(None): "null"}
_KINDS: Final = {"O": "a string", "i": "a whole number", "u": "a whole number", "f": "a number", "b": "true or false"}

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Spec:
    """One input or output of a signature.

    Args:
        name: str. As in the signature.
        dtype: NumPy dtype; object for strings.
        shape: tuple of int or None (any size); None where even the rank is open.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        """`user_id: string [?]`."""
        sizes = (
            "any shape" if self.shape is None else f"[{', '.join('?' if n is None else str(n) for n in self.shape)}]"
        )
        return f"{self.name}: {'string' if self.dtype.kind == 'O' else self.dtype.name} {sizes}"


def array_of(value: Any, spec: Spec, where: str, *, text_bytes: int) -> Array:
    """The array of an input; strings become UTF-8 bytes.

    Args:
        value: what JSON gave: nested lists of strings, numbers, booleans. `{"b64": "..."}` is a string of bytes.
        spec: the input. An axis that is open and of which nothing came has size 0.
        where: str. The place in the request, for errors.
        text_bytes: int. Most bytes of one string.

    Raises:
        RequestError: 400, the first thing that does not fit.

    Example:
        >>> array_of([[1, 2], [3, 4]], Spec("v", np.dtype("float32"), (None, 2)), "inputs.v", text_bytes=9).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    wanted: list[int | None] = [None] * _depth(value) if spec.shape is None else list(spec.shape)
    shape: list[int | None] = [None] * len(wanted)
    leaves: list[Any] = []
    _collect(value, 0, shape, where, leaves, spec)
    sizes = [size if size is not None else (want or 0) for size, want in zip(shape, wanted, strict=True)]
    if any(want not in (None, size) for size, want in zip(sizes, wanted, strict=True)):
        raise _bad(where, f"must have shape {_open(wanted)}; received {sizes}")
    return _leaves(leaves, spec, sizes, where, text_bytes).reshape(sizes)


def json_of(array: Array) -> Any:
    """Nested lists fit for JSON: text of UTF-8 bytes, float32 with the digits that tell it from its neighbours.

    Raises:
        RequestError: 500, the model gave NaN or infinity.
    """
    if array.dtype.kind == "O":
        flat: list[Any] = [one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in array.ravel()]
    elif array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise RequestError(500, "the model answered with NaN or infinity")
        flat = [float(str(one)) for one in array.ravel()]
    else:
        flat = array.ravel().tolist()
    return _nested(flat, array.shape)


def _nested(flat: list[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        count = len(flat) // size if size else int(np.prod(shape[: shape.index(size)]))
        flat = [flat[at * size : (at + 1) * size] for at in range(count)]
    return flat


def _collect(value: Any, axis: int, shape: list[int | None], where: str, leaves: list[Any], spec: Spec) -> None:
    """Appends the leaves below `value`, and sets the sizes of the axes on first sight."""
    if axis == len(shape):
        leaves.append(value)
        return
    if not isinstance(value, list):
        raise _bad(where, f"must be a list ({spec}); received {_said(value)}")
    if shape[axis] is None:
        shape[axis] = len(value)
    elif shape[axis] != len(value):
        raise _bad(where, f"must hold {shape[axis]} values like the rows before it; received {len(value)}")
    if axis == len(shape) - 1:
        leaves.extend(value)
        return
    for at, part in enumerate(value):
        _collect(part, axis + 1, shape, f"{where}[{at}]", leaves, spec)


def _leaves(leaves: list[Any], spec: Spec, sizes: list[int], where: str, text_bytes: int) -> Array:
    kind = spec.dtype.kind
    if kind == "O":
        array = np.empty(len(leaves), object)
        for at, leaf in enumerate(leaves):
            array[at] = _bytes(leaf, lambda at=at: _place(where, at, sizes), text_bytes)
        return array
    allowed: tuple[type, ...] = {"f": (int, float), "i": (int,), "u": (int,), "b": (bool,)}[kind]
    for at, leaf in enumerate(leaves):
        if type(leaf) not in allowed:
            raise _bad(_place(where, at, sizes), f"must be {_KINDS[kind]}; received {_said(leaf)}")
    return _numbers(leaves, spec, sizes, where)


def _numbers(leaves: list[Any], spec: Spec, sizes: list[int], where: str) -> Array:
    if spec.dtype.kind == "b":
        return np.array(leaves, bool)
    if spec.dtype.kind == "f":
        least, most = float(np.finfo(spec.dtype).min), float(np.finfo(spec.dtype).max)
    else:
        least, most = int(np.iinfo(spec.dtype).min), int(np.iinfo(spec.dtype).max)
    for at, leaf in enumerate(leaves):
        if not least <= leaf <= most:  # true for NaN too
            rule = "finite and " if spec.dtype.kind == "f" else ""
            raise _bad(_place(where, at, sizes), f"must be {rule}within {spec.dtype.name}; received {_said(leaf)}")
    return np.array(leaves, spec.dtype)


def _bytes(leaf: Any, place: Any, text_bytes: int) -> bytes:
    if isinstance(leaf, str):
        try:
            found = leaf.encode("utf-8")
        except UnicodeEncodeError as error:
            raise _bad(place(), f"holds half a character at position {error.start}: a lone surrogate") from None
    elif isinstance(leaf, dict) and list(leaf) == [BASE64] and isinstance(leaf[BASE64], str):
        try:
            found = base64.b64decode(leaf[BASE64], validate=True)
        except (binascii.Error, ValueError) as error:
            raise _bad(place(), f"is no base64: {error}") from None
    else:
        raise _bad(place(), f"must be a string; received {_said(leaf)}")
    if len(found) > text_bytes:
        raise _bad(place(), f"must be at most {text_bytes} bytes of UTF-8; received {len(found)}")
    return found


def _place(where: str, at: int, sizes: list[int]) -> str:
    places = np.unravel_index(at, sizes) if sizes else ()
    return where + "".join(f"[{place}]" for place in places)


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list):
        depth, value = depth + 1, value[0] if value else None
    return depth


def _open(wanted: Sequence[int | None]) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in wanted)}]"


def _said(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value) if isinstance(value, float) or abs(value) < 10**18 else "a number of more than 18 digits"
    return _NAMES.get(type(value), type(value).__name__)


def _bad(where: str, rule: str) -> RequestError:
    return RequestError(400, f"`{where}` {rule}")
