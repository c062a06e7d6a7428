"""Who may be seen in training.

Each function holds out what it is named after and returns a `Split`, which proves on construction that nothing leaks:
`warm` rows, `cold_item`, `cold_user`, `cold_both`, `temporal` (the future), `given` (the caller's own parts), and
`k_shot_items` and `k_shot_users` for the curve from cold to warm.
"""

from tfcold.splits.cold_both import cold_both
from tfcold.splits.cold_item import cold_item
from tfcold.splits.cold_user import cold_user
from tfcold.splits.given import given
from tfcold.splits.k_shot import k_shot_items, k_shot_users
from tfcold.splits.regimes import REGIMES, regime_of
from tfcold.splits.split import Split
from tfcold.splits.temporal import temporal
from tfcold.splits.warm import warm

__all__ = [
    "REGIMES",
    "Split",
    "cold_both",
    "cold_item",
    "cold_user",
    "given",
    "k_shot_items",
    "k_shot_users",
    "regime_of",
    "temporal",
    "warm",
]
