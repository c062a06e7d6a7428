"""Names of the columns that tables and lists share; no string literal for them stands anywhere else."""

from collections.abc import Iterable
from typing import Final

USER_ID: Final = "user_id"
ITEM_ID: Final = "item_id"
RATING: Final = "rating"
TIMESTAMP: Final = "timestamp"
WEIGHT: Final = "weight"
WEIGHT_COLUMNS: Final = (WEIGHT, "plays", "count", "quantity", "views", "clicks")  # the first with numbers is `weight`

RANK: Final = "rank"
SCORE: Final = "score"

# endings of columns that say where others come from: by which model, with which prompt, when; they are no words
MADE_BY: Final = "_made_by"
MADE_WITH: Final = "_made_with"
MADE_AT: Final = "_made_at"

TITLE_COLUMNS: Final = ("title", "name")  # columns of what an item is called, in any case


def title_column(columns: Iterable[object]) -> str | None:
    """The first column of titles among these, or None."""
    return next((str(name) for name in columns if str(name).lower() in TITLE_COLUMNS), None)
