"""Lists of item rows, one a query, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Lists:
    """B lists: list b is `values[splits[b]:splits[b + 1]]`.

    Args:
        values: int32 [M].
        splits: int64 [B + 1].
    """

    values: Rows
    splits: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.splits) - 1

    def __getitem__(self, part: slice) -> Lists:
        splits = self.splits[part.start : part.stop + 1]
        return Lists(self.values[splits[0] : splits[-1]], splits - splits[0])

    @classmethod
    def empty(cls, num: int) -> Lists:
        """B empty lists."""
        return cls(np.zeros(0, np.int32), np.zeros(num + 1, np.int64))

    @classmethod
    def of_pairs(cls, queries: npt.NDArray[np.integer[Any]], rows: Rows, num: int) -> Lists:
        """Lists of (query, item row) pairs, each pair once, rows ascending; row 0 is left out."""
        pairs = np.stack([np.asarray(queries, np.int64), np.asarray(rows, np.int64)], axis=1)
        pairs = np.unique(pairs[pairs[:, 1] > 0], axis=0)
        counts = np.bincount(pairs[:, 0], minlength=num)
        return cls(pairs[:, 1].astype(np.int32), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    def of(self, at: npt.NDArray[np.integer[Any]]) -> Lists:
        """The lists at these places."""
        counts = self.splits[1:][at] - self.splits[at]
        splits = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        shift = np.repeat(self.splits[at] - splits[:-1], counts)
        return Lists(self.values[np.arange(splits[-1]) + shift], splits)

    def joined(self, others: Lists) -> Lists:
        """Every list with the same one of the others after it."""
        num = len(self)
        queries = [np.repeat(np.arange(num), np.diff(lists.splits)) for lists in (self, others)]
        return Lists.of_pairs(np.concatenate(queries), np.concatenate([self.values, others.values]), num)

    def below(self, row: int) -> Lists:
        """Every list without rows from this one on."""
        return self._kept(self.values < row, self.values)

    def among(self, rows: Rows) -> Lists:
        """Every list as places in `rows`, int32 [N] ascending; what is not there is left out."""
        at = np.searchsorted(rows, self.values)
        inside = at < len(rows)
        inside[inside] = rows[at[inside]] == self.values[inside]
        return self._kept(inside, at)

    def _kept(self, kept: npt.NDArray[np.bool_], values: npt.NDArray[np.integer[Any]]) -> Lists:
        before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        return Lists(values[kept].astype(np.int32), before[self.splits])
