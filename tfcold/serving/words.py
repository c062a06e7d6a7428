"""Opening SavedModels, those that read words among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.errors import BundleError, MissingExtraError
from tfcold.extras import scann_ops
from tfcold.manifest import Manifest

IN_GRAPH: Final = "in_graph"  # of a block in the manifest: its encoder is part of the SavedModel


def reads_words(manifest: Manifest) -> bool:
    """Whether the bundle has signatures that take texts."""
    return any(said.get(IN_GRAPH) for said in manifest.text.values())


def load_saved_model(version: Path, manifest: Manifest) -> Any:
    """What `tf.saved_model.load` gives of a version folder, once the ops that it needs are there.

    Raises:
        BundleError: it reads words, and TensorFlow Text cannot be imported; or ScaNN searches it, and cannot be.
    """
    if "leaves" in manifest.cells:
        try:
            scann_ops()
        except MissingExtraError as error:
            raise BundleError(f"`{version}` is searched by ScaNN. {error}") from error
    if reads_words(manifest):
        try:
            import tensorflow_text  # noqa: F401  registers its ops
        except ImportError as error:
            raise BundleError(
                f"`{version}` reads words by ops of TensorFlow Text, which cannot be imported: {error}. "
                f"`pip install tensorflow-text` of TensorFlow's version, {tf.__version__}"
            ) from error
    return tf.saved_model.load(str(version))


def embedded(model: Any, manifest: Manifest, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32 [B, T] of texts as the bundle's first block sees them; zeros for a text without words.

    Args:
        model: the SavedModel, opened.
        manifest: its card.
        texts: B strings.

    Raises:
        BundleError: the bundle does not read words.
    """
    if not reads_words(manifest):
        raise BundleError(
            "`texts` need a bundle that reads words: `tfcold export --with-encoder` writes one. "
            "Or encode them with `tfcold.export.encode_texts` and ask `recommend_from_vectors`"
        )
    found: npt.NDArray[np.float32] = model.signatures["embed_items"](text=tf.constant(texts, tf.string))[
        manifest.text_block
    ].numpy()
    return found
