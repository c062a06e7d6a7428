"""Why an item has the score it has: the score as a sum, from the tables of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.serving.item_split import ItemSplit

Vector = npt.NDArray[np.float64]

NAME: Final = "name"
VALUE: Final = "value"
VIEWS: Final = ("parts", "by_item", "by_history")
_SMALL: Final = 1e-6  # of what all parts move: what is left out as rounding


@dataclass(frozen=True)
class Explanation:
    """A score, three times as a sum. Each is a frame `name, value`, the largest values first.

    A score is `(user + sum_j history_j) . (id + sum_b block_b) + prior`: pieces of the user times pieces of the item.

    Args:
        user_id, item_id: str.
        score: float. As `Recommender.score` gives it.
        by_item: what each piece of the item brings: `id`, `block:<name>`, and `prior`. In a bundle that keeps no split
            of items, `item` stands for ID and blocks. `base` is what is neither, in fusions that have such a thing.
        by_history: what each piece of the user brings: `history:<item id>`, `user` (their ID and own words), and
            `prior`. Where the user tower is not linear, `history` is what the items say only together.
        parts: both at once: every product of two pieces is shared by them, half and half. The prior is its own.
    """

    user_id: str
    item_id: str
    score: float
    by_item: pd.DataFrame
    by_history: pd.DataFrame
    parts: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """`user_id`, `item_id`, `score`, and `parts`, `by_item`, `by_history` as lists of `name` and `value`."""
        views = {view: getattr(self, view).to_dict("records") for view in VIEWS}
        return {USER_ID: self.user_id, ITEM_ID: self.item_id, "score": self.score, **views}

    def frame(self, view: str = "parts") -> pd.DataFrame:
        """Frame `user_id, item_id, score, name, value` of one of the three sums."""
        parts = getattr(self, view).copy()
        for place, (column, value) in enumerate(
            {USER_ID: self.user_id, ITEM_ID: self.item_id, "score": self.score}.items()
        ):
            parts.insert(place, column, value)
        return parts


def shortened(view: pd.DataFrame, top: int) -> list[tuple[str, float]]:
    """Name and value of the first rows of a sum, and of all others together: `"3 others"`."""
    rows = [(str(name), float(value)) for name, value in zip(view[NAME][:top], view[VALUE][:top], strict=True)]
    if len(view) > top:
        rows.append((f"{len(view) - top} others", float(view[VALUE].iloc[top:].sum())))
    return rows


def pieces_of_user(
    query: Vector,
    newcomer: npt.NDArray[np.floating[Any]],
    each: Mapping[str, npt.NDArray[np.floating[Any]]],
) -> dict[str, Vector]:
    """Vectors [D] that sum to the query [D].

    Args:
        query: of the user.
        newcomer: [D], of somebody who did the same and is not known otherwise.
        each: item id to what it adds [D] to that query.
    """
    pieces = {f"history:{item_id}": np.asarray(one, np.float64) for item_id, one in each.items()}
    if not pieces:
        return {"user": query}
    pieces["history"] = newcomer - np.sum(list(pieces.values()), axis=0)
    pieces["user"] = query - newcomer
    return pieces


def pieces_of_item(row: int, candidate: Vector, is_cold: bool, split: ItemSplit | None) -> dict[str, Vector]:
    """Vectors [D] that sum to the candidate [D]."""
    if split is None:
        return {"item": candidate}
    pieces = {
        f"block:{name}": split.values[place, row].astype(np.float64)
        for place, name in enumerate(split.names)
        if split.values[place, row].any()
    }
    base = split.base[int(is_cold)].astype(np.float64)
    left = candidate - base - np.sum([np.zeros_like(candidate), *pieces.values()], axis=0)
    if not is_cold:
        pieces["id"] = left
    elif pieces:  # of a cold item only rounding is left
        pieces[max(pieces, key=lambda name: float(np.linalg.norm(pieces[name])))] += left
    if base.any() or not pieces:
        pieces["base"] = base if pieces else candidate
    return pieces


def explained(
    user_id: str, item_id: str, score: float, user: dict[str, Vector], item: dict[str, Vector], prior: float
) -> Explanation:
    """The three sums from pieces of the user [D] and of the item [D], which sum to query and candidate."""
    products = np.stack(list(user.values())) @ np.stack(list(item.values())).T
    by_item = dict(zip(item, products.sum(axis=0), strict=True))
    by_history = dict(zip(user, products.sum(axis=1), strict=True))
    shared = {name: value / 2 for name, value in {**by_item, **by_history}.items()}
    last = {"prior": prior}
    views = [_view({**pieces, **last}, score) for pieces in (by_item, by_history, shared)]
    return Explanation(user_id, item_id, score, *views)


def _view(pieces: dict[str, float], score: float) -> pd.DataFrame:
    """The largest first; rounding between this sum and the float32 score goes to the largest."""
    largest = max(pieces, key=lambda name: abs(pieces[name]))
    pieces = {**pieces, largest: pieces[largest] + score - sum(pieces.values())}
    least = _SMALL * sum(map(abs, pieces.values()))
    if abs(pieces.get("history", 1.0)) <= least:  # nothing but rounding
        pieces[largest] += pieces.pop("history")
    names = sorted(pieces, key=lambda name: (-abs(pieces[name]), name))
    return pd.DataFrame({NAME: pd.Series(names, dtype=object), VALUE: [float(pieces[name]) for name in names]})
