"""Names of the columns that tables and lists share; no string literal for them stands anywhere else."""

from typing import Final

USER_ID: Final = "user_id"
ITEM_ID: Final = "item_id"
RATING: Final = "rating"
TIMESTAMP: Final = "timestamp"

RANK: Final = "rank"
SCORE: Final = "score"
