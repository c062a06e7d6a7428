"""What a caller asks with, checked: ids, histories, vectors and tables become rows and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.errors import InputError
from tfcold.serving.ids import IdIndex, Ids, check_utf8, strings
from tfcold.serving.ragged import Lists, Rows

Floats = npt.NDArray[np.float32]


def checked_texts(texts: Iterable[str]) -> list[str]:
    """B sentences; one string is one sentence."""
    given: list[str] = [texts] if isinstance(texts, str) or not isinstance(texts, Iterable) else list(texts)
    if odd := [text for text in given if not isinstance(text, str)]:
        raise InputError(
            f"`texts` must be strings; {len(odd)} of {len(given)} are not, the first is {odd[0]!r:.40}. "
            "Pass an empty string for one that says nothing"
        )
    check_utf8(np.array(given, object), "texts")
    return given


def need_columns(frame: pd.DataFrame, argument: str) -> None:
    """Raises `InputError` for no frame, or one without `user_id` or `item_id`."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"`{argument}` must be a frame with columns {USER_ID}, {ITEM_ID}; received {type(frame).__name__}"
        )
    if missing := [column for column in (USER_ID, ITEM_ID) if column not in frame.columns]:
        raise InputError(
            f"`{argument}` must have columns {USER_ID}, {ITEM_ID}; {', '.join(missing)} is missing, "
            f"received {[str(name) for name in frame.columns]}"
        )


def checked_vectors(vectors: npt.ArrayLike, block: str | None, width: int) -> Floats:
    """float32 [B, `width`], finite: vectors of the first block of a bundle, None where its items have none."""
    if block is None:
        raise InputError("`vectors` cannot be used: the items of this bundle have no vectors")
    try:
        table = np.asarray(vectors, np.float32)
    except (TypeError, ValueError):
        raise InputError(f"`vectors` must be numbers of shape [B, {width}]; received {vectors!r:.40}") from None
    if table.ndim != 2 or table.shape[1] != width:
        raise InputError(
            f"`vectors` must have shape [B, {width}], as block {block!r} has; received {list(table.shape)}"
        )
    if not np.isfinite(table).all():
        rows = np.flatnonzero(~np.isfinite(table).all(axis=1))
        raise InputError(f"`vectors` must be finite; {len(rows)} rows are not, the first is row {rows[0]}")
    return table


def checked_blocks(vectors: Mapping[str, npt.ArrayLike], text: Mapping[str, Any]) -> dict[str, Floats]:
    """float32 [B, T] by block, finite: vectors of some blocks of a bundle, of whose blocks `text` says the widths."""
    if odd := [block for block in vectors if block not in text]:
        raise InputError(f"`vectors` must name blocks of the bundle, {list(text)}; received {odd}")
    found = {block: checked_vectors(table, block, int(text[block]["width"])) for block, table in vectors.items()}
    if len({len(table) for table in found.values()}) != 1:
        raise InputError(
            f"`vectors` must hold at least one block, all of as many rows; received "
            f"{ {block: len(table) for block, table in found.items()} }"
        )
    return found


def names_of(table: Floats, ids: Iterable[Any] | None, argument: str) -> Ids:
    """A name for each row of `vectors`, by default its number."""
    asked = strings(range(len(table)) if ids is None else ids)
    if len(asked) != len(table):
        raise InputError(f"`{argument}` must name each of {len(table)} rows of `vectors`; received {len(asked)}")
    return asked


def candidate_rows(items: IdIndex, candidates: Iterable[Any]) -> Rows:
    """Distinct item rows of ids that all must be there."""
    asked = strings(candidates)
    rows = items.rows(asked)
    unknown = asked[rows == 0]
    if len(unknown):
        raise InputError(
            f"`candidates` holds {len(unknown)} of {len(asked)} ids that no item has: "
            f"{', '.join(map(repr, unknown[:3]))}. Leave them out, or add the items with `tfcold add-items`"
        )
    return np.unique(rows)


def excluded_lists(items: IdIndex, asked: Ids, exclude: pd.DataFrame | None) -> Lists:
    """Item rows to leave out of the list of each who asks."""
    if exclude is None:
        return Lists.empty(len(asked))
    need_columns(exclude, "exclude")
    pairs = pd.DataFrame({"user": strings(exclude[USER_ID]), "item": items.rows(strings(exclude[ITEM_ID]))}).merge(
        pd.DataFrame({"user": asked, "query": np.arange(len(asked))}), on="user"
    )
    return Lists.of_pairs(pairs["query"].to_numpy(np.int64), pairs["item"].to_numpy(np.int32), len(asked))


def history_lists(items: IdIndex, histories: Mapping[Any, Iterable[Any]] | pd.DataFrame) -> tuple[Ids, Lists]:
    """Who asks, in the order of their first row, and the item rows of what each did."""
    if not isinstance(histories, Mapping):
        need_columns(histories, "histories")
        queries, users = pd.factorize(strings(histories[USER_ID]))
        asked, done = np.asarray(users, object), strings(histories[ITEM_ID])
    else:
        asked = strings(histories)
        lists = [strings(one) for one in histories.values()]
        queries = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
        done = np.concatenate([np.empty(0, object), *lists])
    return asked, Lists.of_pairs(queries, items.rows(done), len(asked))


def in_parts(lists: Lists, most: int) -> Iterable[Lists]:
    """The lists in runs of at most `most` entries where a list is no longer than that; at least one run."""
    start = 0
    while start < len(lists) or start == 0:
        reach = np.searchsorted(lists.splits, lists.splits[start] + most, side="right") - 1
        stop = min(len(lists), max(start + 1, int(reach)))
        yield lists[start:stop]
        start = max(stop, 1)
