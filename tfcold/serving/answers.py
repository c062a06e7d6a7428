"""Lists as frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import RANK, SCORE
from tfcold.serving.ids import Ids
from tfcold.serving.ragged import Rows

Floats = npt.NDArray[np.float32]


def ranked_frame(asked: Mapping[str, Ids], rows: Rows, scores: Floats, column: str, names: Ids) -> pd.DataFrame:
    """What was asked, then `column`, `rank` and `score`: a row for each place of the lists that is filled.

    Args:
        asked: columns of B values, one a list.
        rows: int32 [B, k]. Row 0 fills no place.
        scores: float32 [B, k].
        column: what `rows` are called.
        names: object [N + 1]. The id of every row.
    """
    listed, places = np.nonzero(rows)
    return pd.DataFrame(
        {
            **{name: ids[listed] for name, ids in asked.items()},
            column: names[rows[listed, places]],
            RANK: places.astype(np.int64) + 1,
            SCORE: scores[listed, places],
        }
    )
