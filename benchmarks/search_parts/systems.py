"""Ways to find the k largest dot products: each writes an index to a folder, opens it again, and answers.

All are used as their documentation shows, with the threads they take by themselves. Approximate ones have the least
setting that finds what ours has to find for queries of a sample, so that speeds are compared at one recall. One more
is one more entry of `SYSTEMS`. A system is a module-level class whose packages are imported where they are needed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search_parts.vectors import drawn, exact_lists

Floats = npt.NDArray[np.float32]
Lists = npt.NDArray[np.integer[Any]]
Search = Callable[[Floats], Lists]

TUNED_K = 20
TUNED_RECALL = 0.993
MOST_HNSW = 200_000


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


def _tfcold(store: str, hidden: int = 0, near: str = "") -> System:
    """The search of a bundle, alone in a SavedModel."""

    def write(items: Floats, folder: Path) -> None:
        import tensorflow as tf

        from tfcold.errors import one_of
        from tfcold.export.approximate import best_near
        from tfcold.export.cells import Cells, cells_of_tables, order_of_cells
        from tfcold.export.leaves import leaves_of_tables
        from tfcold.export.search import CHUNK, Rows, best, checked, fits_one_block
        from tfcold.export.stored import STORES, Stored
        from tfcold.extras import SCANN_OPS

        module, num, where, order = tf.Module(), len(items), None, None
        if near == "approximate":
            order = order_of_cells(items, np.ones(num, np.bool_))
            items = items[order]
            where = cells_of_tables(_asked_by_sample(items), TUNED_K)
        elif near == "scann":
            order = np.arange(num)
            where = leaves_of_tables(_asked_by_sample(items), TUNED_K)
        module.order = tf.Variable([] if order is None else order, trainable=False)
        table = Stored.of(items, one_of(STORES, store, "store"), "items", CHUNK)
        module.values, module.scales = table.values, table.scales
        module.unlisted = tf.Variable(np.arange(num, table.num_rows, dtype=np.int32), trainable=False)
        if isinstance(where, Cells):
            module.guide, module.listed = (tf.Variable(one, trainable=False) for one in (where.guide, where.listed))
            where = replace(where, guide=module.guide, listed=module.listed)
        elif where is not None:
            module.leaves, module.leaf_rows = where.state, where.rows

        def search(query: tf.Tensor, rows: tf.Tensor, splits: tf.Tensor, k: tf.Tensor) -> Any:
            away = tf.RaggedTensor.from_row_splits(rows, splits, validate=False)
            searched = Rows(module.values, module.unlisted, module.scales, fits_one_block(num, items.shape[1]))
            k = checked(k, tf.constant(num))
            return best(query, searched, away, k) if where is None else best_near(query, searched, where, away, k)

        specs = [([None, items.shape[1]], tf.float32), ([None], tf.int32), ([None], tf.int64), ([], tf.int32)]
        module.search = tf.function(search, input_signature=[tf.TensorSpec(*spec) for spec in specs], autograph=False)
        options = tf.saved_model.SaveOptions(namespace_whitelist=[SCANN_OPS])
        tf.saved_model.save(module, str(folder), signatures={}, options=options)

    def opened(folder: Path, k: int) -> Search:
        import tensorflow as tf

        from tfcold.extras import scann_ops

        if near == "scann":
            scann_ops()
        module = tf.saved_model.load(str(folder))
        (asked,) = module.search.concrete_functions  # as signatures are called: nothing is chosen by what is given
        random, num_rows = np.random.default_rng(0), int(tf.shape(module.values)[0])
        order = module.order.numpy() if near else None

        def search(query: Floats) -> Lists:
            rows = random.integers(0, num_rows, len(query) * hidden).astype(np.int32)
            splits = np.arange(len(query) + 1, dtype=np.int64) * hidden
            found: Lists = asked(*map(tf.constant, (query, rows, splits, np.int32(k))))[0].numpy()
            return found if order is None else order[found]

        return search

    name = f"tfcold {store}" + (f", {near}" if near else "") + (f", {hidden} hidden" if hidden else "")
    return System(name, store == "float32" and not (hidden or near), write, opened, ours=True)


def _asked_by_sample(items: Floats) -> Any:
    """Tables of a bundle of these items whose users ask as the sample does."""
    from tfcold.export.tables import ServingTables

    nobody, asked = np.zeros(0, object), sampled(items)
    splits, rows = np.zeros(len(asked) + 2, np.int64), np.zeros(0, np.int32)
    marks, queries = np.ones(len(items), np.bool_), np.concatenate([asked[:1], asked])
    users = np.arange(len(asked)).astype(object)
    return ServingTables(nobody, users, items, items, queries, splits, rows, marks, ~marks)


def sampled(items: Floats) -> Floats:
    """Queries by which an approximate system is tuned, float32 [512, W]; others than those it is judged by."""
    return drawn(512, items.shape[1] - 1, 1_000_003)


def tuned(items: Floats, search: Callable[[int], Search]) -> int:
    """The least setting, a step of a ladder by the square root of 2, that finds 99.3 of 100 entries, as ours does."""
    recall = recalls(items)
    for setting in (int(4 * 2 ** (step / 2)) for step in range(20)):
        if recall(search(setting)) >= TUNED_RECALL:
            break
    return setting


def recalls(items: Floats) -> Callable[[Search], float]:
    """Says the share of the exact lists of a sample that a search finds."""
    queries = sampled(items)
    right = [{*one} for one in exact_lists(items, queries, TUNED_K).tolist()]

    def recall(search: Search) -> float:
        found = search(queries).tolist()
        return float(np.mean([len({*one} & two) for one, two in zip(found, right, strict=True)])) / TUNED_K

    return recall


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


def _faiss(name: str, factory: Callable[[int], str], option: str = "", most: int = 1 << 40) -> System:
    """An index of faiss, by the string that makes it for a number of items, and the option that makes it find more."""

    def searching(index: Any, k: int, setting: int) -> Search:
        import faiss

        if option:
            faiss.ParameterSpace().set_index_parameter(index, option, setting)
        return lambda query: index.search(query, k)[1]

    def write(items: Floats, folder: Path) -> None:
        import faiss

        index = faiss.index_factory(items.shape[1], factory(len(items)), faiss.METRIC_INNER_PRODUCT)
        index.train(items)
        index.add(items)
        faiss.write_index(index, str(folder / "index.faiss"))
        setting = tuned(items, lambda setting: searching(index, TUNED_K, setting)) if option else 0
        (folder / "setting").write_text(str(setting))

    def opened(folder: Path, k: int) -> Search:
        import faiss

        index = faiss.read_index(str(folder / "index.faiss"))
        return searching(index, k, int((folder / "setting").read_text()))

    return System(name, not option, write, opened, most=most)


def _usearch() -> System:
    def searching(index: Any, k: int, setting: int) -> Search:
        index.expansion_search = setting
        return lambda query: index.search(query, k).keys.reshape(len(query), k)

    def write(items: Floats, folder: Path) -> None:
        from usearch.index import Index

        index = Index(ndim=items.shape[1], metric="ip", dtype="f32")
        index.add(np.arange(len(items)), items)
        index.save(str(folder / "index.usearch"))
        setting = tuned(items, lambda setting: searching(index, TUNED_K, max(TUNED_K, setting)))
        (folder / "setting").write_text(str(max(TUNED_K, setting)))

    def opened(folder: Path, k: int) -> Search:
        from usearch.index import Index

        return searching(Index.restore(str(folder / "index.usearch")), k, int((folder / "setting").read_text()))

    return System("usearch HNSW", False, write, opened, most=MOST_HNSW)


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
    def searching(searcher: Any, k: int, leaves: int, reordered: int) -> Search:
        settings = {"leaves_to_search": leaves, "pre_reorder_num_neighbors": reordered}

        def search(query: Floats) -> Lists:
            if len(query) == 1:
                return np.asarray(searcher.search(query[0], k, **settings)[0], np.int64)[None]
            return np.asarray(searcher.search_batched_parallel(query, k, **settings)[0], np.int64)

        return search

    def write(items: Floats, folder: Path) -> None:
        scann = import_scann()
        leaves = max(8, int(np.sqrt(len(items))))
        builder = scann.scann_ops_pybind.builder(items, 20, "dot_product")
        builder = builder.tree(leaves, max(1, leaves // 10), training_sample_size=min(len(items), 250_000))
        searcher = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(200).build()
        searcher.serialize(str(folder))
        recall = recalls(items)
        options = ((part, num) for num in (200, 600, 2000, 6000) for part in (leaves // 20, leaves // 10, leaves // 5))
        for option in options:
            if recall(searching(searcher, TUNED_K, *option)) >= TUNED_RECALL:
                break
        (folder / "setting").write_text(json.dumps(option))

    def opened(folder: Path, k: int) -> Search:
        searcher = import_scann().scann_ops_pybind.load_searcher(str(folder))
        return searching(searcher, k, *json.loads((folder / "setting").read_text()))

    return System("ScaNN", False, write, opened)


def import_scann() -> Any:
    """ScaNN without its TensorFlow ops, which load into TensorFlow 2.20 only; the index needs none of them.

    It lives in a folder of its own, `TFCOLD_SCANN`: beside another TensorFlow it breaks TFRS, which looks for it.
    """
    folder, loaded = os.environ.get("TFCOLD_SCANN", ""), sys.modules.get("tensorflow")
    sys.path.append(folder)
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("scann")
    finally:
        sys.path.remove(folder)
        del sys.modules["tensorflow"]
        if loaded is not None:
            sys.modules["tensorflow"] = loaded


SYSTEMS = {
    system.name: system
    for system in (
        _tfcold("float32"),
        _tfcold("float32", hidden=100),
        _tfcold("float16"),
        _tfcold("int8"),
        _tfcold("float32", near="approximate"),
        _tfcold("int8", near="approximate"),
        _tfcold("float32", near="scann"),
        _tfrs(),
        _numpy(),
        _faiss("faiss Flat", lambda num: "Flat"),
        _usearch_exact(),
        _faiss("faiss IVF", lambda num: f"IVF{int(4 * num**0.5)},Flat", "nprobe"),  # its guidelines: 4 to 16 roots
        _faiss("faiss HNSW", lambda num: "HNSW32,Flat", "efSearch", MOST_HNSW),
        _usearch(),
        _scann(),
    )
}
