"""New items in a bundle, and items of it described anew, without training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID
from tfcold.errors import InputError
from tfcold.export.item_file import as_shown
from tfcold.export.item_split import split_of_items
from tfcold.export.next_version import Standing
from tfcold.export.placing import placed
from tfcold.serving.attributes import fitted_columns
from tfcold.serving.changes import check_new_items, check_not_removed, leaving_items
from tfcold.serving.ids import Ids
from tfcold.text.vectors import TextVectors


def add_items(
    folder: str | Path,
    items: pd.DataFrame,
    vectors: Mapping[str, TextVectors] | None,
    out: str | Path | None = None,
    *,
    replace: bool = False,
) -> Path:
    """The version folder of a bundle that also recommends these items. Nothing is trained.

    A new item gets the place that its vectors give it, just as if it had been there, untouched, when the model was
    trained. The old version stays as it is.

    With `replace`, ids that the bundle has are described anew. What lists show of the item becomes what the frame says;
    columns that the frame lacks stay. A cold item moves to the place of its new vectors, also where it has none left. A
    warm item keeps what training learned of it. Users keep what was known of them.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        items: frame with `item_id` and what lists may show of them; without `replace` all of them new.
        vectors: by block; `encode_new_items` makes them. A block may be left out, an item may lack some of them; one
            that has none is kept, but cannot be listed. None, with `replace`, leaves every item in its place and takes
            from the frame only what lists show, such as prices; all items must be in the bundle then.
        out: name folder of the bundle to write; None is the one that `folder` is in. Where it is a bundle, its next
            version is written.
        replace: bool, default False. Take ids that the bundle has, too.

    Raises:
        InputError: an id that the bundle knows (or, with `replace`, that was removed), that stands twice or is empty;
            a block it does not know, or of another width; no vector at all; a cell that does not fit its column.
        EncoderMismatchError: vectors of another encoder.
        BundleError: `folder` is no bundle, or `out` exists and is none.
    """
    before = Standing.of(folder, out)
    if vectors is None:
        if not replace:
            raise InputError("`vectors` must hold what places new items; received None. `encode_new_items` makes them")
        return _shown_anew(before, items)
    tables, kept = before.tables, before.kept
    cells = None if kept is None else kept.drop(columns=ITEM_ID)

    def check(ids: Ids) -> None:
        if replace:
            check_not_removed(before.items, tables.says & ~tables.is_known, ids)
        else:
            check_new_items(before.items, ids)

    new, blocks = placed(items, vectors, cells, before.manifest, before.parts.items, check)
    rows = before.items.rows(new.ids)
    comes, moves = rows == 0, (rows > 0) & tables.is_cold[rows]
    grown = tables.with_places(rows[moves], new.candidates[moves], new.history[moves], new.is_known[moves])
    grown = grown.with_items(new.ids[comes], new.candidates[comes], new.history[comes], new.is_known[comes])
    split = before.split
    if split is not None:
        more = split_of_items(before.parts, blocks, None, np.ones(len(new) + 1, np.bool_))
        split = None if more is None else split.replaced(rows[moves], more.of(moves)).joined(more.of(comes))
    shown = None if kept is None else _shown(kept, new.ids, new.frame, set(map(str, items.columns)))
    counted = {"items": int(comes.sum()), "replaced": int((~comes).sum())}
    return before.written(grown, shown, split, {kind: count for kind, count in counted.items() if count})


def _shown_anew(before: Standing, items: pd.DataFrame) -> Path:
    """The next version, in which only what lists show of these items differs."""
    shown = as_shown(items)
    ids = shown[ITEM_ID].to_numpy(object)
    leaving_items(before.items, before.tables.says & ~before.tables.is_known, ids)  # they must be there
    if before.kept is None:
        raise InputError("`items` cannot be shown: the bundle was exported without an items table. Export it with one")
    cells = pd.DataFrame(fitted_columns(shown, before.kept.drop(columns=ITEM_ID)), index=range(len(ids)))
    kept = _shown(before.kept, ids, cells, set(shown.columns))
    return before.written(before.tables, kept, before.split, {"replaced": len(ids)})


def _shown(kept: pd.DataFrame, ids: Ids, cells: pd.DataFrame, given: set[str]) -> pd.DataFrame:
    """What is kept, with the cells of the items given: in the place of those that were there, else at the end."""
    both = pd.concat([kept, cells.assign(**{ITEM_ID: ids})[kept.columns]], ignore_index=True)
    place = pd.Index(kept[ITEM_ID], dtype=object).get_indexer(pd.Index(ids, dtype=object))
    late = len(kept) + np.arange(len(ids))
    as_it_was = np.concatenate([np.arange(len(kept)), late[place < 0]])
    anew = as_it_was.copy()
    anew[place[place >= 0]] = late[place >= 0]
    rows = {name: anew if name in given else as_it_was for name in kept.columns}
    return pd.DataFrame({name: both[name].iloc[at].reset_index(drop=True) for name, at in rows.items()})
