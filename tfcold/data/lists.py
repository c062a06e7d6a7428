"""From scores to lists of ids: the one `recommend` that every recommender in memory shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.columns import ITEM_ID, RANK, SCORE, USER_ID
from tfcold.data.ids import IdMap, Ids, as_ids, string_column
from tfcold.errors import InputError, check_k
from tfcold.ranking import Queries, Rows, Scorer, recommend_rows

Mask = npt.NDArray[np.bool_]


class Recommends(Scorer, Protocol):
    """A scorer that knows the ids of its rows and what each user did."""

    user_ids: IdMap
    item_ids: IdMap
    histories: sp.csr_matrix
    warm_users: Mask

    can_score: Mask


def recommend_frame(
    scorer: Recommends,
    user_ids: Iterable[Any],
    k: int = 20,
    candidates: Iterable[Any] | None = None,
    exclude: pd.DataFrame | None = None,
    *,
    history: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Frame `user_id, item_id, rank, score`: the best `k` items of each user, rank 1 first.

    What a user did in training is left out. A user never seen is asked about with an empty history.

    Args:
        scorer: what ranks.
        user_ids: ids, in the order of the lists.
        k: int, at least 1. Lists are shorter where fewer candidates can be scored.
        candidates: item ids to choose from; default every item that can be scored.
        exclude: frame `user_id, item_id` of pairs to leave out besides. Ids it alone knows are ignored.
        history: frame `user_id, item_id` of what users did besides the training rows; left out of their lists too.

    Raises:
        InputError: `k` below 1 or not whole, a candidate that is not in the items, or a frame without its columns.
    """
    check_k(k)
    asked, _ = as_ids([user_ids] if isinstance(user_ids, str) else user_ids)
    user_rows = np.asarray(scorer.user_ids.rows(asked), np.int32)
    histories = scorer.histories[user_rows]
    if history is not None:
        histories = sp.csr_matrix(histories + _pairs(scorer, asked, history, "history"))
        histories.data[:] = 1
    hidden = histories if exclude is None else histories + _pairs(scorer, asked, exclude, "exclude")
    warm_rows = np.where(scorer.warm_users[user_rows], user_rows, 0).astype(np.int32)
    queries = Queries(warm_rows, histories, user_rows)
    rows, scores = recommend_rows(scorer, queries, candidate_rows(scorer, candidates), k, hidden.tocsr())
    listed, places = np.nonzero(rows)
    return pd.DataFrame(
        {
            USER_ID: string_column(asked[listed]),
            ITEM_ID: string_column(scorer.item_ids.ids_of(rows[listed, places])),
            RANK: places.astype(np.int64) + 1,
            SCORE: scores[listed, places],
        }
    )


def candidate_rows(scorer: Recommends, candidates: Iterable[Any] | None) -> Rows:
    """Distinct item rows of the candidates, or of everything that can be scored.

    Raises:
        InputError: a candidate that no item has.
    """
    if candidates is None:
        return np.flatnonzero(scorer.can_score).astype(np.int32)
    asked, _ = as_ids(candidates)
    rows = np.asarray(scorer.item_ids.rows(asked), np.int32)
    unknown = asked[rows == 0]
    if len(unknown):
        raise InputError(
            f"`candidates` holds {len(unknown)} of {len(asked)} ids that no item has: "
            f"{', '.join(map(repr, unknown[:3]))}. Leave them out, or add them to the items table"
        )
    return np.asarray(list(dict.fromkeys(rows.tolist())), np.int32)


def _pairs(scorer: Recommends, asked: Ids, frame: pd.DataFrame, argument: str) -> sp.csr_matrix:
    """CSR [B, I + 1], not zero where a user asked for has a pair in `frame`."""
    if not {USER_ID, ITEM_ID} <= set(frame.columns):
        raise InputError(f"`{argument}` must have columns {USER_ID}, {ITEM_ID}; received {list(frame.columns)}")
    people = pd.Index(pd.unique(asked), dtype=object)
    person = people.get_indexer(pd.Index(as_ids(frame[USER_ID])[0], dtype=object))
    items = scorer.item_ids.rows(frame[ITEM_ID])
    kept = (person >= 0) & (items > 0)
    cells = (np.ones(np.count_nonzero(kept), np.float32), (person[kept], items[kept]))
    pairs = sp.csr_matrix(cells, shape=(len(people), len(scorer.can_score)))
    return pairs[people.get_indexer(pd.Index(asked, dtype=object))]
