"""How long does it take until one more item can be recommended, in memory and on disk?

For each size a synthetic bundle (vectors drawn with a falling spectrum, no training) is written to a temporary folder
and opened. Items join it one at a time, each with a vector of its own; after each, one user is asked for a list of 20,
and then for a list of this newcomer alone, which must hold it. Times are of `add_items` alone, and
of `recommend` before any change and after all of them. Last, the same item joins the bundle on disk.

    python benchmarks/add_one_item.py [--items 10000,100000] [--users 2000] [--rounds 300]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import write_results
from serve_load import write_bundle

DIM = 64
K = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", default="10000,100000", metavar="N,N")
    parser.add_argument("--users", type=int, default=2000, metavar="N")
    parser.add_argument("--rounds", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args()
    figures: dict[str, Any] = {"dim": DIM, "users": args.users, "rounds": args.rounds}
    for num_items in map(int, args.items.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            figures[f"{num_items}_items"] = measured(Path(folder) / "shop", num_items, args)
            print(num_items, figures[f"{num_items}_items"], flush=True)
    print(write_results("add_one_item", figures, seed=args.seed, out=args.out))


def measured(folder: Path, num_items: int, args: argparse.Namespace) -> dict[str, Any]:
    """Times of one size, in milliseconds."""
    import tfcold
    from tfcold.export import add_items
    from tfcold.text.vectors import TextVectors

    write_bundle(folder, args.users, num_items, DIM, args.seed)
    model = tfcold.load(folder)
    random = np.random.default_rng(args.seed)

    def arrival(number: int) -> tuple[pd.DataFrame, dict[str, TextVectors]]:
        frame = pd.DataFrame({"item_id": [f"new {number}"], "title": [f"arrival number {number}"]})
        vector = random.normal(size=(1, DIM)).astype(np.float32)
        return frame, {"text": TextVectors(frame["item_id"].to_numpy(object), vector, {"encoder": "drawn"})}

    def ask(number: int) -> pd.DataFrame:
        return model.recommend([f"u{number % args.users}"], k=K)

    ask(0)
    before = [timed(lambda number=number: ask(number)) for number in range(args.rounds)]
    traces = model._opened.model.search.concrete_functions
    first = timed(lambda: model.add_items(*arrival(-1)))
    adding, asking, listed = [], [], 0
    for number in range(args.rounds):
        new = arrival(number)
        adding.append(timed(lambda new=new: model.add_items(*new)))
        asking.append(timed(lambda number=number: ask(number)))
        wanted = model.recommend(["u0"], candidates=[f"new {number}"], k=1)
        assert wanted["item_id"].tolist() == [f"new {number}"], "a newcomer that cannot be listed"
        listed += len(wanted)
    assert len(model._opened.model.search.concrete_functions) == len(traces) == 1, "a new trace"
    start = time.perf_counter()
    add_items(folder, *arrival(args.rounds))
    return {
        "first_add_ms": round(first, 2),
        "add_ms": quantiles(adding),
        "recommend_before_ms": quantiles(before),
        "recommend_after_ms": quantiles(asking),
        "listed_at_once": listed,
        "add_on_disk_s": round(time.perf_counter() - start, 1),
    }


def timed(act: Callable[[], Any]) -> float:
    """Milliseconds that it took."""
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def quantiles(times: list[float]) -> dict[str, float]:
    """p50, p99 and the longest."""
    return {f"p{q}": round(float(np.percentile(times, q)), 2) for q in (50, 99)} | {"max": round(max(times), 2)}


if __name__ == "__main__":
    main()
