"""One system in a process of its own: opens an index, then answers a line of JSON with a line of JSON.

python -m search_parts.worker SYSTEM FOLDER K QUERIES.npy write|open [ITEMS.npy]
python -m search_parts.worker SYSTEM FOLDER K - save NUM DIM SEED
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from search_parts.systems import SYSTEMS, Search, import_scann
from search_parts.vectors import drawn


def resident_mb() -> float:
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return int(found[1]) / 1024 if found else float("nan")


def warm_up(name: str) -> None:
    """Loads the packages of a system, so that they count neither as time to load nor as memory of the index."""
    folder = name.split()[0]
    if folder in ("tfcold", "tfrs"):
        import tensorflow  # noqa: F401
    elif folder == "faiss":
        import faiss  # noqa: F401
    elif folder == "usearch":
        import usearch.index  # noqa: F401
    elif folder == "ScaNN":
        import_scann()


def answer(search: Search, queries: np.ndarray, batch: int, calls: int, first: int) -> list[tuple[float, float]]:
    """Milliseconds of each call, by the clock and of all processors."""
    taken = []
    for number in range(first, first + calls):
        start = number * batch % (len(queries) - batch + 1)
        begun, before = time.perf_counter(), time.process_time()
        search(queries[start : start + batch])
        taken.append((1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - before)))
    return taken


def saving(name: str, folder: Path, num: int, dim: int, seed: int) -> dict[str, float]:
    """Megabytes of the items, and at most of the process while it saves them.

    Without its packages and what they take when they are first used: a small index is saved before.
    """
    with tempfile.TemporaryDirectory() as first:
        SYSTEMS[name].write(drawn(1000, dim, seed), Path(first))
    before = resident_mb()
    items = drawn(num, dim, seed)
    held, size = resident_mb() - before, items.nbytes / 2**20
    SYSTEMS[name].write(items, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    figures = {"index_mb": size, "held_before_mb": held, "peak_mb": peak}
    return {**{name: round(value, 1) for name, value in figures.items()}, "peak_over_index": round(peak / size, 3)}


def main() -> None:
    name, folder, k = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    warm_up(name)
    if sys.argv[5] == "save":
        print(json.dumps(saving(name, folder, *map(int, sys.argv[6:]))), flush=True)
        return
    queries = np.load(sys.argv[4])
    before = resident_mb()
    begun = time.perf_counter()
    if sys.argv[5] == "write":
        SYSTEMS[name].write(np.load(sys.argv[6]), folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        said = {"build_seconds": round(time.perf_counter() - begun, 2), "build_peak_mb": round(peak - before)}
        print(json.dumps(said), flush=True)
        return
    search = SYSTEMS[name].open(folder, k)
    search(queries[:1])
    loaded = {"load_seconds": round(time.perf_counter() - begun, 3)}
    lists = np.concatenate([np.asarray(search(part)) for part in np.array_split(queries[:256], 4)])
    loaded |= {"resident_mb": round(resident_mb() - before, 1), "lists": lists.tolist()}
    print(json.dumps(loaded), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(answer(search, queries, **asked)), flush=True)


if __name__ == "__main__":
    main()
