"""A bundle as it lies on disk, opened: the SavedModel, its card, and the tables that Python reads of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.columns import ITEM_ID
from tfcold.errors import BundleError
from tfcold.manifest import EXTRA, SPLIT_FILE, Manifest, check_files, read_manifest, version_folder
from tfcold.serving.attributes import kept_items
from tfcold.serving.ids import IdIndex
from tfcold.serving.item_split import ItemSplit, read_split
from tfcold.serving.ragged import Lists
from tfcold.serving.tables import Table
from tfcold.serving.words import load_saved_model

Mask = npt.NDArray[np.bool_]


class Opened:
    """Nothing in it changes. Tables are read on first use.

    Args:
        folder: name folder of the bundle, whose newest version is taken, or a version folder.
        verify: bool. Compare the sha256 of every file with the manifest, and not only its size.

    Attributes:
        folder: Path of the version folder.
        manifest: the model card.
        model: what `tf.saved_model.load` gives.

    Raises:
        BundleError: `folder` is no bundle, is damaged, or was written by a later version of tfcold.
    """

    def __init__(self, folder: str | Path, *, verify: bool = False) -> None:
        self.folder = version_folder(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        check_files(self.folder, self.manifest, contents=verify)
        try:
            self.model: Any = load_saved_model(self.folder, self.manifest)
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise BundleError(f"`{self.folder}` cannot be loaded by TensorFlow: {error}") from error

        self._check_sizes()

    def _check_sizes(self) -> None:
        """The files may be whole and yet of another version, which the sizes in the manifest tell.

        Raises:
            BundleError: the SavedModel holds other numbers of users or items than the manifest says.
        """
        sizes = {name: number for name, number in self.manifest.sizes.items() if isinstance(number, int)}
        found = {
            "users": int(tf.size(self.model.user_ids)) - 1,
            "items": int(tf.size(self.model.item_ids)) - 1,
            "listed items": int(self.is_known.sum()),
        }
        said = {
            "users": sizes.get("users"),
            "items": sizes.get("items", 0) + sizes.get("removed_items", 0),
            "listed items": sizes.get("warm_items", 0) + sizes.get("cold_items", 0),
        }
        if wrong := [f"{found[name]} {name} instead of {said[name]}" for name in found if found[name] != said[name]]:
            raise BundleError(
                f"`{self.folder}` is mixed from several versions: its SavedModel holds {', '.join(wrong)}, which its "
                "manifest says. Copy or export the bundle again"
            )

    @cached_property
    def items(self) -> IdIndex:
        return IdIndex.of_bytes(self.model.item_ids.numpy())

    @cached_property
    def users(self) -> IdIndex:
        return IdIndex.of_bytes(self.model.user_ids.numpy())

    @cached_property
    def is_known(self) -> Mask:
        """Bool [I + 1]: may be listed."""
        mask: Mask = self.model.is_known.numpy()
        return mask

    @cached_property
    def is_cold(self) -> Mask:
        """Bool [I + 1]: training never saw it."""
        mask: Mask = self.model.is_cold.numpy()
        return mask

    @cached_property
    def says(self) -> Mask:
        """Bool [I + 1]: counts in a history."""
        mask: Mask = self.is_known | self.model.history.numpy()[: len(self.is_known)].any(axis=1)
        return mask

    @cached_property
    def query_covariance(self) -> npt.NDArray[np.float32]:
        """float32 [D, D]: how queries vary over users; the identity in bundles of earlier versions."""
        if not hasattr(self.model, "query_covariance"):
            return np.eye(self.manifest.dim, dtype=np.float32)
        covariance: npt.NDArray[np.float32] = self.model.query_covariance.numpy()
        return covariance

    @cached_property
    def inverse_norms(self) -> npt.NDArray[np.float32]:
        """float32 [I + 1]: `inverse_norms` of the candidates."""
        norms: npt.NDArray[np.float32] = self.model.inverse_norms.numpy()[: len(self.is_known)]
        return norms

    def table(self, name: str, scales: str, num: int) -> Table:
        """The first `num` rows of a table of the SavedModel."""
        return Table.of(getattr(self.model, name), getattr(self.model, scales, None), num)

    @cached_property
    def done(self) -> Lists:
        """What each user did: U + 1 lists of item rows."""
        return Lists(self.model.done_rows.numpy(), self.model.done_splits.numpy())

    @cached_property
    def doers(self) -> Lists:
        """Who did each item: I + 1 lists of user rows."""
        return Lists(self.model.doer_rows.numpy(), self.model.doer_splits.numpy())

    @cached_property
    def kept(self) -> pd.DataFrame | None:
        """What the bundle keeps of its items, a row each in their order; None where it keeps nothing."""
        frame = kept_items(self.folder)
        if frame is None:
            return None
        frame = frame.set_index(pd.Index(frame[ITEM_ID], dtype=object)).drop(columns=ITEM_ID)
        ids = pd.Index(self.items.names[1:], dtype=object)
        return (frame if frame.index.equals(ids) else frame.reindex(ids)).reset_index(drop=True)

    @cached_property
    def split(self) -> ItemSplit | None:
        check_files(self.folder, self.manifest, under=f"{EXTRA}/{SPLIT_FILE}")
        return read_split(self.folder / EXTRA)
