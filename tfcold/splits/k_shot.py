"""Items and users of which a few rows are known: the learning curve from cold to warm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tfcold.data.dataset import Dataset
from tfcold.errors import InputError
from tfcold.splits.draws import Rows, check_count, check_shares, drawn, marked, order_within, warm_rows
from tfcold.splits.regimes import WARM
from tfcold.splits.split import Split

SHOTS = (0, 1, 2, 4, 8, 16)


def k_shot_items(
    dataset: Dataset, *, shots: Sequence[int] = SHOTS, share: float = 0.3, validation: float = 0.0, seed: int = 0
) -> Split:
    """A split in which some items keep k rows to train on, for several k; the rest of their rows is the test.

    Items are drawn from those with more than `max(shots)` rows and a row in the items table, and dealt into one group
    for each k, so the groups are alike but for k. The rows kept are the earliest, or drawn where there are no
    timestamps. The test rows of a group are of regime `items_k`; those of users without a training row are in no part.

    Args:
        dataset: the tables.
        shots: distinct whole numbers, default 0, 1, 2, 4, 8, 16. The k.
        share: float in (0, 1), default 0.3. Share of these items that is dealt.
        validation: float in [0, 1), default 0. Share of the rows of all other items, held out as `warm`.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: arguments out of range, or too few items with enough rows.
    """
    shots = _checked_shots(shots)
    check_shares(share=share)
    check_shares(validation=validation)
    rng = np.random.default_rng(seed)
    counts = np.bincount(dataset.item_rows, minlength=dataset.num_items + 1)
    pool = np.flatnonzero((counts > shots[-1]) & dataset.described_items)
    known = _dealt(rng, pool, shots, share, dataset.num_items, "items")[dataset.item_rows]
    others, rows = np.flatnonzero(known < 0), np.flatnonzero(known >= 0)
    rest, (validated,) = warm_rows(dataset, rng, others, (validation,))
    kept = order_within(dataset, rng, rows, dataset.item_rows) < known[rows]
    train = np.concatenate([rest, rows[kept]])
    tested = rows[~kept]
    tested = tested[marked(dataset.user_rows[train], dataset.num_users)[dataset.user_rows[tested]]]
    return Split(
        dataset,
        train,
        {WARM: validated},
        {f"items_{shot}": tested[known[tested] == shot] for shot in shots},
        protocol="k_shot_items",
        seed=seed,
        parameters={"shots": list(shots), "share": share, "validation": validation},
    )


def k_shot_users(
    dataset: Dataset, *, shots: Sequence[int] = SHOTS, share: float = 0.3, validation: float = 0.0, seed: int = 0
) -> Split:
    """A split in which some users show k rows at prediction, for several k; the rest of their rows is the test.

    Users are drawn from those with more than `max(shots)` rows, and dealt into one group for each k. None of their rows
    is trained on: k are revealed, the earliest, or drawn where there are no timestamps. The test rows of a group are of
    regime `users_k`. Rows of items that training does not see are in no part, nor is a user who has too few others.

    Args:
        dataset: the tables.
        shots: distinct whole numbers, default 0, 1, 2, 4, 8, 16. The k.
        share: float in (0, 1), default 0.3. Share of these users that is dealt.
        validation: float in [0, 1), default 0. Share of the rows of all other users, held out as `warm`.
        seed: int, default 0. The same seed and data give the same split.

    Raises:
        InputError: arguments out of range, or too few users with enough rows.
    """
    shots = _checked_shots(shots)
    check_shares(share=share)
    check_shares(validation=validation)
    rng = np.random.default_rng(seed)
    counts = np.bincount(dataset.user_rows, minlength=dataset.num_users + 1)
    pool = np.flatnonzero(counts > shots[-1])
    known = _dealt(rng, pool, shots, share, dataset.num_users, "users")[dataset.user_rows]
    train, (validated,) = warm_rows(dataset, rng, np.flatnonzero(known < 0), (validation,))
    rows = np.flatnonzero((known >= 0) & marked(dataset.item_rows[train], dataset.num_items)[dataset.item_rows])
    shown = order_within(dataset, rng, rows, dataset.user_rows) < known[rows]
    tested = rows[~shown]
    is_tested = marked(dataset.user_rows[tested], dataset.num_users)
    return Split(
        dataset,
        train,
        {WARM: validated},
        {f"users_{shot}": tested[known[tested] == shot] for shot in shots},
        revealed=rows[shown & is_tested[dataset.user_rows[rows]]],
        protocol="k_shot_users",
        seed=seed,
        parameters={"shots": list(shots), "share": share, "validation": validation},
    )


def _checked_shots(shots: Sequence[int]) -> tuple[int, ...]:
    for shot in shots:
        check_count("shots", shot)
    if not len(shots) or len(set(shots)) < len(shots):
        raise InputError(f"`shots` must hold at least one number and none twice; received {list(shots)}")
    return tuple(sorted(int(shot) for shot in shots))


def _dealt(
    rng: np.random.Generator, pool: Rows, shots: Sequence[int], share: float, num: int, what: str
) -> npt.NDArray[np.int64]:
    """int64 [num + 1]: the k of each row that is dealt, -1 for all others."""
    (chosen,) = drawn(rng, pool, (share,), f"{what} with more than {shots[-1]} rows")
    if len(chosen) < len(shots):
        raise InputError(
            f"`share` must give at least one of the {what} with more than {shots[-1]} rows to each of {len(shots)} "
            f"shots; {share} of {len(pool)} is {len(chosen)}. Raise `share`, or lower the highest of `shots`"
        )
    known = np.full(num + 1, -1, np.int64)
    known[chosen] = np.resize(shots, len(chosen))
    return known
