"""The benchmark of search: every system finds what it says, and a whole run is put into one file."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest

from tfcold.errors import MissingExtraError
from tfcold.extras import scann_ops

PACKAGES = {"tfcold": "tensorflow", "tfrs": "tensorflow_recommenders", "NumPy": "numpy", "ScaNN": "scann"}
NAMES = (
    "tfcold float32", "tfcold float16", "tfcold int8", "tfrs BruteForce", "NumPy", "faiss Flat", "usearch exact",
    "tfcold float32, approximate", "tfcold int8, approximate", "tfcold float32, scann",
    "faiss IVF", "faiss HNSW", "usearch HNSW", "ScaNN",
)  # fmt: skip


@pytest.fixture(scope="module")
def parts(script):
    yield script("search_parts.systems"), script("search_parts.vectors")
    for name in [name for name in sys.modules if name.split(".")[0] == "search_parts"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", NAMES)
def test_system_finds_the_largest_products(parts, tmp_path, monkeypatch, name):
    systems, vectors = parts
    package = PACKAGES.get(name.split()[0], name.split()[0])
    if package in ("faiss", "usearch"):
        pytest.importorskip(package)
    if package == "scann" and not os.environ.get("TFCOLD_SCANN"):
        pytest.skip("`TFCOLD_SCANN` names no folder with ScaNN")
    if "," in name:  # 2000 items are enough for cells and leaves
        from tfcold.export import cells

        if "scann" in name:
            try:
                scann_ops()
            except MissingExtraError as error:
                pytest.skip(str(error))
        monkeypatch.setattr(cells, "LEAST_ITEMS", 1)
        monkeypatch.setattr(cells, "MOST_SHARE", 1)
    items, queries = vectors.drawn(2000, 16, 0), vectors.drawn(40, 16, 1)
    right = vectors.exact_lists(items, queries, 20)
    system = systems.SYSTEMS[name]

    system.write(items, tmp_path)
    search = system.open(tmp_path, 20)
    found = np.concatenate([np.asarray(search(queries[:1])), np.asarray(search(queries[1:]))])

    assert found.shape == (40, 20)
    shared = np.mean([len({*one} & {*other}) / 20 for one, other in zip(found.tolist(), right.tolist(), strict=True)])
    assert shared == 1 if system.exact else shared > 0.8
    assert any(tmp_path.iterdir())


def test_exact_lists_are_a_sort(parts):
    _, vectors = parts
    items, queries = vectors.drawn(300, 8, 0), vectors.drawn(33, 8, 1)

    np.testing.assert_array_equal(vectors.exact_lists(items, queries, 7), np.argsort(-queries @ items.T, axis=1)[:, :7])


@pytest.mark.slow
def test_memory_of_saving_is_written(script, tmp_path, monkeypatch):
    search = script("search")
    out = tmp_path / "saving.json"
    given = ["--saving", "50000", "--dim", "15", "--work", str(tmp_path), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["search.py", *given])
    search.main()

    found = json.loads(out.read_text())["figures"]
    assert found["index_mb"] == pytest.approx(50000 * 16 * 4 / 2**20, abs=0.1)
    assert found["peak_mb"] > found["index_mb"]
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
def test_a_run_is_one_file(script, tmp_path, monkeypatch, capsys):
    search = script("search")
    out = tmp_path / "search.json"
    systems = "NumPy;tfcold int8"
    monkeypatch.setattr(sys, "argv", ["search.py", "--sizes", "1500", "--dim", "8", "--rounds", "1", "--seconds",
                                      "0.01", "--batches", "1,3", "--systems", systems, "--out", str(out)])  # fmt: skip
    search.main()

    figures = json.loads(out.read_text())["figures"]
    found = figures["items"]["1500"]
    assert list(found) == ["NumPy", "tfcold int8"]
    assert found["NumPy"]["recall@20"] == 1
    assert 0.9 < found["tfcold int8"]["recall@20"] <= 1
    assert found["NumPy"]["disk_mb"] == pytest.approx(1500 * 9 * 4 / 1e6, abs=0.06)
    for one in found.values():
        assert one["batch_3"]["p50_ms"] <= one["batch_3"]["p99_ms"]
        assert one["batch_1"]["vs_best_exact_peer"] > 0
    assert found["NumPy"]["batch_1"]["vs_best_exact_peer"] == 1
    assert "NumPy" in capsys.readouterr().out
