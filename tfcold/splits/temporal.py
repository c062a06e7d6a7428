"""The past to train on, the future held out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfcold.data.dataset import Dataset
from tfcold.errors import InputError
from tfcold.splits.draws import check_shares
from tfcold.splits.split import Split, by_regime

Ints = npt.NDArray[np.int64]


def temporal(dataset: Dataset, *, test: float = 0.1, validation: float = 0.1) -> Split:
    """A split at two moments, the same for everybody: training, then validation, then test.

    Rows of one moment always fall on the same side, the later one, so a part may be smaller or larger than its share;
    of all cuts between moments the one nearest to the share is taken. An item (or user) whose first training row would
    come after the cut is cold. Nothing is drawn.

    Args:
        dataset: the tables; their interactions need timestamps.
        test: float in [0, 1), default 0.1. Share of all rows: the latest.
        validation: float in [0, 1), default 0.1. Share of all rows: those just before.

    Returns: Split whose parameters also name the first moment of each held-out part.

    Raises:
        InputError: no timestamps, shares out of range, or too few distinct moments to cut between.
    """
    check_shares(test=test, validation=validation)
    timestamps = dataset.timestamps
    if timestamps is None or not np.isfinite(timestamps).all():
        raise InputError("`dataset` must have a timestamp in every interaction for a split in time. Split by `warm`")
    moments, counts = np.unique(timestamps, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])  # rows earlier than moments[j]; the last entry is all rows
    parts = int(test > 0) + int(validation > 0)
    if len(moments) <= parts:
        raise InputError(
            f"`dataset` must have more than {parts} distinct timestamps to cut it {parts} times; it has {len(moments)}"
        )
    # a cut at j: everything from moments[j] on is later; each part keeps at least one moment
    test_cut = _nearest(before, len(dataset) * (1 - test), parts, len(moments) - 1) if test else len(moments)
    validation_cut = test_cut
    if validation:
        validation_cut = _nearest(before, len(dataset) * (1 - test - validation), 1, test_cut - 1)
    starts = [moments[cut] if cut < len(moments) else np.inf for cut in (validation_cut, test_cut)]
    train = np.flatnonzero(timestamps < starts[0])
    held = {
        "validation": np.flatnonzero((timestamps >= starts[0]) & (timestamps < starts[1])),
        "test": np.flatnonzero(timestamps >= starts[1]),
    }
    cuts = {"validation_from": validation and float(starts[0]), "test_from": test and float(starts[1])}
    return Split(
        dataset,
        train,
        by_regime(dataset, train, held["validation"]),
        by_regime(dataset, train, held["test"]),
        protocol="temporal",
        parameters={"test": test, "validation": validation, **{name: cut for name, cut in cuts.items() if cut}},
    )


def _nearest(before: Ints, wanted: float, low: int, high: int) -> int:
    """The cut in low..high with the number of earlier rows nearest to `wanted`; of two, the earlier."""
    return low + int(np.argmin(np.abs(before[low : high + 1] - wanted)))
