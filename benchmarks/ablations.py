"""What does each part of tfcold bring, slice by slice? Refits without it, one by one; writes `results/ablations/`.

    python benchmarks/ablations.py --data FOLDER
    python benchmarks/ablations.py --data FOLDER --collections lastfm-2k --parts "no prior,no lexical block"
    python benchmarks/ablations.py --data FOLDER --table-only

What can be switched off: `ABLATIONS` in `quality_parts/ablated.py`. Collections: as for `quality.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, commit
from quality import TASKS, run
from quality_parts.ablated import ablated, whole
from quality_parts.collection import find_collections, read_collection
from quality_parts.records import CUT, METRICS, Place, folder_of, made_of, read
from quality_parts.system import CLOCK, System
from quality_parts.tables import Entry, changes, entry

from tfcold.assets import cache_folder
from tfcold.evaluation.labels import metric_label
from tfcold.files import written_aside


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _asked(arguments)
    commit()
    recipe, parts = whole(asked.preset), ablated(asked.preset)
    chosen = {name: parts[name] for name in asked.parts or parts}
    asked.systems, asked.clock, asked.lists = [recipe, *chosen.values()], CLOCK, None
    for folder in find_collections(asked.data, asked.collections):
        if not asked.table_only:
            collection = read_collection(folder)
            run(collection, "items", asked)
            if asked.cold_users and collection.cold_users is not None:
                run(collection, "users", asked)
        page = page_of(folder.name, recipe, parts, asked)
        with written_aside(asked.out / f"{folder_of(folder.name)}.md") as aside:
            aside.write_text(page, encoding="utf-8")
        print(page)


def page_of(collection: str, recipe: System, parts: Mapping[str, System], asked: argparse.Namespace) -> str:
    """The tables of a collection: the recipe's figures, and what each part's absence changes, from the files."""
    lines = [f"## {collection}, {recipe.name}, one part switched off at a time"]
    made: dict[str, None] = {}
    for task in TASKS:
        entries: list[Entry] = []
        for system in (recipe, *parts.values()):
            places = [Place(asked.out, asked.per_user, collection, task, system.name, seed) for seed in asked.seeds]
            if all(place.json.is_file() for place in places):
                entries.append(entry([read(place) for place in places]))
                made.update(dict.fromkeys(made_of(place) for place in places))
        if entries and entries[0].system == recipe.name:
            for metric in METRICS:
                lines += [f"### {task}, {metric_label(metric, CUT)}", changes(entries[0], entries[1:], metric)]
    note = (
        f"Seeds {', '.join(map(str, asked.seeds))}; {'; '.join(made)}. First line: means; below: change when the part "
        "is switched off, in percent, and p of a paired sign-flip test over users where these are at hand."
    )
    return "\n\n".join([*lines, note]) + "\n"


def _asked(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of folders with interactions.csv.gz")
    parser.add_argument("--collections", type=_names, help="names with commas (default: all)")
    parser.add_argument("--preset", choices=["fast", "best"], default="fast")
    parser.add_argument("--parts", type=_parts, help="names with commas (default: all): " + ", ".join(ablated("fast")))
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in _names(text)], default=[0])
    parser.add_argument("--cold-users", action="store_true", help="a second fit, without the users held out")
    parser.add_argument("--table-only", action="store_true", help="fit nothing")
    parser.add_argument("--out", type=Path, default=RESULTS / "ablations", help="folder of the results")
    parser.add_argument(
        "--per-user",
        type=Path,
        default=cache_folder() / "ablations",
        help="numbers of single users, not to be published",
    )
    asked = parser.parse_args(arguments)
    asked.out, asked.per_user = asked.out / asked.preset, asked.per_user / asked.preset
    return asked


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parts(text: str) -> list[str]:
    known = ablated("fast")
    for name in _names(text):
        if name not in known:
            raise argparse.ArgumentTypeError(f"no part {name!r}; there are {', '.join(known)}")
    return _names(text)


if __name__ == "__main__":
    main()
