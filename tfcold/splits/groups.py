"""Whole users and whole items held out: the common course of cold_item, cold_user and cold_both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfcold.data.dataset import Dataset, Positions
from tfcold.splits.draws import Rows, marked, order_within, warm_rows
from tfcold.splits.regimes import WARM
from tfcold.splits.split import Split, by_regime

_TRAIN: Final = 0
_TEST: Final = 1
_VALIDATION: Final = 2


def touched_items(dataset: Dataset) -> Rows:
    """Rows of items that can be held out: with interactions, and with a row in the items table to be known by."""
    touched = np.bincount(dataset.item_rows, minlength=dataset.num_items + 1) > 0
    return np.flatnonzero(touched & dataset.described_items)


def users_with_more_than(dataset: Dataset, rows: int) -> Rows:
    """Rows of users with more than that many interactions."""
    return np.flatnonzero(np.bincount(dataset.user_rows, minlength=dataset.num_users + 1) > rows)


def split_by_groups(
    dataset: Dataset,
    rng: np.random.Generator,
    *,
    items: Sequence[Rows] = (),
    users: Sequence[Rows] = (),
    warm_shares: Sequence[float] = (0.0, 0.0),
    reveal: int = 0,
    protocol: str,
    seed: int,
    parameters: Mapping[str, Any],
) -> Split:
    """The split that holds out whole items and whole users, and some warm rows among the rest.

    A row of a held-out item or user goes where that one was put; a row of a test item and a validation user (or the
    other way round) is in no part.

    Args:
        dataset: the tables.
        rng: what draws.
        items: rows of the test items and of the validation items; empty holds out none.
        users: rows of the test users and of the validation users; empty holds out none.
        warm_shares: of the rows that remain, for test and validation.
        reveal: int. Rows of each held-out user that are revealed: the earliest, or drawn where there are no
            timestamps; only of items that training sees.
        protocol: as in `Split`.
        seed: as in `Split`.
        parameters: as in `Split`.
    """
    of_user = _groups(users, dataset.num_users)[dataset.user_rows]
    of_item = _groups(items, dataset.num_items)[dataset.item_rows]
    rest = np.flatnonzero((of_user == _TRAIN) & (of_item == _TRAIN))
    train, (warm_test, warm_validation) = warm_rows(dataset, rng, rest, warm_shares)
    revealed = _revealed(dataset, rng, np.flatnonzero(of_user != _TRAIN), train, reveal)
    hidden = ~marked(revealed, len(dataset))[:-1]
    held = [
        by_regime(dataset, train, np.flatnonzero(_is_of(group, of_user, of_item) & hidden))
        for group in (_TEST, _VALIDATION)
    ]
    for regimes, warm in zip(held, (warm_test, warm_validation), strict=True):
        regimes[WARM] = warm
    test, validation = held
    return Split(dataset, train, validation, test, revealed, protocol, seed, parameters)


def _groups(held: Sequence[Rows], num: int) -> npt.NDArray[np.int8]:
    """int8 [num + 1]: the group of each row."""
    groups = np.full(num + 1, _TRAIN, np.int8)
    for group, rows in zip((_TEST, _VALIDATION), held, strict=False):
        groups[rows] = group
    return groups


def _is_of(group: int, of_user: npt.NDArray[np.int8], of_item: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """True for rows whose held-out sides are all of the group, and at least one is."""
    fits_user, fits_item = (np.isin(side, (group, _TRAIN)) for side in (of_user, of_item))
    fits: npt.NDArray[np.bool_] = fits_user & fits_item & ((of_user == group) | (of_item == group))
    return fits


def _revealed(
    dataset: Dataset, rng: np.random.Generator, candidates: Positions, train: Positions, reveal: int
) -> Positions:
    if reveal == 0:
        return np.empty(0, np.int64)
    known = marked(dataset.item_rows[train], dataset.num_items)
    rows = candidates[known[dataset.item_rows[candidates]]]
    return rows[order_within(dataset, rng, rows, dataset.user_rows) < reveal]
