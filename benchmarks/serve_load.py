"""What does `tfcold serve` bear: requests a second, p50 and p99, for one server process on this machine?

A synthetic bundle (vectors drawn with a falling spectrum, no training) is written to a temporary folder, `tfcold serve`
is started on it as a process of its own, and N connections ask it without pause, each its next request once it has the
answer. Requests are mixed over the signatures that the bundle has. Clients run in a process of their own too, on the
same cores, so figures are those of both together. Every answer is checked: status 200 and lists of k items.

    python benchmarks/serve_load.py [--users 20000] [--items 20000] [--dim 64] [--connections 1,8,32] [--seconds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from common import write_results

K = 20


def write_bundle(folder: Path, num_users: int, num_items: int, dim: int, seed: int) -> None:
    """A bundle whose vectors were drawn, with 20 interactions for each user; the last tenth of the items is cold."""
    import pandas as pd

    from tfcold.blocks import Features
    from tfcold.data import Dataset
    from tfcold.export import export
    from tfcold.models import TwoTower
    from tfcold.splits.split import Split
    from tfcold.text.vectors import TextVectors
    from tfcold.training.settings import Settings
    from tfcold.training.trained import trained_model

    random = np.random.default_rng(seed)
    items = pd.DataFrame({"item_id": [f"i{number}" for number in range(num_items)]})
    items["title"] = [f"item number {number}" for number in range(num_items)]
    rows = pd.DataFrame({"user_id": np.repeat([f"u{number}" for number in range(num_users)], 20)})
    rows["item_id"] = [f"i{number}" for number in random.integers(0, int(num_items * 0.9), len(rows))]
    rows = rows.drop_duplicates()
    dataset = Dataset.from_tables(rows, items)
    split = Split(dataset=dataset, train=np.arange(len(dataset)))
    spectrum = (1 / np.sqrt(1 + np.arange(dim))).astype(np.float32)
    vectors = random.normal(size=(num_items, dim)).astype(np.float32) * spectrum
    words = TextVectors(items["item_id"].to_numpy(object), vectors, {"encoder": "drawn"})
    features = Features(items={"text": words.block("text", dataset.item_ids)})
    model = TwoTower(dataset.schema({"text": dim}, {}), dim=dim, seed=seed)
    counts = np.asarray(split.train_matrix().sum(axis=0)).ravel().astype(int)
    model.adapt(features, item_counts=counts, seed=seed)
    export(trained_model(model, split, Settings(), provenance={"text": {"encoder": "drawn"}}), folder, items=items)


def questions(num_users: int, num_items: int, dim: int, count: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Signature and body of each request."""
    random = np.random.default_rng(seed + 1)

    def one(number: int) -> tuple[str, dict[str, Any]]:
        user = f"u{random.integers(num_users)}"
        item_ids = [f"i{item}" for item in random.integers(0, num_items, 10)]
        vector = random.normal(size=dim).round(4).tolist()
        return [
            ("serving_default", {"user_id": [user]}),
            ("recommend", {"user_id": [user], "k": K, "exclude": [item_ids[:3]]}),
            ("recommend_from_history", {"item_id": [item_ids], "k": K}),
            ("recommend_from_vector", {"vector": [vector], "k": K}),
            ("similar_items", {"item_id": item_ids[:1], "k": K}),
            ("score", {"user_id": [user] * 10, "item_id": item_ids}),
        ][number % 6]

    return [one(number) for number in range(count)]


async def load(url: str, name: str, asked: list[Any], connections: int, seconds: float) -> dict[str, Any]:
    """Figures of one level of load, after a second that is not counted."""
    taken: dict[str, list[float]] = {}
    wrong: Counter[str] = Counter()
    start = time.perf_counter() + 1
    stop = start + seconds
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:

        async def connection(number: int) -> None:
            while (begun := time.perf_counter()) < stop:
                signature, inputs = asked[number % len(asked)]
                number += connections
                try:
                    body = {"signature_name": signature, "inputs": inputs}
                    answer = await client.post(f"/v1/models/{name}:predict", json=body)
                    problem = said_wrong(signature, answer)
                except httpx2.HTTPError as error:
                    problem = type(error).__name__
                if begun >= start:
                    taken.setdefault(signature, []).append(time.perf_counter() - begun)
                    wrong.update([problem] if problem else [])

        await asyncio.gather(*map(connection, range(connections)))
    everything = np.concatenate([np.array(times) for times in taken.values()])
    return {
        "connections": connections,
        "requests": len(everything),
        "requests_per_second": round(len(everything) / seconds, 1),
        **milliseconds(everything),
        "errors": dict(wrong),
        "by_signature": {signature: milliseconds(times) for signature, times in sorted(taken.items())},
    }


def said_wrong(signature: str, answer: httpx2.Response) -> str:
    """Empty for an answer that is whole."""
    if answer.status_code != 200:
        return f"status {answer.status_code}"
    outputs = answer.json()["outputs"]
    whole = len(outputs) == 10 if signature == "score" else [len(one) for one in outputs["item_id"]] == [K]
    return "" if whole else "not whole"


def milliseconds(times: Any) -> dict[str, float]:
    p50, p99 = np.quantile(times, [0.5, 0.99])
    return {"p50_ms": round(1000 * float(p50), 2), "p99_ms": round(1000 * float(p99), 2)}


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process, where the system tells it."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return round(int(found[1]) / 1024, 1) if found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"users": 20_000, "items": 20_000, "dim": 64, "threads": 4, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--connections", default="1,8,32", help="levels of load, one after the other")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each level")
    parser.add_argument("--out", type=Path, help="where to write the figures (default: results/serve_load.json)")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "shop"
        write_bundle(folder, args.users, args.items, args.dim, args.seed)
        asked = questions(args.users, args.items, args.dim, 3000, args.seed)
        command = [sys.executable, "-m", "tfcold", "serve", str(folder), "--port", "0", "--threads", str(args.threads)]
        begun = time.perf_counter()
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            said = server.stdout.readline() if server.stdout else ""
            start_seconds = time.perf_counter() - begun
            url = re.search(r"http://[\d.]+:\d+", said)
            if url is None:
                raise SystemExit(f"tfcold serve did not start: {said!r}")
            levels = []
            for connections in map(int, args.connections.split(",")):
                level = asyncio.run(load(url[0], "shop", asked, connections, args.seconds))
                levels.append(level)
                print({key: value for key, value in level.items() if key != "by_signature"})
            memory = resident_mb(server.pid)
        finally:
            server.terminate()
            code = server.wait(60)
    figures = {
        "users": args.users,
        "items": args.items,
        "dim": args.dim,
        "threads": args.threads,
        "seconds_per_level": args.seconds,
        "start_seconds": round(start_seconds, 1),
        "resident_mb": memory,
        "exit_code": code,
        "levels": levels,
    }
    print(write_results("serve_load", figures, seed=args.seed, out=args.out))


if __name__ == "__main__":
    main()
