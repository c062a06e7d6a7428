"""Validation rows for a split that came without: a part of the training rows, held out and given back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tfcold.errors import InputError

if TYPE_CHECKING:
    from tfcold.splits.split import Split


def inner_split(split: Split, *, cold_share: float = 0.1, warm_share: float = 0.05, seed: int = 0) -> Split:
    """A split of the training rows alone: some items become cold, some rows of the others are held out.

    A row is held out only while its user and its item keep another, so everybody who was warm stays warm but for the
    items that play cold. Settings chosen here are then used for a fit on all training rows.

    Args:
        split: its training rows are read, no others.
        cold_share: float in (0, 1), default 0.1. Share of warm items that play cold.
        warm_share: float in (0, 1), default 0.05. Share of the other rows held out.
        seed: int, default 0.

    Returns: `Split` with validation rows `warm` and `cold_item`, and no test rows.

    Raises:
        InputError: all training rows are of one item, so that none would be left.
    """
    rng = np.random.default_rng(seed)
    users, items = split.dataset.user_rows, split.dataset.item_rows
    warm = np.flatnonzero(split.warm_items)
    if len(warm) < 2:
        raise InputError(
            "`interactions` must be of at least 2 items: one plays a new item while settings are chosen, and the rest "
            f"is learned from; all {len(split.train)} rows to train on are of item "
            f"{split.dataset.item_ids.ids_of(warm)[0]!r}. Give more of them"
        )
    plays_cold = np.zeros(len(split.warm_items), bool)
    plays_cold[rng.permutation(warm)[: max(1, round(cold_share * len(warm)))]] = True
    train = rng.permutation(split.train)
    to_cold = plays_cold[items[train]]
    rest = train[~to_cold]
    kept_anyway = np.zeros(len(rest), bool)
    for side in (users, items):  # the first row met of every user and item stays
        kept_anyway[np.unique(side[rest], return_index=True)[1]] = True
    free = np.flatnonzero(~kept_anyway)
    held = np.zeros(len(rest), bool)
    held[rng.permutation(free)[: round(warm_share * len(rest))]] = True
    cold = train[to_cold]
    has_rest = np.zeros(len(split.warm_users), bool)
    has_rest[users[rest]] = True
    return replace(
        split,
        train=np.sort(rest[~held]),
        validation={"warm": np.sort(rest[held]), "cold_item": np.sort(cold[has_rest[users[cold]]])},
        test={},
        revealed=split.revealed[:0],
        protocol=f"{split.protocol}, inner validation",
        seed=seed,
    )
