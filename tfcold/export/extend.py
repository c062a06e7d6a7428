"""New items in a bundle, without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.blocks import VectorBlock
from tfcold.columns import ITEM_ID
from tfcold.data.ids import IdMap, examples
from tfcold.errors import BundleError, EncoderMismatchError, InputError
from tfcold.export.bundle import (
    PARTS_FILE,
    BundleContent,
    check_destination,
    now,
    package_versions,
    write_bundle,
)
from tfcold.export.encoders import WITHOUT_WORDS
from tfcold.export.item_file import as_shown
from tfcold.export.item_split import split_of_items
from tfcold.export.parts import Parts
from tfcold.export.tables import ServingTables, tables_of_bundle
from tfcold.export.verification import Floats, Rows
from tfcold.manifest import (
    EXTRA,
    ITEMS_FILE,
    MANIFEST_FILE,
    SPLIT_FILE,
    Manifest,
    check_files,
    read_manifest,
    version_folder,
)
from tfcold.progress import logger
from tfcold.serving.item_split import read_split
from tfcold.text.vectors import ENCODER, TextVectors, require_same_encoder
from tfcold.version import __version__


def add_items(
    folder: str | Path, items: pd.DataFrame, vectors: Mapping[str, TextVectors], out: str | Path | None = None
) -> Path:
    """The version folder of a bundle that also recommends these items. Nothing is trained.

    A new item gets the place that its vectors give it, just as if it had been there, untouched, when the model was
    trained. The old version stays as it is.

    Args:
        folder: the bundle, its name folder (newest version) or a version folder.
        items: frame with `item_id`, all of them new, and what lists may show of them.
        vectors: by block; `encode_new_items` makes them. A block may be left out, an item may lack some of them; one
            that has none is kept, but cannot be listed.
        out: name folder of the bundle to write; None is the one that `folder` is in. Where it is a bundle, its next
            version is written.

    Raises:
        InputError: an id that the bundle knows, that stands twice or is empty; a block it does not know, or of another
            width; no vector at all.
        EncoderMismatchError: vectors of another encoder.
        BundleError: `folder` is no bundle, or `out` exists and is none.
    """
    version = version_folder(folder)
    target = version.parent if out is None else Path(out)
    check_destination(target)
    manifest = read_manifest(version)
    shown = as_shown(items)
    new = IdMap(shown[ITEM_ID].to_numpy(object))
    blocks = _blocks(new, vectors, manifest)
    check_files(version, manifest)
    tables = tables_of_bundle(tf.saved_model.load(str(version)))
    _check_new(new, tables)
    parts = Parts.from_config(manifest.parts, _arrays(version))
    grown = _grown(tables, parts, new, blocks)
    written = now()
    record = {"items": len(new), "created": written, "tfcold": __version__}
    manifest = replace(
        manifest,
        name=manifest.name if target.resolve() == version.parent.resolve() else target.resolve().name,
        created=written,
        tfcold=__version__,
        sizes=grown.sizes,
        versions=package_versions(),
        added=[*manifest.added, record],
    )
    split = read_split(version / EXTRA)
    if split is not None:
        more = split_of_items(parts, blocks, None, np.ones(len(new) + 1, np.bool_))
        split = None if more is None else split.joined(more)
    content = BundleContent(grown, parts, manifest, _all_shown(version, shown), _kept(version), split=split)
    return write_bundle(target, content, lambda rows: _expected(grown, rows))


def _check_new(new: IdMap, tables: ServingTables) -> None:
    known = tables.item_ids[new.rows(tables.item_ids) > 0]  # removed ones as well: they never appear again
    if len(known):
        raise InputError(
            f"`items` must be new to the bundle; it knows {len(known)} of {len(new)} ids already: {examples(known)}. "
            "Leave them out"
        )


def _blocks(new: IdMap, vectors: Mapping[str, TextVectors], manifest: Manifest) -> dict[str, VectorBlock]:
    if len(new) == 0:
        raise InputError("`items` must have at least one row; received 0")
    if not manifest.text:
        raise BundleError(WITHOUT_WORDS)
    widths = {block: int(said["width"]) for block, said in manifest.text.items()}
    if odd := [block for block in vectors if block not in widths]:
        raise InputError(f"`vectors` must name blocks of the bundle, {list(widths)}; received {odd}")
    blocks = {}
    for block, width in widths.items():
        given = vectors.get(block)
        if given is None:
            nothing = np.zeros(len(new) + 1, np.bool_)
            blocks[block] = VectorBlock(block, np.zeros((len(new) + 1, width), np.float32), nothing)
            continue
        if given.dim != width:
            raise EncoderMismatchError(
                f"`vectors[{block!r}]` must be {width} wide as the bundle's are; received {given.dim}. "
                "Encode the new items with the encoder that the bundle names"
            )
        require_same_encoder(manifest.text[block], given.provenance, argument=f"vectors[{block!r}]")
        if ENCODER in manifest.text[block] and ENCODER not in given.provenance:
            logger.warning(
                "the vectors of block %s do not say which encoder wrote them; the bundle's are of %r",
                block, manifest.text[block][ENCODER],
            )  # fmt: skip
        blocks[block] = given.block(block, new)
    if not any(block.mask.any() for block in blocks.values()):
        raise InputError(f"`vectors` must hold a vector of at least one new item; none of {len(new)} ids has one")
    return blocks


def _grown(tables: ServingTables, parts: Parts, new: IdMap, blocks: Mapping[str, VectorBlock]) -> ServingTables:
    candidates, history = parts.items(blocks)
    is_known = np.any([block.mask[1:] for block in blocks.values()], axis=0)
    candidates[~is_known], history[~is_known] = 0, 0
    if not is_known.all():
        logger.warning("%d of %d new items have no vector and cannot be listed", (~is_known).sum(), len(new))
    return tables.with_items(new.ids, candidates, history, is_known)


def _expected(tables: ServingTables, rows: Rows) -> Floats:
    scores: Floats = tables.queries[rows] @ tables.candidates.T
    scores[:, ~tables.is_known] = -np.inf
    return scores


def _arrays(version: Path) -> dict[str, npt.NDArray[Any]]:
    path = version / EXTRA / PARTS_FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError) as error:
        raise BundleError(f"`{path}` cannot be read: {error}") from error


def _all_shown(version: Path, shown: pd.DataFrame) -> pd.DataFrame | None:
    path = version / EXTRA / ITEMS_FILE
    if not path.is_file():
        return None
    before = pd.read_parquet(path)
    columns = [column for column in before.columns if column in shown.columns]
    return pd.concat([before, shown[columns]], ignore_index=True)


def _kept(version: Path) -> dict[str, Path]:
    """What else is in `assets.extra/`: report, plots, encoders."""
    ours = {MANIFEST_FILE, ITEMS_FILE, PARTS_FILE, SPLIT_FILE}
    return {path.name: path for path in sorted((version / EXTRA).iterdir()) if path.name not in ours}
