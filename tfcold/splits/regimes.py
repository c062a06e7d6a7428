"""Names of what a held-out row asks of a recommender."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt

WARM: Final = "warm"
COLD_ITEM: Final = "cold_item"
COLD_USER: Final = "cold_user"
COLD_BOTH: Final = "cold_both"
REGIMES: Final = (WARM, COLD_ITEM, COLD_USER, COLD_BOTH)

_SHOTS = re.compile(r"(items|users)_(\d+)")


def regime_of(user_is_warm: npt.ArrayLike, item_is_warm: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """The regime of each row: `warm`, `cold_item`, `cold_user` or `cold_both`.

    Args:
        user_is_warm: bool, any shape. Training has a row of the user.
        item_is_warm: bool, same shape. Training has a row of the item.

    Example:
        >>> regime_of([True, False], [False, False]).tolist()
        ['cold_item', 'cold_both']
    """
    user_is_cold, item_is_cold = ~np.asarray(user_is_warm, np.bool_), ~np.asarray(item_is_warm, np.bool_)
    names: npt.NDArray[np.str_] = np.array(REGIMES)[2 * user_is_cold + item_is_cold]
    return names


def shots_of(regime: str) -> tuple[str, int] | None:
    """`("items", 4)` for `"items_4"`, `("users", 0)` for `"users_0"`, None for any other name."""
    match = _SHOTS.fullmatch(regime)
    return None if match is None else (match[1], int(match[2]))
