"""`tfcold.load`: a bundle opened to be asked, and to be joined by items and users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfcold.serving import Recommender

if TYPE_CHECKING:
    from tfcold.serving.newcomers import Places


def load(folder: str | Path, *, verify: bool = False) -> Recommender:
    """The recommender in a bundle.

    It answers with TensorFlow alone. Layers and encoders are opened when the first item or user joins it.

    Args:
        folder: name folder of the bundle, whose newest version is taken, or a version folder.
        verify: bool, default False. Compare the sha256 of every file with the manifest, and not only its size.

    Raises:
        BundleError: `folder` is no bundle, is damaged, or was written by a later version of tfcold.

    Example:
        >>> import tfcold
        >>> tfcold.load("saved_models/shop").recommend(["u1"], k=10)  # doctest: +SKIP
    """
    return Recommender(folder, verify=verify, places=_places)


def _places(version: Path) -> Places:
    from tfcold.export.placing import BundlePlaces

    return BundlePlaces(version)
