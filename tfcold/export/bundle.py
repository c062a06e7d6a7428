"""A trained model as a folder that TensorFlow alone can serve: written aside, compared, then renamed."""

from __future__ import annotations

import datetime
import gc
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import tensorflow as tf

from tfcold.blocks import Features
from tfcold.errors import BundleError, InputError, one_of
from tfcold.export.aside import folder_aside
from tfcold.export.cells import SEARCHES, Cells, cells_of_tables, order_of_cells
from tfcold.export.encoders import check_encoders, store_encoders
from tfcold.export.item_file import as_shown
from tfcold.export.item_split import split_of_items
from tfcold.export.leaves import Leaves, leaves_of_tables
from tfcold.export.module import ServingModule
from tfcold.export.parts import Parts
from tfcold.export.same_graph import graph_of, save_like
from tfcold.export.stored import STORES, Store
from tfcold.export.storing import as_stored, scores_of_tables
from tfcold.export.table_variables import TableVariables
from tfcold.export.tables import ServingTables, queries_of, tables_of_model
from tfcold.export.verification import HALF_TOLERANCE, TOLERANCE, Floats, Rows, ScoresOf, verify
from tfcold.export.words import Words, said_in_graph, verify_words, words_of
from tfcold.extras import SCANN_OPS, scann_ops
from tfcold.files import write_json
from tfcold.manifest import (
    EXTRA,
    ITEMS_FILE,
    REPORT_FILE,
    SAVED_MODEL,
    Manifest,
    hashes_of,
    versions_of,
)
from tfcold.progress import logger
from tfcold.ranking import Queries
from tfcold.serving.item_split import ItemSplit
from tfcold.version import __version__

if TYPE_CHECKING:
    from tfcold.text.encoders import TextEncoder
    from tfcold.training.trained import TrainedModel

PARTS_FILE: Final = "parts.npz"
PLOTS_FOLDER: Final = "plots"
_PACKAGES: Final = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "pandas")


@dataclass
class BundleContent:
    """What goes into a version folder.

    Args:
        tables, parts: what the SavedModel is made of.
        manifest: without `files`, which are added when they are there.
        items: `as_shown` of what lists may show of an item, or None.
        extra: files and folders by their path under `assets.extra/`, to be copied.
        encoders: encoders by block, or short names of encoders.
        split: candidates by block, for explanations, or None.
        words: what reads texts within the SavedModel, or None.
        like: a version folder whose SavedModel serves but for its tables, encoders in it included; None traces one.
    """

    tables: ServingTables
    parts: Parts
    manifest: Manifest
    items: pd.DataFrame | None = None
    extra: Mapping[str, Path] = field(default_factory=dict)
    encoders: Mapping[str, TextEncoder | str] = field(default_factory=dict)
    split: ItemSplit | None = None
    words: Words | None = None
    like: Path | None = None


