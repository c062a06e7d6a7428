"""A block of vectors, one row an item (or a user), with a mask for the rows that have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tfcold.errors import InputError


@dataclass(frozen=True)
class VectorBlock:
    """Vectors aligned with the rows of a dataset.

    Args:
        name: str. The block: `"text"`, `"lexical"`, `"image"`, ...
        vectors: float32 [R + 1, T]. Row 0, and every row that has no vector, is zeros.
        mask: bool [R + 1]. True where the row has a vector; `mask[0]` is false.
        provenance: mapping. What wrote the vectors: encoder, fingerprint, template, dtype.

    Raises:
        InputError: shapes or dtypes break these rules, or a vector holds NaN or infinity.

    Example:
        >>> pixels = np.array([[0, 0], [0.1, 0.9], [0.8, 0.2]], np.float32)  # row 0, then two items
        >>> VectorBlock("image", pixels, np.array([False, True, True])).width
        2

    `tfcold.text.TextVectors(ids, vectors).block("image", dataset.item_ids)` makes one of vectors in any order.
    """

    name: str
    vectors: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.dtype != np.float32:
            raise InputError(
                f"`vectors` of block {self.name!r} must be float32 [R + 1, T]; "
                f"received {self.vectors.dtype} {list(self.vectors.shape)}"
            )
        if self.mask.shape != (len(self.vectors),) or self.mask.dtype != np.bool_ or self.mask[0]:
            raise InputError(
                f"`mask` of block {self.name!r} must be bool [{len(self.vectors)}], false at row 0; "
                f"received {self.mask.dtype} {list(self.mask.shape)}"
            )
        if not np.isfinite(self.vectors).all():
            rows = np.flatnonzero(~np.isfinite(self.vectors).all(axis=1))
            raise InputError(
                f"`vectors` of block {self.name!r} must be finite; {len(rows)} rows hold NaN or infinity, "
                f"the first at row {rows[0]}. Leave such a row out of the file to mark it as missing"
            )

    @property
    def width(self) -> int:
        """T."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True)
class Features:
    """Everything a model may know of items and users besides who did what.

    Args:
        items: blocks of item vectors by name, in order; each [I + 1, T].
        users: blocks of user vectors by name, in order; each [U + 1, T].

    Raises:
        InputError: something else than a `VectorBlock`, or one under another name than its own.
    """

    items: Mapping[str, VectorBlock] = field(default_factory=dict)
    users: Mapping[str, VectorBlock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for side in ("items", "users"):
            blocks = getattr(self, side)
            if not isinstance(blocks, Mapping):
                raise InputError(
                    f"`{side}` must be blocks by name; received {type(blocks).__name__}. "
                    'Pass `{"text": VectorBlock("text", vectors, mask)}`'
                )
            for name, block in blocks.items():
                _check_block(name, block, side)


def _check_block(name: str, block: object, side: str) -> None:
    if not isinstance(block, VectorBlock):
        raise InputError(
            f"`{side}` must hold a `VectorBlock` under every name; under {name!r} it holds {type(block).__name__}. "
            f"Pass `tfcold.text.TextVectors(ids, vectors).block({name!r}, dataset.{side[:-1]}_ids)`"
        )
    if block.name != name:
        raise InputError(
            f"`{side}` must hold each block under its own name; under {name!r} it holds block {block.name!r}. "
            "Call both the same"
        )
