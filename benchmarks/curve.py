"""How good are lists for items and users of which 0, 1, 2, 4, 8, 16 interactions are known? Writes `results/curve/`.

    python benchmarks/curve.py --data FOLDER --collections lastfm-2k
    python benchmarks/curve.py --data FOLDER --collections lastfm-2k --picture docs/curve.svg
    python benchmarks/curve.py --data FOLDER --collections lastfm-2k --picture docs/curve.svg --picture-only

What is held out, and who the references are: `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, commit, write_results
from quality_parts.collection import Collection, find_collections, read_collection
from quality_parts.curves import COLD, SHOTS, SIDES, WARM, curve_task, differences_of, picture, points_of, references_of
from quality_parts.records import folder_of, judged
from quality_parts.system import CLOCK, Job, Unable, prepared
from quality_parts.systems import SYSTEMS

from tfcold.errors import InputError
from tfcold.evaluation import Evaluation
from tfcold.files import written_aside


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _asked(arguments)
    commit()
    for folder in find_collections(asked.data, asked.collections):
        path = asked.out / f"{folder_of(folder.name)}.json"
        if not asked.picture_only:
            figures = measured(read_collection(folder), asked)
            write_results("curve", figures, seed=asked.seed, out=path)
        figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
        for line in lines_of(figures):
            print(line)
        if asked.picture:
            with written_aside(asked.picture) as aside:
                aside.write_bytes(picture(figures["sides"], figures["ours"], folder.name))


def measured(collection: Collection, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures of a collection: by side, points of every system, the references, and ours against them."""
    sides = {}
    for side in asked.sides:
        try:
            task = curve_task(collection, side, seed=asked.seed, shots=asked.shots)
        except InputError as error:
            print(f"{collection.name}, {side}: left out: {error}", flush=True)
            continue
        job = Job(task, asked.seed, clock=asked.clock)
        found: dict[str, Evaluation] = {}
        about = {}
        for name in (asked.ours, *WARM, *COLD):
            try:
                ready = prepared(SYSTEMS[name], job)
            except (Unable, InputError) as error:
                print(f"{collection.name}, {side}: {name} cannot take part: {error}", flush=True)
                continue
            found[name] = judged(ready.scorer, task)
            about[name] = {"settings": dict(ready.settings), "choose_and_fit_seconds": round(ready.seconds, 1)}
            print(f"{collection.name}, {side}: {name}, {ready.seconds:.0f} s to fit", flush=True)
        points = points_of(list(found.values()), side)
        references = references_of(points)
        sides[side] = {
            "systems": points,
            "references": references,
            "differences": differences_of(found[asked.ours], found, references, side),
            "about": about,
            "split": {"fingerprint": task.split.fingerprint, "parameters": dict(task.split.parameters)},
        }
    return {"collection": collection.name, "ours": asked.ours, "metric": "ndcg@20", "sides": sides}


def lines_of(figures: dict[str, Any]) -> list[str]:
    """The differences in words, one line each."""
    return [
        f"{figures['collection']}, {side}, {row['known']:>2} known: {figures['ours']} {row['difference']:+.4f} "
        f"[{row['difference_low']:+.4f}, {row['difference_high']:+.4f}] against {row['reference']} ({row['against']})"
        for side, found in figures["sides"].items()
        for row in found["differences"]
    ]


def _asked(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of folders with interactions.csv.gz")
    parser.add_argument("--collections", type=lambda text: text.split(","), help="names with commas (default: all)")
    parser.add_argument("--ours", choices=[one.name for one in SYSTEMS.values() if one.ours], default="tfcold-best")
    parser.add_argument("--sides", type=lambda text: text.split(","), default=list(SIDES), help="items,users")
    parser.add_argument("--shots", type=lambda text: [int(one) for one in text.split(",")], default=list(SHOTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clock", type=float, default=CLOCK, help=argparse.SUPPRESS)
    parser.add_argument("--picture", type=Path, help="an SVG to write; with one collection")
    parser.add_argument("--picture-only", action="store_true", help="fit nothing: from the file that is there")
    parser.add_argument("--out", type=Path, default=RESULTS / "curve", help="folder of the results")
    asked = parser.parse_args(arguments)
    if asked.picture and len(asked.collections or ()) != 1:
        parser.error("--picture needs one name in --collections")
    return asked


if __name__ == "__main__":
    main()
