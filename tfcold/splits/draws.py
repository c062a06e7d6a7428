"""Draws that the protocols share; every one comes from a generator that the caller seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfcold.data.dataset import Dataset, Positions
from tfcold.errors import InputError

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def check_shares(**shares: float) -> None:
    """Nothing, if every share is in [0, 1) and they leave something.

    Raises:
        InputError: they do not.
    """
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise InputError(f"`{name}` must be a share in [0, 1); received {share}. Write a tenth as 0.1")
    if sum(shares.values()) >= 1:
        said = " + ".join(f"{name}={share}" for name, share in shares.items())
        raise InputError(f"the shares must leave rows to train on; {said} leave none. Lower one of them")


def check_count(name: str, value: int) -> None:
    """Nothing, if `value` is a whole number of at least 0.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 0:
        raise InputError(f"`{name}` must be a whole number of at least 0; received {value!r}")


def drawn(rng: np.random.Generator, pool: Rows, shares: Sequence[float], what: str) -> list[Rows]:
    """One group of `pool` for each share, apart from each other, in the order of the draw.

    A share above 0 gives at least one, and at least one of the pool stays.

    Args:
        rng: what draws.
        pool: int [P], distinct.
        shares: of the pool, in [0, 1).
        what: str. What is drawn, for the error: `"items"`.

    Raises:
        InputError: the pool is too small.
    """
    sizes = [max(1, round(share * len(pool))) if share else 0 for share in shares]
    if sum(sizes) >= max(1, len(pool)):
        raise InputError(
            f"`dataset` must have more than {sum(sizes)} {what} to hold out {' + '.join(map(str, sizes))} of them; "
            f"there are {len(pool)}. Lower the shares, or bring more data"
        )
    mixed = rng.permutation(pool)
    return list(np.split(mixed[: sum(sizes)], np.cumsum(sizes)[:-1]))


def warm_rows(
    dataset: Dataset, rng: np.random.Generator, pool: Positions, shares: Sequence[float]
) -> tuple[Positions, list[Positions]]:
    """What stays to train on, and one group of held-out rows for each share: all of them warm.

    Rows are drawn at random. A row without which its user or item would have no training row goes back to training,
    so a group may be somewhat smaller than its share.

    Args:
        dataset: the tables.
        rng: what draws.
        pool: int64 [P]. Positions to draw from, all of those that training may have.
        shares: of the pool, in [0, 1).
    """
    sizes = [round(share * len(pool)) for share in shares]
    mixed = rng.permutation(pool)
    group = np.full(len(mixed), -1)  # -1: training
    group[: sum(sizes)] = np.repeat(np.arange(len(sizes)), sizes)
    for rows, num in ((dataset.user_rows, dataset.num_users), (dataset.item_rows, dataset.num_items)):
        side = rows[mixed]
        trained = np.zeros(num + 1, np.bool_)
        trained[side[group < 0]] = True
        orphans = np.flatnonzero(~trained[side])
        _, first = np.unique(side[orphans], return_index=True)
        group[orphans[first]] = -1
    return np.sort(mixed[group < 0]), [np.sort(mixed[group == number]) for number in range(len(sizes))]


def order_within(dataset: Dataset, rng: np.random.Generator, positions: Positions, side: npt.NDArray[np.int32]) -> Rows:
    """int64 [P]: the place, from 0, of each row among those of its user (or item): by time, at random without times.

    Args:
        dataset: the tables; equal timestamps are ordered at random.
        rng: what draws.
        positions: int64 [P].
        side: int32 [R]. `dataset.user_rows` or `dataset.item_rows`.
    """
    moments = dataset.timestamps
    when = np.zeros(len(positions)) if moments is None else moments[positions]
    groups = side[positions]
    order = np.lexsort((rng.random(len(positions)), when, groups))
    ordered = groups[order]
    starts = np.searchsorted(ordered, ordered)
    places = np.empty(len(positions), np.int64)
    places[order] = np.arange(len(positions)) - starts
    return places


def marked(rows: npt.NDArray[np.integer[Any]], num: int) -> Mask:
    """Bool [num + 1]: true at `rows`."""
    mask = np.zeros(num + 1, np.bool_)
    mask[rows] = True
    return mask
