"""The sizes a model needs to know of its data, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Schema:
    """Sizes of a dataset, as the tensor side sees them.

    Rows run from 1; row 0 stands for whatever training never saw, so a table of users has `num_users + 1` rows.

    Args:
        num_users: int, at least 1. Users with an id, row 0 not counted.
        num_items: int, at least 1. Items with an id, row 0 not counted.
        item_vectors: mapping of block name to width T. The blocks of item vectors, in order; `text` first by custom.
        user_vectors: mapping of block name to width T. The blocks of user vectors; empty when users have no words.
    """

    num_users: int
    num_items: int
    item_vectors: Mapping[str, int] = field(default_factory=dict)
    user_vectors: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("num_users", "num_items"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1; received {getattr(self, name)}")
        for side in ("item_vectors", "user_vectors"):
            for block, width in getattr(self, side).items():
                if width < 1:
                    raise ValueError(f"`{side}[{block!r}]` must be at least 1 wide; received {width}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
