"""The proof that a split does not leak."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tfcold.data.dataset import Dataset, Positions
from tfcold.errors import InputError, LeakageError
from tfcold.splits.regimes import REGIMES, regime_of, shots_of

Mask = npt.NDArray[np.bool_]
_LISTED = 3


def prove(
    dataset: Dataset,
    train: Positions,
    validation: Mapping[str, Positions],
    test: Mapping[str, Positions],
    revealed: Positions,
    *,
    in_time: bool = False,
) -> None:
    """Nothing, if training cannot see what is held out.

    Args:
        dataset: the tables.
        train: int64 [*].
        validation: positions by regime.
        test: positions by regime.
        revealed: int64 [*].
        in_time: bool. Also asks that every part be later than the one before.

    Raises:
        InputError: a regime of another name.
        LeakageError: a position or pair in two parts, a row in a wrong regime, or a wrong revealed row.
    """
    held = [("validation", validation), ("test", test)]
    named = [(f"{part}[{regime!r}]", regime, positions) for part, by in held for regime, positions in by.items()]
    parts = [("train", train), ("revealed", revealed), *((name, positions) for name, _, positions in named)]
    _prove_apart(dataset, parts)
    trained = _counts(dataset, train)
    shown = np.bincount(dataset.user_rows[revealed], minlength=dataset.num_users + 1)
    for name, regime, positions in named:
        _prove_regime(dataset, name, regime, positions, trained, shown)
    _prove_revealed(dataset, revealed, trained)
    if in_time:
        _prove_order(dataset, [("train", [train]), *((part, list(by.values())) for part, by in held)])


_Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _counts(dataset: Dataset, train: Positions) -> _Counts:
    """Training rows of each user and of each item."""
    return (
        np.bincount(dataset.user_rows[train], minlength=dataset.num_users + 1),
        np.bincount(dataset.item_rows[train], minlength=dataset.num_items + 1),
    )


def _prove_apart(dataset: Dataset, parts: list[tuple[str, Positions]]) -> None:
    """No position twice, and no pair of user and item twice."""
    names = np.repeat(np.arange(len(parts)), [len(positions) for _, positions in parts])
    together = np.concatenate([positions for _, positions in parts])
    pairs = dataset.user_rows[together].astype(np.int64) * (dataset.num_items + 1) + dataset.item_rows[together]
    order = np.argsort(pairs, kind="stable")
    again = np.flatnonzero(pairs[order][1:] == pairs[order][:-1])
    if len(again):
        first, second = order[again], order[again + 1]
        where = sorted({(parts[names[a]][0], parts[names[b]][0]) for a, b in zip(first, second, strict=True)})
        raise LeakageError(
            f"a pair of user and item may stand in one part only; {len(again)} stand in two "
            f"({', '.join(f'{a} and {b}' for a, b in where[:_LISTED])}): {_rows(dataset, together[second])}. "
            "Take them out of one"
        )


def _prove_regime(
    dataset: Dataset,
    name: str,
    regime: str,
    positions: Positions,
    trained: _Counts,
    shown: npt.NDArray[np.int64],
) -> None:
    by_user, by_item = trained
    users, items = dataset.user_rows[positions], dataset.item_rows[positions]
    shots = shots_of(regime)
    if regime in REGIMES:
        good = regime_of(by_user[users] > 0, by_item[items] > 0) == regime
        rule = {
            "warm": "a user and an item with training rows",
            "cold_item": "a user with training rows and an item without any",
            "cold_user": "an item with training rows and a user without any",
            "cold_both": "a user and an item without any training row",
        }[regime]
    elif shots is not None and shots[0] == "items":
        good = (by_item[items] == shots[1]) & (by_user[users] > 0)
        rule = f"an item with exactly {shots[1]} training rows and a user with some"
    elif shots is not None:
        good = (by_user[users] == 0) & (shown[users] == shots[1]) & (by_item[items] > 0)
        rule = f"a user without training rows and with exactly {shots[1]} revealed ones, and an item with training rows"
    else:
        raise InputError(
            f"{name} must be called {', '.join(REGIMES)}, items_<number> or users_<number>; received {regime!r}"
        )
    if not good.all():
        bad = positions[~good]
        raise LeakageError(
            f"every row of {name} must be of {rule}; {len(bad)} of {len(positions)} are not: {_rows(dataset, bad)}"
        )


def _prove_revealed(dataset: Dataset, revealed: Positions, trained: _Counts) -> None:
    by_user, by_item = trained
    good = (by_user[dataset.user_rows[revealed]] == 0) & (by_item[dataset.item_rows[revealed]] > 0)
    if not good.all():
        bad = revealed[~good]
        raise LeakageError(
            f"every row of revealed must be of a user without training rows and an item with some; "
            f"{len(bad)} of {len(revealed)} are not: {_rows(dataset, bad)}"
        )


def _prove_order(dataset: Dataset, parts: list[tuple[str, list[Positions]]]) -> None:
    """The first moment of a part is later than the last of all parts before it; equal moments are together."""
    timestamps = dataset.timestamps
    if timestamps is None:
        raise InputError("`dataset` must have timestamps for a split in time; its interactions have none")
    latest, latest_part = -np.inf, ""
    for part, groups in parts:
        positions = np.concatenate(groups)
        if len(positions) == 0:
            continue
        early = positions[~(timestamps[positions] > latest)]
        if len(early):
            raise LeakageError(
                f"every row of {part} must be later than all of {latest_part}, which ends at {latest}; "
                f"{len(early)} of {len(positions)} are not: {_rows(dataset, early)}"
            )
        latest, latest_part = float(timestamps[positions].max()), part


def _rows(dataset: Dataset, positions: Positions) -> str:
    """Up to three rows for a message: position, user and item."""
    users = dataset.user_ids.ids_of(dataset.user_rows[positions[:_LISTED]])
    items = dataset.item_ids.ids_of(dataset.item_rows[positions[:_LISTED]])
    listed = [
        f"user {user!r} and item {item!r} (row {position})"
        for user, item, position in zip(users, items, positions, strict=False)
    ]
    return ", ".join(listed) + (", ..." if len(positions) > _LISTED else "")
