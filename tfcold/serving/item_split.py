"""How much of every candidate each of its blocks of vectors makes up, kept in the bundle for explanations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tfcold.errors import BundleError
from tfcold.manifest import SPLIT_FILE

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ItemSplit:
    """The part of every candidate that each block makes up; what is left is the ID.

    `candidate = base + id + sum over blocks`, where base is what an item is without ID and words (zeros but for few
    fusions) and the parts of the blocks are exact Shapley values.

    Args:
        names: the blocks, B of them.
        values: float32 [B, I + 1, D]. Zeros where the item lacks the block.
        base: float32 [2, D]. Of warm items, of cold items.
    """

    names: tuple[str, ...]
    values: Floats
    base: Floats

    def write(self, extra: Path) -> None:
        """Writes it into the folder `assets.extra`."""
        np.savez(extra / SPLIT_FILE, names=np.array(self.names), values=self.values, base=self.base)

    def joined(self, others: ItemSplit) -> ItemSplit:
        """The same with the items of another one after these; its row 0 is left out."""
        return ItemSplit(self.names, np.concatenate([self.values, others.values[:, 1:]], axis=1), self.base)

    def of(self, chosen: npt.NDArray[np.bool_]) -> ItemSplit:
        """The same of row 0 and those of the rows 1, 2, ... that are chosen, bool [I]."""
        return ItemSplit(self.names, self.values[:, np.append(True, chosen)], self.base)

    def in_order(self, rows: npt.NDArray[np.int64]) -> ItemSplit:
        """The same with item row `rows[r]` as row r, int64 [I + 1]."""
        return ItemSplit(self.names, self.values[:, rows], self.base)

    def replaced(self, rows: npt.NDArray[np.integer[Any]], others: ItemSplit) -> ItemSplit:
        """The same with the items of another one, without its row 0, at these rows."""
        values = self.values.copy()
        values[:, rows] = others.values[:, 1:]
        return ItemSplit(self.names, values, self.base)


def read_split(extra: Path) -> ItemSplit | None:
    """The split in the folder `assets.extra`, or None where it keeps none.

    Raises:
        BundleError: the file is damaged.
    """
    path = extra / SPLIT_FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            return ItemSplit(tuple(map(str, kept["names"])), kept["values"], kept["base"])
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(f"`{path}` cannot be read: {error}") from error
