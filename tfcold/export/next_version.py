"""A bundle as it stands, and the next version of it with other tables: what every change without training shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import EllipsisType
from typing import Any

import pandas as pd

from tfcold.export.bundle import (
    PARTS_FILE,
    BundleContent,
    check_destination,
    now,
    package_versions,
    write_bundle,
)
from tfcold.export.parts import Parts
from tfcold.export.placing import parts_of
from tfcold.export.same_graph import can_go_on
from tfcold.export.storing import scores_of_tables
from tfcold.export.tables import ServingTables, tables_of_bundle, tables_of_files
from tfcold.export.words import Words, carried_words, said_in_graph
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
from tfcold.serving.attributes import kept_items
from tfcold.serving.ids import IdIndex
from tfcold.serving.item_split import ItemSplit, read_split
from tfcold.serving.words import load_saved_model, reads_words
from tfcold.version import __version__


@dataclass(frozen=True)
class Standing:
    """A version folder, read: what it holds, and where the next one goes.

    Args:
        version: the version folder.
        target: name folder of the bundle to write.
        manifest: its card. Tables and layers are read on first use.
    """

    version: Path
    target: Path
    manifest: Manifest

    @classmethod
    def of(cls, folder: str | Path, out: str | Path | None) -> Standing:
        """The bundle in `folder`, whose next version goes to `out`, by default beside it.

        Raises:
            BundleError: `folder` is no bundle or damaged, or `out` exists and is none.
        """
        version = version_folder(folder)
        target = version.parent if out is None else Path(out)
        check_destination(target)
        manifest = read_manifest(version)
        check_files(version, manifest)
        return cls(version, target, manifest)

    @cached_property
    def loaded(self) -> Any:
        """The SavedModel, opened."""
        return load_saved_model(self.version, self.manifest)

    @cached_property
    def tables(self) -> ServingTables:
        if reads_words(self.manifest) or "leaves" in self.manifest.cells:  # what needs ops of others says so at once
            return tables_of_bundle(self.loaded)
        return tables_of_files(self.version)

    @cached_property
    def parts(self) -> Parts:
        return parts_of(self.version, self.manifest)

    @cached_property
    def items(self) -> IdIndex:
        return IdIndex(self.tables.item_ids)

    @cached_property
    def users(self) -> IdIndex:
        return IdIndex(self.tables.user_ids)

    @cached_property
    def kept(self) -> pd.DataFrame | None:
        """What lists may show of items, with their ids; None where nothing is kept."""
        return kept_items(self.version)

    @cached_property
    def split(self) -> ItemSplit | None:
        return read_split(self.version / EXTRA)

    def written(
        self,
        tables: ServingTables,
        kept: pd.DataFrame | None,
        split: ItemSplit | None,
        change: dict[str, int],
        words: Words | EllipsisType | None = ...,
    ) -> Path:
        """The next version folder, with other tables; report, plots and encoders travel along.

        Args:
            tables, kept, split: what it holds.
            change: what changed, for the card.
            words: what reads texts, or None; `...` (default) is what did so before.

        Raises:
            BundleError: it cannot be written, or does not answer as the tables say.
        """
        written = now()
        like, text = None, self.manifest.text
        if isinstance(words, EllipsisType) and can_go_on(self.manifest, tables):
            like, words = self.version, None
        else:
            words = carried_words(self.loaded, self.manifest) if isinstance(words, EllipsisType) else words
            text = said_in_graph(text, words)
        beside = self.target.resolve() == self.version.parent.resolve()
        manifest = replace(
            self.manifest,
            name=self.manifest.name if beside else self.target.resolve().name,
            created=written,
            tfcold=__version__,
            sizes=tables.sizes,
            text=text,
            versions=package_versions(),
            added=[*self.manifest.added, {**change, "created": written, "tfcold": __version__}],
        )
        ours = {MANIFEST_FILE, ITEMS_FILE, PARTS_FILE, SPLIT_FILE}
        extra = {path.name: path for path in sorted((self.version / EXTRA).iterdir()) if path.name not in ours}
        content = BundleContent(tables, self.parts, manifest, kept, extra, split=split, words=words, like=like)
        return write_bundle(self.target, content, scores_of_tables(tables, self.parts)[0])
