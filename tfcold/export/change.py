"""Items taken out of a bundle and users let into one, without training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.sparse as sp
import tensorflow as tf

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data.ids import IdMap, examples
from tfcold.errors import InputError
from tfcold.export.bundle import BundleContent, check_destination, now, package_versions, write_bundle
from tfcold.export.extend import _arrays, _expected, _kept
from tfcold.export.parts import Parts
from tfcold.export.tables import ServingTables, tables_of_bundle
from tfcold.manifest import EXTRA, ITEMS_FILE, Manifest, check_files, read_manifest, version_folder
from tfcold.progress import logger
from tfcold.serving.ids import strings
from tfcold.version import __version__

_BY_ROW: Final = "explain.npz"  # one row an item, and rows stay where they are


def remove_items(folder: str | Path, item_ids: Iterable[Any], out: str | Path | None = None) -> Path:
    """The version folder of a bundle in which these items are listed no more, in no signature. Nothing is trained.

    Their attributes go. What somebody did with one still says of that person what it said: histories may go on naming
    it. Its id cannot be given to another item.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        item_ids: ids that the bundle has.
        out: name folder of the bundle to write; None is the one that `folder` is in, which gets its next version.

    Raises:
        InputError: no ids, or one that the bundle does not have.
        BundleError: `folder` is no bundle, or `out` exists and is none.
    """
    version, target, manifest, tables, parts = _opened(folder, out)
    gone = np.unique(strings(item_ids).astype(str)).astype(object)
    rows = IdMap(tables.item_ids).rows(gone)
    if len(gone) == 0:
        raise InputError("`items` must have at least one row; received 0")
    strange = (rows == 0) | (tables.says & ~tables.is_known)[rows]
    if strange.any():
        raise InputError(
            f"`items` must be in the bundle; it does not have {strange.sum()} of {len(gone)} ids: "
            f"{examples(gone[strange])}. Leave them out"
        )
    path = version / EXTRA / ITEMS_FILE
    shown = pd.read_parquet(path) if path.is_file() else None
    if shown is not None:
        shown = shown[~shown[ITEM_ID].isin(set(gone))].reset_index(drop=True)
    return _written(version, target, manifest, tables.without_items(rows), parts, shown, {"removed": len(gone)})


def add_users(folder: str | Path, histories: pd.DataFrame, out: str | Path | None = None) -> Path:
    """The version folder of a bundle that knows these users by what they did so far. Nothing is trained.

    Each gets the lists that `recommend_from_history` gives for the same items.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        histories: frame `user_id, item_id`, all users new. Items that the bundle does not have are ignored.
        out: as in `remove_items`.

    Raises:
        InputError: no rows, a column is missing, or a user that the bundle has already.
        BundleError: as in `remove_items`.
    """
    if missing := [column for column in (USER_ID, ITEM_ID) if column not in histories.columns]:
        raise InputError(f"`history` must have columns {USER_ID}, {ITEM_ID}; {', '.join(missing)} is missing")
    if len(histories) == 0:
        raise InputError("`history` must have at least one row; received 0")
    version, target, manifest, tables, parts = _opened(folder, out)
    users = strings(histories[USER_ID])
    new = IdMap(pd.unique(pd.Series(users, dtype=object)))
    known = tables.user_ids[new.rows(tables.user_ids) > 0]
    if len(known):
        raise InputError(
            f"`history` must be of users new to the bundle; it knows {len(known)} of {len(new)} already: "
            f"{examples(known)}. Leave them out"
        )
    items = IdMap(tables.item_ids).rows(strings(histories[ITEM_ID]))
    if (items == 0).any():
        logger.warning("%d of %d rows name items that the bundle does not have", (items == 0).sum(), len(items))
    pairs = (np.ones(len(items), np.float32), (new.rows(users) - 1, items))
    done = sp.csr_matrix(pairs, shape=(len(new), len(tables.item_ids) + 1)).tocsr()
    done = sp.csr_matrix(done.multiply(sp.csr_matrix(np.arange(done.shape[1]) > 0)))
    done.eliminate_zeros()
    done.sort_indices()
    done.data[:] = 1
    counts = done @ tables.says.astype(np.float32)
    queries = parts.query(tf.constant(done @ tables.history), tf.constant(counts)).numpy()
    return _written(version, target, manifest, tables.with_users(new.ids, queries, done), parts, _shown(version),
                    {"users": len(new)})  # fmt: skip


def _opened(folder: str | Path, out: str | Path | None) -> tuple[Path, Path, Manifest, ServingTables, Parts]:
    version = version_folder(folder)
    target = version.parent if out is None else Path(out)
    check_destination(target)
    manifest = read_manifest(version)
    check_files(version, manifest)
    tables = tables_of_bundle(tf.saved_model.load(str(version)))
    return version, target, manifest, tables, Parts.from_config(manifest.parts, _arrays(version))


def _shown(version: Path) -> pd.DataFrame | None:
    path = version / EXTRA / ITEMS_FILE
    return pd.read_parquet(path) if path.is_file() else None


def _written(
    version: Path,
    target: Path,
    manifest: Manifest,
    tables: ServingTables,
    parts: Parts,
    shown: pd.DataFrame | None,
    change: dict[str, int],
) -> Path:
    written = now()
    manifest = replace(
        manifest,
        name=manifest.name if target.resolve() == version.parent.resolve() else target.resolve().name,
        created=written,
        tfcold=__version__,
        sizes=tables.sizes,
        versions=package_versions(),
        added=[*manifest.added, {**change, "created": written, "tfcold": __version__}],
    )
    extra = dict(_kept(version))
    if (version / EXTRA / _BY_ROW).is_file():
        extra[_BY_ROW] = version / EXTRA / _BY_ROW
    content = BundleContent(tables, parts, manifest, shown, extra)
    return write_bundle(target, content, lambda rows: _expected(tables, rows))
