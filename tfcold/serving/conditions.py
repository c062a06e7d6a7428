"""Conditions on items at request time: `in_stock and price < 10` -> which rows of a table hold."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.errors import InputError
from tfcold.serving.backticks import parsed

Mask = npt.NDArray[np.bool_]

LONGEST: Final = 10_000
_RULE: Final = (
    "`where` must be made of columns, comparisons (== != < <= > >=, in, not in), and, or, not, and constants, like "
    "\"in_stock and price < 10 and region in ('eu', 'us')\"; a column whose name is no plain word stands in backticks, "
    'like "`price (usd)` < 10"'
)
_ORDER: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_MIRRORED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
}  # fmt: skip
_SEPARATORS: Final = re.compile(r"\s*[|,]\s*")


def matching(where: str, items: pd.DataFrame) -> Mask:
    """Bool [N]: the rows of which the condition is true. Nothing is evaluated as Python.

    A column alone means that it is true. A column is compared with a number, a string, True or False, or is `in` a
    list of them; `'Comedy' in genres` asks for a name among those of a cell, which commas or bars part. A cell that
    holds nothing fails every comparison, `!=` and `not in` as well. Backticks go around the name of a column that
    Python would not read as one: `` `price (usd)` < 10 ``.

    Args:
        where: the condition.
        items: frame of N rows; its columns are what a condition may name.

    Raises:
        InputError: not such a condition, a column that is not there, or a string compared with numbers.
    """
    if not isinstance(where, str) or not where.strip() or len(where) > LONGEST:
        raise InputError(f"{_RULE}; received {where!r:.60}")
    try:
        return _truth(parsed(where), items)
    except InputError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{_RULE}; received {where!r:.60} ({type(error).__name__})") from None


def _truth(node: ast.expr, items: pd.DataFrame) -> Mask:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(one, items) for one in node.values]
        return np.logical_and.reduce(parts) if isinstance(node.op, ast.And) else np.logical_or.reduce(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(node.operand, items)
    if isinstance(node, ast.Name):
        return _compared(_column(node.id, items), ast.Eq(), True)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        return np.logical_and.reduce([_pair(left, kind, right, items) for left, kind, right in pairs])
    raise _odd(node)


def _pair(left: ast.expr, kind: ast.cmpop, right: ast.expr, items: pd.DataFrame) -> Mask:
    if isinstance(kind, (ast.In, ast.NotIn)):
        return _membership(left, isinstance(kind, ast.NotIn), right, items)
    if type(kind) not in _ORDER:
        raise _odd(left)
    if isinstance(left, ast.Name):
        return _compared(_column(left.id, items), kind, _constant(right))
    if isinstance(right, ast.Name):
        return _compared(_column(right.id, items), _MIRRORED.get(type(kind), type(kind))(), _constant(left))
    raise _odd(left)


def _membership(left: ast.expr, negated: bool, right: ast.expr, items: pd.DataFrame) -> Mask:
    if isinstance(left, ast.Name) and isinstance(right, (ast.Tuple, ast.List, ast.Set)):
        cells = _column(left.id, items)
        found = np.zeros(len(cells), np.bool_)
        for one in right.elts:
            found |= _compared(cells, ast.Eq(), _constant(one))
    elif isinstance(right, ast.Name):
        cells, wanted = _column(right.id, items), str(_constant(left)).strip()
        found = np.array([wanted in _SEPARATORS.split(str(cell).strip()) for cell in cells], np.bool_)
        found &= cells.notna().to_numpy(np.bool_)
    else:
        raise _odd(right)
    return ~found & cells.notna().to_numpy(np.bool_) if negated else found


def _compared(cells: pd.Series[Any], kind: ast.cmpop, constant: Any) -> Mask:
    """A text column is read as numbers or as true and false where the constant is one."""
    there = cells.notna().to_numpy(np.bool_)
    numeric = pd.api.types.is_numeric_dtype(cells.dtype)  # bool too
    if isinstance(constant, str):
        if numeric:
            what, way_out = "numbers", "Write the number without quotes"
            if pd.api.types.is_bool_dtype(cells.dtype):
                what, way_out = "true and false", f"Write `{cells.name}` or `not {cells.name}`"
            raise InputError(
                f"`where` compares the {what} of column {cells.name!r} with text: {constant!r:.40}. {way_out}"
            )
        texts = cells.where(there, "").astype(str).to_numpy(object)
        return np.asarray(_ORDER[type(kind)](texts, constant), np.bool_) & there
    if not numeric and isinstance(constant, bool):
        values = np.array([_FLAGS.get(str(cell).strip().lower(), np.nan) for cell in cells])
    else:
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.asarray(_ORDER[type(kind)](values, float(constant)), np.bool_) & ~np.isnan(values)


_FLAGS: Final = {"true": 1.0, "yes": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "no": 0.0, "0": 0.0, "0.0": 0.0}


def _constant(node: ast.expr) -> str | float | bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand)
        if not isinstance(value, (str, bool)):
            return -value
    elif isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
        return node.value if isinstance(node.value, (str, bool)) else float(node.value)
    raise _odd(node)


def _column(name: str, items: pd.DataFrame) -> pd.Series[Any]:
    if name == ITEM_ID:
        raise InputError(f"`where` must name columns of items, not {ITEM_ID}: give ids as `candidates` or `exclude`")
    if name not in items.columns:
        raise InputError(
            f"`where` names a column that the bundle does not keep: {name!r}; it keeps "
            f"{', '.join(map(repr, map(str, items.columns))) or 'none'}"
        )
    return items[name]


def _odd(node: ast.expr) -> InputError:
    return InputError(f"{_RULE}; received {ast.unparse(node)!r:.60}")
