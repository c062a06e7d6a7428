"""What does a bundle in 2 or 1 bytes a number cost in NDCG@20, on a real collection?

Fits once with a preset and judges the model three times: with its tables as they are, and as `export(store=...)`
rounds them. Users and rows are the same, so the ratios hold whatever the machine does.

    python benchmarks/stores.py --data FOLDER --collections NAME,NAME [--preset fast] [--seed 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import write_results
from quality_parts.collection import find_collections, read_collection
from quality_parts.records import judged
from quality_parts.tasks import items_task

from tfcold.export.stored import STORES, Store, restored, rounded
from tfcold.ranking import Queries
from tfcold.training import Settings, fit
from tfcold.training.trained import TrainedModel

Floats = npt.NDArray[np.float32]


class Rounded:
    """A trained model with rounded tables."""

    def __init__(self, trained: TrainedModel, store: Store) -> None:
        self.name, self.can_score = store, trained.can_score
        self._trained, self._store = trained, store
        self._candidates = self._round(trained.candidate_table)

    def scores(self, queries: Queries, item_rows: npt.NDArray[np.int32]) -> Floats:
        found: Floats = self._round(self._trained.query_vectors(queries)) @ self._candidates[item_rows].T
        found[:, ~self.can_score[item_rows]] = -np.inf
        return found

    def _round(self, table: Floats) -> Floats:
        return restored(*rounded(np.asarray(table, np.float32), self._store))


def bytes_of(trained: TrainedModel, store: Store) -> int:
    """What candidates, histories and users take."""
    width = trained.candidate_table.shape[1]
    rows = len(trained.candidate_table) + len(trained.user_ids) + 1
    numbers = rows * width + trained.history_table.size
    scales = rows + len(trained.history_table) if store == "int8" else 0
    return numbers * np.dtype(store).itemsize + 4 * scales


def figures_of(folder: Path, preset: str, seed: int) -> dict[str, Any]:
    task = items_task(read_collection(folder))
    trained = fit(task.split, task.features, Settings.preset(preset, seed=seed))
    found: dict[str, dict[str, Any]] = {}
    for store in STORES:
        slices = judged(Rounded(trained, store), task).regimes
        found[store] = {
            "ndcg@20": {name: round(float(result.mean("ndcg@20")), 5) for name, result in slices.items()},
            "table_bytes": bytes_of(trained, store),
        }
    for one in found.values():
        exact = found["float32"]
        one["share_of_ndcg"] = {
            name: round(value / exact["ndcg@20"][name], 5) for name, value in one["ndcg@20"].items()
        }
        one["share_of_bytes"] = round(one["table_bytes"] / exact["table_bytes"], 4)
    return {"dim": int(trained.history_table.shape[1]), "items": len(trained.item_ids), "stores": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="see benchmarks/README.md")
    parser.add_argument("--collections", type=lambda text: text.split(","), help="names with commas (default: all)")
    parser.add_argument("--preset", choices=("fast", "best"), default="fast")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write the figures (default: results/stores.json)")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"preset": asked.preset}
    for folder in find_collections(asked.data, asked.collections):
        figures[f"on-{folder.name}"] = found = figures_of(folder, asked.preset, asked.seed)
        for store, one in found["stores"].items():
            print(folder.name, store, one)
    print(write_results("stores", figures, seed=asked.seed, out=asked.out))


if __name__ == "__main__":
    main()
