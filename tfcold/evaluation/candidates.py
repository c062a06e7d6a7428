"""Which rows a regime asks about, which items may answer, and what each user has seen already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.errors import InputError, one_of
from tfcold.ranking import Rows

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Positions = npt.NDArray[np.int64]

PARTS: Final = ("test", "validation")
MIXED: Final = "all"
_ORDER: Final = ("warm", "cold_item", MIXED, "cold_user", "cold_both")


def held_out(split: Split, part: str) -> Mapping[str, Positions]:
    """Positions by regime of `split.test` or `split.validation`.

    Raises:
        InputError: `part` is neither.
    """
    return split.test if one_of(PARTS, part, "part") == "test" else split.validation


def regimes_of(split: Split, part: str) -> tuple[str, ...]:
    """The regimes with rows in a part, in the order of a report; `all` where there are both warm and cold items."""
    held = held_out(split, part)
    present = {regime for regime, positions in held.items() if len(positions)}
    if {"warm", "cold_item"} <= present:
        present.add(MIXED)
    others = [regime for regime in held if regime in present and regime not in _ORDER]
    return (*(regime for regime in _ORDER if regime in present), *others)


def checked_regimes(split: Split, part: str, regimes: Sequence[str] | None) -> tuple[str, ...]:
    """`regimes`, or all there are for None.

    Raises:
        InputError: a regime without rows, or none at all.
    """
    there = regimes_of(split, part)
    if not there:
        raise InputError(
            f"`split` holds no {part} rows (protocol {split.protocol!r}). Raise `{part}` of the split, "
            f"or evaluate the other part"
        )
    if regimes is None:
        return there
    asked = (regimes,) if isinstance(regimes, str) else tuple(dict.fromkeys(regimes))
    for regime in asked:
        if regime not in there:
            raise InputError(
                f"`regimes` must have rows in the {part} part; {regime!r} has none. There are {', '.join(there)}"
            )
    return asked


def targets_of(split: Split, part: str, regime: str) -> Positions:
    """Positions of the interactions to be found."""
    held = held_out(split, part)
    if regime == MIXED:
        return np.concatenate([held["warm"], held["cold_item"]])
    return held[regime]


def candidates_of(split: Split, part: str, regime: str) -> Rows:
    """Item rows that may be listed, in rising order.

    warm, cold_user, users_k: items with a training row. cold_item, items_k: items with a row of that regime in the
    part. all: warm and cold_item together. cold_both: items with a cold_item or cold_both row.

    Args:
        split: the split.
        part: str. `"test"` or `"validation"`.
        regime: str. One of `regimes_of(split, part)`.

    Returns: int32 [N], distinct.
    """
    held = held_out(split, part)
    warm: npt.NDArray[np.integer[Any]] = np.flatnonzero(split.warm_items)
    rows: npt.NDArray[np.integer[Any]]
    if regime in ("warm", "cold_user") or regime.startswith("users_"):
        rows = warm
    elif regime == MIXED:
        rows = np.union1d(warm, _items(split, held["cold_item"]))
    elif regime == "cold_both":
        rows = np.union1d(_items(split, held["cold_both"]), _items(split, held.get("cold_item", held["cold_both"])))
    else:
        rows = _items(split, held[regime])
    return rows.astype(np.int32)


def seen_matrix(split: Split, part: str, histories: sp.csr_matrix) -> sp.csr_matrix:
    """What is never listed again: training and revealed rows, and for the test the warm validation rows.

    Args:
        split, part: as in `candidates_of`.
        histories: CSR [U + 1, I + 1], `split.history_matrix()`: the training and revealed rows.

    Returns: CSR [U + 1, I + 1]. Stored cells are seen.
    """
    validated = split.validation.get("warm") if part == "test" else None
    if validated is None or not len(validated):
        return histories
    return (histories + split.dataset.matrix(validated)).tocsr()


def _items(split: Split, positions: Positions) -> npt.NDArray[np.int32]:
    return np.unique(split.dataset.item_rows[positions])
