"""Quotes in csv files that tfcold writes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd


def quoting_of(frame: pd.DataFrame) -> Literal[0, 2]:
    """The `quoting` of `DataFrame.to_csv`: all texts in quotes where a carriage return is in one, else what must be.

    Readers end a row at a carriage return, and `csv`, told that rows end in a line feed, leaves it without quotes.
    """
    texts = frame.select_dtypes(exclude="number")
    odd = any("\r" in str(cell) for name in texts.columns for cell in (name, *texts[name]))
    return csv.QUOTE_NONNUMERIC if odd else csv.QUOTE_MINIMAL
