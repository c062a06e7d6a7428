"""The caller's own parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tfcold.data.dataset import Dataset
from tfcold.data.tables import Interactions
from tfcold.splits.split import Split, by_regime


def given(
    dataset: Dataset,
    *,
    validation: Interactions | pd.DataFrame | None = None,
    test: Interactions | pd.DataFrame | None = None,
) -> Split:
    """A split whose training rows are the whole dataset, and whose other parts come as tables of their own.

    The split's dataset holds all rows: those to train on first, then validation, then test. Users and items that only
    the held-out parts name follow after the known ones, whose rows stay what they were. The regime of each row follows
    from the training rows.

    Args:
        dataset: the tables; every interaction is trained on.
        validation: interactions to choose settings by, or None (default).
        test: interactions to report on, or None (default).

    Raises:
        InputError: a table breaks the rules of `Interactions.from_frame`.
        LeakageError: a pair of user and item stands in two parts.
    """
    tables = [
        table if table is None or isinstance(table, Interactions) else Interactions.from_frame(table, argument=part)
        for part, table in (("validation", validation), ("test", test))
    ]
    whole = dataset.with_rows([table.frame for table in tables if table is not None])
    train = np.arange(len(dataset))
    start, held = len(dataset), []
    for table in tables:
        end = start + (0 if table is None else len(table))
        held.append(by_regime(whole, train, np.arange(start, end)))
        start = end
    return Split(whole, train, held[0], held[1], protocol="given")
