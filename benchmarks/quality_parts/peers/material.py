"""What every peer is given: training pairs, one matrix of item content, and what is warm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quality_parts.system import Unable
from tfcold.baselines.vectors import centred_unit
from tfcold.blocks import Features
from tfcold.splits import Split

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Material:
    """The training rows of a split and the vectors of its items.

    Args:
        split: its training rows alone are read.
        features: vectors of items; users' own words are left to those who know what to do with them.
    """

    split: Split
    features: Features

    @cached_property
    def train(self) -> sp.csr_matrix:
        """float32 CSR [U + 1, I + 1]."""
        return self.split.train_matrix().tocsr()

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """User and item rows of the training rows, int32 [R] each, distinct pairs."""
        cells = self.train.tocoo()
        return cells.row.astype(np.int32), cells.col.astype(np.int32)

    @cached_property
    def warm_items(self) -> Mask:
        """Bool [I + 1]."""
        return np.asarray(self.split.warm_items, bool)

    @cached_property
    def warm_rows(self) -> Ints:
        """Rows of the items with a training row."""
        return np.flatnonzero(self.warm_items).astype(np.int32)

    @cached_property
    def item_counts(self) -> Floats:
        """Training rows of each item, float32 [I + 1]."""
        return np.asarray(self.train.sum(axis=0), np.float32).ravel()

    @property
    def num_users(self) -> int:
        """U + 1."""
        return int(self.train.shape[0])

    @property
    def num_items(self) -> int:
        """I + 1."""
        return int(self.train.shape[1])

    @cached_property
    def has_content(self) -> Mask:
        """Bool [I + 1]: true for an item with a vector in any block."""
        self.require_content()
        return np.any([block.mask for block in self.features.items.values()], axis=0)

    @cached_property
    def content(self) -> Floats:
        """float32 [I + 1, F]: all blocks side by side, each centred on warm items and of length 1."""
        self.require_content()
        return np.hstack([centred_unit(block, self.warm_items) for block in self.features.items.values()])

    def components(self, width: int) -> Floats:
        """float32 [I + 1, width]: the principal components of `content`, on average of length 1 over warm items."""
        known = self.content[self.warm_items & self.has_content].astype(np.float64)
        width = min(width, *known.shape)
        _, axes = np.linalg.eigh(known.T @ known)
        found = self.content @ axes[:, ::-1][:, :width].astype(np.float32)
        mean_length = np.linalg.norm(found[self.warm_items & self.has_content], axis=1).mean()
        return np.asarray(found / max(float(mean_length), 1e-9), np.float32)

    def require_content(self) -> None:
        """Nothing, if items have vectors.

        Raises:
            Unable: they have none.
        """
        if not self.features.items:
            raise Unable("needs vectors of items")

    def words(self) -> list[str]:
        """All columns of the items table as one text an item, in the order of rows; the first, row 0, is empty.

        Raises:
            Unable: the table has ids only.
        """
        frame = self.split.dataset.items.frame
        columns: list[Any] = [name for name in frame.columns if name != "item_id"]
        if not columns:
            raise Unable("needs words of items")
        texts = [""] * self.num_items
        rows = self.split.dataset.item_ids.rows(frame["item_id"].to_numpy())
        said = frame[columns].astype(object).where(frame[columns].notna(), "").astype(str)
        for row, parts in zip(rows, said.itertuples(index=False), strict=True):
            texts[int(row)] = " ".join(parts).strip()
        return texts