def export(
    trained: TrainedModel,
    folder: str | Path,
    *,
    items: pd.DataFrame | None = None,
    report: Mapping[str, Any] | None = None,
    plots: Iterable[str | Path] = (),
    encoders: Mapping[str, TextEncoder | str] | None = None,
    features: Features | None = None,
    name: str | None = None,
    default_k: int = 20,
    with_encoder: bool = False,
    store: str = "float32",
    search: str = "exact",
) -> Path:
    """The version folder of a new bundle, `folder/1`, or `folder/<n + 1>` where `folder` is a bundle with n versions.

    It is written aside, loaded with `tf.saved_model.load`, compared with the model, and only then renamed: `folder`
    appears complete or not at all, and older versions in it stay.

    Args:
        trained: what is exported.
        folder: name folder of the bundle, as TensorFlow Serving calls it.
        items: frame with `item_id` and columns that lists may show; None leaves titles out.
        report: the evaluation, fit for JSON.
        plots: image files, copied.
        encoders: mapping of block, of items or users, to what wrote its vectors. An encoder that can save itself
            (`LexicalEncoder`) travels in the bundle; a string is kept as the name to give to
            `tfcold.text.get_encoder`; of any other only its `name` is kept. Needed to encode new items, sentences and
            new users the same way.
        features: what the model was fitted with, or None. With them the bundle keeps how much of every item each block
            of vectors makes up, where that takes no more than 64 MB; else explanations cannot tell blocks apart.
        name: str, default the last part of `folder`.
        default_k: int, at least 1. Length of the lists of the signature `serving_default`.
        with_encoder: bool, default False. Put the encoders into the SavedModel, so that signatures take texts
            (`recommend_from_text` and others). Needs the encoder of the first block among `encoders`.
        store: `"float32"` (default), `"float16"` or `"int8"`: 4, 2 or 1 bytes for each number of the tables. Lists and
            scores are then those of the rounded tables.
        search: `"exact"` (default), `"approximate"` or `"scann"`: lists without conditions look into a part of the
            catalogue that holds 99 of 100 of their entries. With `"approximate"`, items are stored in another order;
            `"scann"` puts an index of ScaNN into the SavedModel, which then opens only where ScaNN is installed.
            Below 50,000 items, or where that part would be large, the search stays exact; see `docs/search.md`.

    Raises:
        BundleError: `folder` exists and is not a bundle, cannot be written, or does not answer as the model does.
        EncoderMismatchError: an encoder is not the one that wrote the vectors of its block.
        InputError: `default_k` below 1, another `store` or `search`, or `items` without ids.
        MissingExtraError: `search` is `"scann"`, and ScaNN is not installed.
    """
    folder = Path(folder)
    check_destination(folder)
    if items is not None:
        items = as_shown(items)
    if default_k < 1:
        raise InputError(f"`default_k` must be at least 1; received {default_k}")
    store, search = one_of(STORES, store, "store"), one_of(SEARCHES, search, "search")
    if search == "scann":
        scann_ops()
    model, schema = trained.model, trained.model.schema
    text, user_text = (
        {block: {"width": width, **dict(trained.provenance.get(block) or {})} for block, width in widths.items()}
        for widths in (schema.item_vectors, schema.user_vectors)
    )
    check_encoders({**user_text, **text}, encoders or {})
    words = words_of(text, encoders or {}) if with_encoder else None
    tables, parts = tables_of_model(trained), Parts.of_model(model)
    manifest = Manifest(
        name=name or folder.resolve().name,
        tfcold=__version__,
        created=now(),
        dim=model.dim,
        default_k=default_k,
        store=store,
        search=search,
        sizes=tables.sizes,
        schema=schema.to_dict(),
        model=model.get_config(),
        parts=parts.config(),
        settings=trained.settings.to_dict(),
        text=said_in_graph(text, words),
        user_text=user_text,
        split=dict(trained.split),
        metrics=dict(report or {}),
        versions=package_versions(),
    )
    extra = {f"{PLOTS_FOLDER}/{Path(path).name}": Path(path) for path in plots}
    split = None
    if features is not None:
        ids = np.asarray(model.candidate_tower.embedding.get_weights()[0], np.float32)
        split = split_of_items(parts, features.items, ids, tables.is_cold)
    order = np.arange(len(tables.is_known))
    if search == "approximate":
        order = order_of_cells(tables.candidates, tables.is_known)
        tables, split = tables.in_order(order), None if split is None else split.in_order(order)
    content = BundleContent(tables, parts, manifest, items, extra, encoders or {}, split, words)
    # a model that computes in half precision is served in float32
    tolerance = TOLERANCE if model.user_tower.compute_dtype == "float32" else HALF_TOLERANCE
    return write_bundle(folder, content, *_expectations(trained, order), tolerance)


def check_destination(folder: str | Path, argument: str = "out") -> None:
    """Nothing, where a bundle can be written to `folder`: there is nothing yet, or there is a bundle.

    Raises:
        BundleError: something else is there; call this before a long job.
    """
    path = Path(folder)
    if (path / SAVED_MODEL).exists():
        raise BundleError(
            f"`{argument}` must be the folder that versions go into; received a version, {str(path)!r}. "
            f"Name {str(path.parent)!r}"
        )
    if (path.exists() or path.is_symlink()) and not versions_of(path):
        raise BundleError(
            f"`{argument}` must be a bundle or not exist yet; {str(path)!r} exists and is not a bundle. "
            "Choose another name"
        )


