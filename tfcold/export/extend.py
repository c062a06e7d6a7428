"""New items in a bundle, and items of it described anew, without training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.errors import InputError
from tfcold.export.item_split import split_of_items
from tfcold.export.next_version import Standing
from tfcold.export.placing import placed, shown_cells
from tfcold.serving.attributes import with_cells
from tfcold.serving.changes import SHOWN, Replace, check_items, checked_replace, checked_shown, warn_of_columns
from tfcold.serving.ids import Ids
from tfcold.text.vectors import TextVectors


def add_items(
    folder: str | Path,
    items: pd.DataFrame,
    vectors: Mapping[str, TextVectors] | None,
    out: str | Path | None = None,
    *,
    replace: Replace = False,
) -> Path:
    """The version folder of a bundle that also recommends these items. Nothing is trained.

    A new item gets the place that its vectors give it, just as if it had been there, untouched, when the model was
    trained. The old version stays as it is.

    With `replace`, ids that the bundle has are described anew. What lists show of the item becomes what the frame says;
    columns that the frame lacks stay. A cold item moves to the place of its new vectors, also where it has none left. A
    warm item keeps what training learned of it. Users keep what was known of them. With `replace="shown"` no item
    moves: only what lists show changes, such as prices.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        items: frame with `item_id` and what lists may show of them; without `replace` all of them new.
        vectors: by block; `encode_new_items` makes them. A block may be left out, an item may lack some of them; one
            that has none is kept, but cannot be listed. None with `replace="shown"`, which reads none.
        out: name folder of the bundle to write; None is the one that `folder` is in. Where it is a bundle, its next
            version is written.
        replace: bool or `"shown"`, default False. True takes ids that the bundle has, too; with `"shown"` all ids must
            be in the bundle.

    Raises:
        InputError: an id that the bundle knows (or, with `replace`, that was removed; with `"shown"`, that it does not
            have), that stands twice or is empty; a block it does not know, or of another width; no vector at all; a
            cell that does not fit its column; another `replace`; with `"shown"`, no column that the bundle keeps.
        EncoderMismatchError: vectors of another encoder.
        BundleError: `folder` is no bundle, or `out` exists and is none.
    """
    before = Standing.of(folder, out)
    if checked_replace(replace, vectors) == SHOWN:
        return _shown_anew(before, items)
    if vectors is None:
        raise InputError("`vectors` must hold what places new items; received None. `encode_new_items` makes them")
    tables, kept = before.tables, before.kept
    cells = None if kept is None else kept.drop(columns=ITEM_ID)

    def check(ids: Ids) -> None:
        check_items(before.items, tables.says & ~tables.is_known, ids, replace=replace)

    new, blocks = placed(items, vectors, cells, before.manifest, before.parts.items, check)
    given = set(map(str, items.columns))
    warn_of_columns(given, kept)
    rows = before.items.rows(new.ids)
    comes, moves = rows == 0, (rows > 0) & tables.is_cold[rows]
    grown = tables.with_places(rows[moves], new.candidates[moves], new.history[moves], new.is_known[moves])
    grown = grown.with_items(new.ids[comes], new.candidates[comes], new.history[comes], new.is_known[comes])
    split = before.split
    if split is not None:
        more = split_of_items(before.parts, blocks, None, np.ones(len(new) + 1, np.bool_))
        split = None if more is None else split.replaced(rows[moves], more.of(moves)).joined(more.of(comes))
    shown = None if kept is None else _shown(kept, new.ids, new.frame, given)
    counted = {"items": int(comes.sum()), "replaced": int((~comes).sum())}
    return before.written(grown, shown, split, {kind: count for kind, count in counted.items() if count})


def _shown_anew(before: Standing, items: pd.DataFrame) -> Path:
    """The next version, in which only what lists show of these items differs."""
    tables, kept = before.tables, before.kept
    ids, cells = shown_cells(items, None if kept is None else kept.drop(columns=ITEM_ID))
    given = set(map(str, items.columns))
    kept = checked_shown(before.items, tables.says & ~tables.is_known, ids, kept, given)
    kept = _shown(kept, ids, cells, given)
    return before.written(before.tables, kept, before.split, {"replaced": len(ids)})


def _shown(kept: pd.DataFrame, ids: Ids, cells: pd.DataFrame, given: set[str]) -> pd.DataFrame:
    """What is kept, with the cells of the items given: in the place of those that were there, else at the end."""
    place = pd.Index(kept[ITEM_ID], dtype=object).get_indexer(pd.Index(ids, dtype=object))
    there = place >= 0
    described = with_cells(kept, place[there], cells[there], given - {ITEM_ID})
    late = cells[~there].assign(**{ITEM_ID: ids[~there]})[kept.columns]
    return pd.concat([described, late], ignore_index=True) if len(late) else described
