"""Items that join a bundle in memory, and who gives them their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.serving.ids import Ids
from tfcold.serving.item_split import ItemSplit

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Cells = npt.NDArray[Any]


@dataclass(frozen=True)
class NewItems:
    """N items with the place that their vectors give them.

    Args:
        ids: object [N] of str.
        candidates: float32 [N, D + 1]; zeros where an item has no vector.
        history: float32 [N, D]; the same.
        is_known: bool [N]. Has a vector, so it may be listed.
        shown: the columns that the bundle keeps of items, each [N], as `fitted_columns` gives them.
        raw: object [N]. What `Places.split` takes of each.
    """

    ids: Ids
    candidates: Floats
    history: Floats
    is_known: Mask
    shown: Mapping[str, Cells]
    raw: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, chosen: Mask) -> NewItems:
        """Those that are chosen, bool [N]."""
        arrays = {name: getattr(self, name)[chosen] for name in ("ids", "candidates", "history", "is_known", "raw")}
        return NewItems(**arrays, shown={name: cells[chosen] for name, cells in self.shown.items()})

    @property
    def frame(self) -> pd.DataFrame:
        """What is kept of the items, a row each."""
        return pd.DataFrame(dict(self.shown), index=range(len(self)))


class Places(Protocol):
    """The layers of a bundle that place what training never saw."""

    def items(self, items: pd.DataFrame, vectors: Mapping[str, Any] | None, kept: pd.DataFrame | None) -> NewItems:
        """New items; `kept` is what the bundle keeps of its own, whose columns these get."""
        ...

    def shown(self, items: pd.DataFrame, kept: pd.DataFrame | None) -> tuple[Ids, pd.DataFrame]:
        """The ids alone, and the cells of the columns of `kept`, a row each."""
        ...

    def words(self, ids: Ids, users: pd.DataFrame | None, vectors: Mapping[str, Any] | None) -> Any:
        """What `query` takes of the words of users who join: of a table, or ready vectors by block."""
        ...

    def query(self, summed: Floats, counts: Floats, words: Any = None) -> Floats:
        """Query vectors [B, D + 1] of the sum [B, D] and the number [B] of what somebody did, and of their words."""
        ...

    def candidates(self, vectors: Floats) -> Floats:
        """Candidate vectors [B, D + 1] of items known by their vector in the first block."""
        ...

    def sentences(self, vectors: Mapping[str, Floats]) -> Floats:
        """Query vectors [B, D + 1] of sentences known by their vectors in some blocks."""
        ...

    def rounded(self, table: Floats, store: str) -> Floats:
        """The rows of a table as a bundle gives them back that keeps its numbers in `store`."""
        ...

    def split(self, raw: Any) -> ItemSplit | None:
        """How much of one item each block makes up, at row 1."""
        ...