def write_bundle(
    folder: Path,
    content: BundleContent,
    known: ScoresOf,
    unseen: ScoresOf | None = None,
    tolerance: float = TOLERANCE,
) -> Path:
    """The version folder, written aside, verified (see there for the last three arguments) and renamed.

    Where the manifest says to keep tables in fewer bytes, what is expected is what the rounded tables say. Where it
    says that the search is not exact, it gets to say how.
    """
    store = one_of(STORES, content.manifest.store, "store")
    if store != "float32":
        content = replace(content, tables=as_stored(content.tables, store))
        (known, unseen), tolerance = scores_of_tables(content.tables, content.parts), TOLERANCE
    where: Cells | Leaves | None = None
    if content.manifest.search == "approximate":
        where = cells_of_tables(content.tables, content.manifest.default_k)
    elif content.manifest.search == "scann":
        where = leaves_of_tables(content.tables, content.manifest.default_k)
    graph = graph_of(content.tables) if content.manifest.search == "exact" else {}
    manifest = replace(content.manifest, cells={} if where is None else where.said(), graph=graph)
    content = replace(content, manifest=manifest)
    with _one_line(folder), _new_version(folder) as (aside, final):
        _save(aside, content, store, where)
        _write_extra(aside, content)
        loaded = tf.saved_model.load(str(aside))
        verify(loaded, content.tables, known, unseen, tolerance, exact=where is None)
        verify_words(loaded, content.words)
    logger.info("bundle: %s", final)
    return final


def _save(version: Path, content: BundleContent, store: Store, where: Cells | Leaves | None) -> None:
    if content.like is not None:
        save_like(content.like, version, TableVariables.of(content.tables, store))
        return
    module = ServingModule(
        content.tables, content.parts, content.manifest.default_k, words=content.words, store=store, where=where
    )
    options = tf.saved_model.SaveOptions(namespace_whitelist=[SCANN_OPS] if isinstance(where, Leaves) else [])
    tf.saved_model.save(module, str(version), signatures=module.signatures(), options=options)
    del module
    gc.collect()  # functions know their module, which knows them: its tables would stand beside those loaded next


@contextmanager
def _new_version(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Where to write, and what it will be called: a first version takes its name folder along in one rename."""
    versions = versions_of(folder)
    number = str(versions[-1] + 1) if versions else "1"
    final, stem = (folder / number, "[0-9]+") if versions else (folder, re.escape(folder.name))
    try:
        with folder_aside(final, stem) as aside:
            yield aside if versions else aside / number, folder / number
    except FileExistsError as error:
        if error.filename != str(final):
            raise
        check_destination(folder)
        raise BundleError(
            f"`out` got version {number} of another process meanwhile: {str(folder)!r}. Run this again"
        ) from error


@contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip().splitlines()[0]
        raise BundleError(
            f"`out` could not be written: {str(folder)!r}: {reason}. Nothing of it was left behind. "
            "Make room, or choose another place"
        ) from error


def _write_extra(version: Path, content: BundleContent) -> None:
    extra = version / EXTRA
    extra.mkdir()
    np.savez(extra / PARTS_FILE, **content.parts.arrays())  # type: ignore[arg-type]
    for name, source in content.extra.items():
        target = extra / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    if content.split is not None:
        content.split.write(extra)
    if content.items is not None:
        content.items.to_parquet(extra / ITEMS_FILE, index=False)
    manifest = content.manifest
    if manifest.metrics:
        write_json(extra / REPORT_FILE, manifest.metrics)
    text, user_text = (store_encoders(extra, said, content.encoders) for said in (manifest.text, manifest.user_text))
    replace(manifest, text=text, user_text=user_text, files=hashes_of(version)).write(version)


def _expectations(trained: TrainedModel, order: Rows) -> tuple[ScoresOf, ScoresOf]:
    everything = order.astype(np.int32)

    def known(rows: Rows) -> Floats:
        return trained.scores(queries_of(trained, rows), everything)

    def unseen(rows: Rows) -> Floats:
        return trained.scores(Queries(np.zeros(len(rows), np.int32), trained.histories[rows]), everything)

    return known, unseen


def now() -> str:
    """The time, ISO 8601 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """Versions of what wrote the bundle."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # tensorflow-cpu and others go by another name
            continue
    return found
