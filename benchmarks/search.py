"""How fast, how large and how right is the search of a bundle, beside other ways to find the largest dot products?

Vectors are drawn with a falling spectrum. Every system writes its index to a folder, opens it again in a process of its
own, and answers batches of 1 and 64 queries; the processes take turns, round after round, so what else the machine does
falls on all of them: compare the ratios within one size and batch. `vs_best_exact_peer` is the shortest p50 of an exact
peer over the p50 of ours: above 1 ours is faster. `cpu_vs_best_exact_peer` is the same in processor time, which a busy
machine blurs less, and which says nothing of how well the processors are shared. `vs_best_approximate_peer` goes by
the fastest approximate peer that finds 99 of 100 entries; all are tuned by the rule of ours. Of 10 thousand items, and
where too much would be looked into, ours answers exactly, whatever was asked for.

    python benchmarks/search.py [--sizes 10000,100000,1000000] [--dim 64] [--systems "tfcold int8;NumPy"] [--seed 0]
    python benchmarks/search.py --saving 5000000

The first takes 10 to 17 minutes on 2 cores and 4 GB. The second only saves an index of so many items, and
writes how much memory that took at most, the items it is made from included, to results/search_saving.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import write_results
from search_parts.systems import SYSTEMS
from search_parts.vectors import drawn, exact_lists

K = 20
JUDGED = 256  # queries whose lists are compared
ENOUGH = 0.99  # recall from which an approximate peer counts
HERE = Path(__file__).parent


class Worker:
    """A system in a process of its own."""

    def __init__(self, name: str, folder: Path, queries: Path, *more: str) -> None:
        settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_WAIT_POLICY": "passive", "TF_USE_LEGACY_KERAS": "1"}
        command = [sys.executable, "-m", "search_parts.worker", name, str(folder), str(K), str(queries), *more]
        paths = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **settings, "PYTHONPATH": paths},
        )  # fmt: skip

    def said(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        return json.loads(line) if line else None

    def asked(self, **question: int) -> list[tuple[float, float]]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self.said() or []

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(60)


def recall(found: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean([len(set(one) & set(other)) / K for one, other in zip(found.tolist(), right, strict=True)]))


def opened(
    names: list[str], num: int, asked: argparse.Namespace, work: Path
) -> tuple[dict[str, Worker], dict[str, Any]]:
    """The systems that can take part, open, and what was found on the way."""
    items, queries = drawn(num, asked.dim, asked.seed), drawn(1024, asked.dim, asked.seed + 1)
    np.save(work / "items.npy", items)
    np.save(work / "queries.npy", queries)
    right = [set(line) for line in exact_lists(items, queries[:JUDGED], K).tolist()]
    del items
    workers, found = {}, {}
    for name in names:
        if num > SYSTEMS[name].most and not asked.patient:
            found[name] = {"left_out": f"asked up to {SYSTEMS[name].most} items"}
            continue
        folder = work / name.replace(" ", "-").replace(",", "")
        folder.mkdir()
        maker = Worker(name, folder, work / "queries.npy", "write", str(work / "items.npy"))
        built = maker.said()
        maker.close()
        worker = Worker(name, folder, work / "queries.npy", "open") if built else None
        loaded = worker.said() if worker else None
        if worker is None or loaded is None:
            found[name] = {"left_out": "could not be built or opened: is its package there?"}
            continue
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        lists = np.array(loaded.pop("lists"))
        found[name] = {**built, **loaded, "disk_mb": round(size / 1e6, 1), "recall@20": round(recall(lists, right), 4)}
        workers[name] = worker
    return workers, found


def speeds(workers: dict[str, Worker], asked: argparse.Namespace, batch: int) -> dict[str, dict[str, float]]:
    """Figures of each system at a batch, which took turns."""
    rounds, seconds = asked.rounds, asked.seconds
    calls, taken = {}, {name: [] for name in workers}
    for name, worker in workers.items():
        first = worker.asked(batch=batch, calls=4, first=0)
        calls[name] = int(np.clip(1000 * seconds / max(min(first)[0], 1e-3), 2, 200))
    for turn in range(rounds):
        for name, worker in workers.items():
            taken[name] += worker.asked(batch=batch, calls=calls[name], first=turn * calls[name])
    found = {}
    for name, times in taken.items():
        clock, processors = np.array(times).T
        p50, p99 = (round(float(value), 3) for value in np.quantile(clock, [0.5, 0.99]))
        found[name] = {
            "p50_ms": p50,
            "p99_ms": p99,
            "queries_per_second": round(1000 * batch / float(clock.mean()), 1),
            "cpu_p50_ms": round(float(np.median(processors)), 3),
            "calls": len(times),
        }
    return found


def compare(found: dict[str, Any], batch: str) -> None:
    """Adds how each system stands to the best peers: the exact ones, and those that find enough of the lists."""
    took_part = {name: one for name, one in found.items() if batch in one}
    peers = {name: one for name, one in took_part.items() if not SYSTEMS[name].ours}
    groups = {
        "exact": [one[batch] for name, one in peers.items() if SYSTEMS[name].exact],
        "approximate": [
            one[batch] for name, one in peers.items() if not SYSTEMS[name].exact and one["recall@20"] >= ENOUGH
        ],
    }
    for kind, before in (("p50_ms", ""), ("cpu_p50_ms", "cpu_")):
        for group, figures in groups.items():
            for one in took_part.values() if figures else ():
                ratio = min(peer[kind] for peer in figures) / one[batch][kind]
                one[batch][f"{before}vs_best_{group}_peer"] = float(f"{ratio:.3g}")


def measured(names: list[str], num: int, asked: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=asked.work) as work:
        workers, found = opened(names, num, asked, Path(work))
        try:
            for batch in asked.batches:
                for name, figures in speeds(workers, asked, batch).items():
                    found[name][f"batch_{batch}"] = figures
                compare(found, f"batch_{batch}")
        finally:
            for worker in workers.values():
                worker.close()
    return found


def saved(asked: argparse.Namespace) -> dict[str, Any]:
    """How much memory saving an index takes at most: what it is made from, its table, and what saving adds."""
    with tempfile.TemporaryDirectory(dir=asked.work) as work:
        folder = Path(work) / "index"
        folder.mkdir()
        vectors = ["save", str(asked.saving), str(asked.dim), str(asked.seed)]
        worker = Worker(asked.systems or "tfcold float32", folder, Path(work), *vectors)
        found: dict[str, Any] = worker.said()
        worker.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(one) for one in text.split(",")]  # noqa: E731
    parser.add_argument("--sizes", type=numbers, default=[10_000, 100_000, 1_000_000], help="items, with commas")
    parser.add_argument("--batches", type=numbers, default=[1, 64], help="queries a call, with commas")
    parser.add_argument("--dim", type=int, default=64, help="one more column is the prior")
    parser.add_argument("--rounds", type=int, default=12, help="turns of each system")
    parser.add_argument("--seconds", type=float, default=0.4, help="about what a turn takes")
    parser.add_argument("--systems", help=f"with semicolons (default all): {'; '.join(SYSTEMS)}")
    parser.add_argument("--patient", action="store_true", help="HNSW of more than 200,000 items, too: many minutes")
    parser.add_argument("--saving", type=int, metavar="N", help="only save an index of N items, and say its memory")
    parser.add_argument("--work", type=Path, help="where indexes are written (default: the temporary folder)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write the figures (default: in results)")
    asked = parser.parse_args()
    names = [one.strip() for one in asked.systems.split(";")] if asked.systems else list(SYSTEMS)
    if unknown := [name for name in names if name not in SYSTEMS]:
        parser.error(f"no system {unknown[0]!r}; there are {'; '.join(SYSTEMS)}")
    if asked.saving:
        figures = {"items": asked.saving, "dim": asked.dim, **saved(asked)}
        print(json.dumps(figures), write_results("search_saving", figures, seed=asked.seed, out=asked.out), flush=True)
        return
    figures: dict[str, Any] = {
        "dim": asked.dim,
        "k": K,
        "note": "systems took turns on one machine; on a busy one compare ratios within a size and batch, not times",
        "items": {},
    }
    for num in asked.sizes:
        figures["items"][str(num)] = found = measured(names, num, asked)
        for name, one in found.items():
            print(num, name, one, flush=True)
        print(write_results("search", figures, seed=asked.seed, out=asked.out), flush=True)


if __name__ == "__main__":
    main()
