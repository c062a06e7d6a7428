"""Ways to find the k largest dot products: each writes an index to a folder, opens it again, and answers.

All are used as their documentation shows, with the threads they take by themselves. One more is one more entry of
`SYSTEMS`. A system is a module-level class whose packages are imported where they are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Lists = npt.NDArray[np.integer[Any]]
Search = Callable[[Floats], Lists]


@dataclass(frozen=True)
class System:
    """One way to search.

    Args:
        name: str.
        exact: bool. Whether it claims to find what a sort of all scores finds.
        write: items [I, W] and a folder to nothing: the index, in that folder.
        open: folder and k to a function from queries [B, W] to rows [B, k].
        ours: bool, default False.
        most: int. Items up to which it is asked: some take hours to build.
    """

    name: str
    exact: bool
    write: Callable[[Floats, Path], None]
    open: Callable[[Path, int], Search]
    ours: bool = False
    most: int = 1 << 40


def _tfcold(store: str, hidden: int = 0) -> System:
    """The search of a bundle, alone in a SavedModel."""

    def write(items: Floats, folder: Path) -> None:
        import tensorflow as tf

        from tfcold.export.search import CHUNK, Rows, best, checked
        from tfcold.export.stored import Stored, checked_store

        module, num = tf.Module(), len(items)
        table = Stored.of(items, checked_store(store), "items", CHUNK)
        module.values, module.scales = table.values, table.scales
        module.unlisted = tf.Variable(np.arange(num, table.values.shape[0], dtype=np.int32), trainable=False)

        def search(query: tf.Tensor, rows: tf.Tensor, splits: tf.Tensor, k: tf.Tensor) -> Any:
            away = tf.RaggedTensor.from_row_splits(rows, splits, validate=False)
            return best(query, Rows(module.values, module.unlisted, module.scales), away, checked(k, tf.constant(num)))

        specs = [([None, items.shape[1]], tf.float32), ([None], tf.int32), ([None], tf.int64), ([], tf.int32)]
        module.search = tf.function(search, input_signature=[tf.TensorSpec(*spec) for spec in specs], autograph=False)
        tf.saved_model.save(module, str(folder), signatures={})

    def opened(folder: Path, k: int) -> Search:
        import tensorflow as tf

        module = tf.saved_model.load(str(folder))
        random = np.random.default_rng(0)

        def search(query: Floats) -> Lists:
            rows = random.integers(0, module.values.shape[0], len(query) * hidden).astype(np.int32)
            splits = np.arange(len(query) + 1, dtype=np.int64) * hidden
            found: Lists = module.search(query, rows, splits, np.int32(k))[0].numpy()
            return found

        return search

    name = f"tfcold {store}" + (f", {hidden} hidden" if hidden else "")
    return System(name, store == "float32" and not hidden, write, opened, ours=True)


def _tfrs() -> System:
    def write(items: Floats, folder: Path) -> None:
        import tfcold._keras  # noqa: F401, I001  settles Keras before TFRS asks for it
        import tensorflow as tf
        import tensorflow_recommenders as tfrs

        layer = tfrs.layers.factorized_top_k.BruteForce(k=20)
        layer.index(tf.constant(items))
        layer(tf.constant(items[:1]))
        tf.saved_model.save(layer, str(folder))

    def opened(folder: Path, k: int) -> Search:
        import tensorflow as tf

        layer = tf.saved_model.load(str(folder))
        return lambda query: layer(tf.constant(query))[1].numpy()

    return System("tfrs BruteForce", True, write, opened)


def _numpy() -> System:
    def opened(folder: Path, k: int) -> Search:
        items = np.load(folder / "items.npy")

        def search(query: Floats) -> Lists:
            scores = query @ items.T
            best = np.argpartition(scores, -k, axis=1)[:, -k:]
            order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
            return np.take_along_axis(best, order, axis=1)

        return search

    return System("NumPy", True, lambda items, folder: np.save(folder / "items.npy", items), opened)


def _faiss(name: str, exact: bool, factory: Callable[[int], str], search: dict[str, int], most: int) -> System:
    def write(items: Floats, folder: Path) -> None:
        import faiss

        index = faiss.index_factory(items.shape[1], factory(len(items)), faiss.METRIC_INNER_PRODUCT)
        index.train(items)
        index.add(items)
        faiss.write_index(index, str(folder / "index.faiss"))

    def opened(folder: Path, k: int) -> Search:
        import faiss

        index = faiss.read_index(str(folder / "index.faiss"))
        for option, value in search.items():
            faiss.ParameterSpace().set_index_parameter(index, option, value)
        return lambda query: index.search(query, k)[1]

    return System(name, exact, write, opened, most=most)


def _usearch_exact() -> System:
    def opened(folder: Path, k: int) -> Search:
        from usearch.index import MetricKind, search

        items = np.load(folder / "items.npy")

        def one(query: Floats) -> Lists:
            found: Lists = search(items, query, k, MetricKind.IP, exact=True).keys
            return found.reshape(len(query), k)

        return one

    return System("usearch exact", True, lambda items, folder: np.save(folder / "items.npy", items), opened)


def _scann() -> System:
    def write(items: Floats, folder: Path) -> None:
        import scann

        leaves = max(8, int(np.sqrt(len(items))))
        builder = scann.scann_ops_pybind.builder(items, 20, "dot_product")
        builder = builder.tree(leaves, max(1, leaves // 10), training_sample_size=min(len(items), 250_000))
        searcher = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(200).build()
        searcher.serialize(str(folder))

    def opened(folder: Path, k: int) -> Search:
        import scann

        searcher = scann.scann_ops_pybind.load_searcher(str(folder))
        return lambda query: searcher.search_batched(query, k)[0]

    return System("ScaNN", False, write, opened)


SYSTEMS = {
    system.name: system
    for system in (
        _tfcold("float32"),
        _tfcold("float32", hidden=100),
        _tfcold("float16"),
        _tfcold("int8"),
        _tfrs(),
        _numpy(),
        _faiss("faiss Flat", True, lambda num: "Flat", {}, 1 << 40),
        _usearch_exact(),
        _faiss("faiss IVF", False, lambda num: f"IVF{int(num**0.5)},Flat", {"nprobe": 16}, 1 << 40),
        _faiss("faiss HNSW", False, lambda num: "HNSW32,Flat", {"efSearch": 64}, 200_000),
        _scann(),
    )
}
