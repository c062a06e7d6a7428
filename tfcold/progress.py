"""Progress bars and log lines, one look everywhere."""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger("tfcold")


def bar(total: int | None = None, *, title: str, unit: str = "it", **options: Any) -> Any:
    """A tqdm bar on standard error; silent when `TFCOLD_PROGRESS=0` or when standard error is not a terminal.

    Args:
        total: int or None. Steps to the end, where known.
        title: str. What is being done.
        unit: str. What one step is.
        options: passed to `tqdm.auto.tqdm`.
    """
    import os

    from tqdm.auto import tqdm

    disable = True if os.environ.get("TFCOLD_PROGRESS") == "0" else None  # None: tqdm looks for a terminal
    return tqdm(total=total, desc=title, unit=unit, disable=disable, dynamic_ncols=True, leave=False, **options)
