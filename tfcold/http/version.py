"""One version of a bundle, loaded: its signatures as functions of arrays, and what a list may show of an item."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from tfcold.columns import ITEM_ID
from tfcold.http.errors import RequestError, said_by_graph
from tfcold.http.tensors import Array, Spec
from tfcold.progress import logger
from tfcold.serving import Recommender

TITLE: Final = "title"


class Signature:
    """A signature of a SavedModel.

    Args:
        name: str. What it is called.
        function: the function that `tf.saved_model.load` gives.

    Attributes:
        inputs, outputs: mapping of name to `Spec`, by name.
    """

    def __init__(self, name: str, function: Any) -> None:
        self.name = name
        self._function = function
        given = function.structured_input_signature[1]
        self._dtypes = {key: spec.dtype for key, spec in given.items()}
        self.inputs = {key: _spec(key, given[key]) for key in sorted(given)}  # TensorFlow keeps no order of its own
        self.outputs = {key: _spec(key, spec) for key, spec in sorted(function.structured_outputs.items())}

    def __call__(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """What the graph answers, by output. Many threads may call at once.

        Args:
            arrays: one for each input; strings as UTF-8 bytes.

        Raises:
            RequestError: 400, the graph refused the input.
        """
        given = {name: tf.constant(array, self._dtypes[name]) for name, array in arrays.items()}
        try:
            return {name: tensor.numpy() for name, tensor in sorted(self._function(**given).items())}
        except tf.errors.InvalidArgumentError as error:
            shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
            raise RequestError(400, f"{said_by_graph(error.message)} (inputs: {shapes})") from None

    def smallest(self) -> dict[str, Array]:
        """Arrays of one row that the signature takes: empty strings, ones."""
        return {name: _one(spec) for name, spec in self.inputs.items()}

    def to_dict(self) -> dict[str, Any]:
        """`SignatureDef` as TensorFlow Serving's metadata writes it; tensors are called as their inputs and outputs."""
        return {
            "inputs": {name: _tensor_info(spec, f"{self.name}_{name}:0") for name, spec in self.inputs.items()},
            "outputs": {name: _tensor_info(spec, f"{name}:0") for name, spec in self.outputs.items()},
            "method_name": "tensorflow/serving/predict",
        }


class Version:
    """A version folder, loaded.

    Args:
        folder: Path of the version folder; its name is the version's number (0 where it is no number).
        titles: mapping of item id to title, instead of those in the bundle.
        title_column: str, default `title`. Column of the bundle's own items that is shown; where there is no such
            column, the first one.
        verify: bool, default True. Compare the sha256 of every file with the manifest.

    Raises:
        BundleError: as `tfcold.load`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        titles: Mapping[str, str] | None = None,
        title_column: str = TITLE,
        verify: bool = True,
    ) -> None:
        self.folder = folder
        self.number = int(folder.name) if folder.name.isascii() and folder.name.isdigit() else 0
        self.recommender = Recommender(folder, verify=verify)
        self.manifest = self.recommender.manifest
        self.signatures = {name: Signature(name, one) for name, one in self.recommender.signatures.items()}
        self._titles = titles if titles is not None else self._own_titles(title_column)

    def signature(self, name: str) -> Signature:
        """The signature of that name.

        Raises:
            RequestError: 400, there is none.
        """
        if name not in self.signatures:
            raise RequestError(
                400, f"`signature_name` must be one of {', '.join(self.signatures)}; received {name!r:.80}"
            )
        return self.signatures[name]

    def warm_up(self) -> None:
        """Runs every signature once, so that the first caller does not wait for it.

        Raises:
            tf.errors.OpError: one cannot run. Refusing the made-up input (`RequestError`) counts as running.
        """
        for signature in self.signatures.values():
            try:
                signature(signature.smallest())
            except RequestError as error:
                logger.debug("warm-up of %s: %s", signature.name, error)
        self.described([""])

    @property
    def longest(self) -> int:
        """Length that no list of items or users exceeds, whatever `k` asks for."""
        return max(len(self.recommender.item_ids), len(self.recommender.user_ids))

    @property
    def has_titles(self) -> bool:
        return bool(self._titles)

    def described(self, item_ids: Iterable[str]) -> list[dict[str, Any]]:
        """For each id `item_id`, `title` (None where there is none) and `is_cold` (true too for an unknown id)."""
        asked = list(item_ids)
        cold = self.recommender.is_cold(asked).tolist()
        return [
            {"item_id": one, "title": self._titles.get(one), "is_cold": flag}
            for one, flag in zip(asked, cold, strict=True)
        ]

    def find_items(self, words: str, limit: int) -> list[str]:
        """The first ids of items whose id or title holds the words, whatever the case."""
        wanted = words.casefold()
        found = (
            one
            for one in self.recommender.item_ids
            if wanted in one.casefold() or wanted in self._titles.get(one, "").casefold()
        )
        return list(itertools.islice(found, limit))

    def find_users(self, words: str, limit: int) -> list[str]:
        """The first user ids that hold the words, whatever the case."""
        wanted = words.casefold()
        return list(itertools.islice((one for one in self.recommender.user_ids if wanted in one.casefold()), limit))

    def _own_titles(self, column: str) -> dict[str, str]:
        shown = self.recommender.titles(self.recommender.item_ids)
        columns = [str(name) for name in shown.columns if name != ITEM_ID]
        if not columns:
            return {}
        texts = shown[column if column in columns else columns[0]]
        kept = texts.notna().to_numpy()
        return dict(zip(shown[ITEM_ID][kept], map(str, texts[kept]), strict=True))


def _spec(name: str, spec: Any) -> Spec:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return Spec(name, np.dtype(spec.dtype.as_numpy_dtype), shape)


def _one(spec: Spec) -> Array:
    array: Array = np.ones([size or 1 for size in spec.shape or ()], spec.dtype)
    if spec.dtype.kind == "O":
        array.fill(b"")
    return array


def _tensor_info(spec: Spec, tensor: str) -> dict[str, Any]:
    sizes = [{"size": str(-1 if size is None else size), "name": ""} for size in spec.shape or ()]
    return {
        "dtype": types_pb2.DataType.Name(tf.as_dtype(spec.dtype).as_datatype_enum),
        "tensor_shape": {"dim": sizes, "unknown_rank": spec.shape is None},
        "name": tensor,
    }
