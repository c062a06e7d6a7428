"""How metrics and regimes are called where people read them."""

from __future__ import annotations

from typing import Final

import pandas as pd

from tfcold.errors import InputError

_METRICS: Final = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "hit": "Hit rate",
    "mrr": "MRR",
    "coverage": "Item coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "cold_share": "Cold share of the lists",
    "cold_target_share": "Cold share of the targets",
}
_REGIMES: Final = {
    "warm": "Warm items",
    "cold_item": "Cold items",
    "all": "Warm and cold, one list",
    "cold_user": "Cold users",
    "cold_both": "Cold users, cold items",
}


def metric_label(metric: str, k: int) -> str:
    """`NDCG@20` for `("ndcg", 20)`."""
    return f"{_METRICS.get(metric, metric)}@{k}"


def regime_label(regime: str) -> str:
    """`Cold items` for `"cold_item"`; `Items, 4 known` for `"items_4"`."""
    side, _, known = regime.partition("_")
    if side in ("items", "users") and known.isdigit():
        return f"{side.capitalize()}, {known} known"
    return _REGIMES.get(regime, regime)


def chosen(table: pd.DataFrame, metric: str, k: int | None) -> tuple[pd.DataFrame, int]:
    """The rows of one metric at one cut-off, and the cut-off; None is the largest there is.

    Raises:
        InputError: the table has no such metric or cut-off.
    """
    rows = table[table["metric"] == metric]
    if rows.empty:
        known = ", ".join(dict.fromkeys(table["metric"]))
        raise InputError(f"`metric` must be one of {known}; received {metric!r}")
    cut = int(rows["k"].max()) if k is None else k
    rows = rows[rows["k"] == cut]
    if rows.empty:
        known = ", ".join(str(value) for value in sorted(set(table["k"])))
        raise InputError(f"`k` must be one of {known}; received {k}. Evaluate again with `k={k}` among the cut-offs")
    return rows, cut
