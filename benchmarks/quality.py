"""How good is tfcold beside other systems, slice by slice? Writes `results/quality/` and tables from it.

    python benchmarks/quality.py --data FOLDER                       every collection and system, seed 0
    python benchmarks/quality.py --data FOLDER --collections lastfm-2k --systems tfcold-fast,EASE --seeds 0,1,2
    python benchmarks/quality.py --data FOLDER --cold-users          new users, too
    python benchmarks/quality.py --data FOLDER --table-only          the tables again, from the files

What a collection's folder must hold, how settings are chosen and what the tables say: `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, commit
from quality_parts.collection import Collection, find_collections, read_collection
from quality_parts.records import Place, folder_of, judged, made_of, read, write, write_lists
from quality_parts.system import CLOCK, Job, System, Unable, prepared
from quality_parts.systems import SYSTEMS
from quality_parts.tables import Entry, entry, report
from quality_parts.tasks import Task, items_task, users_task

from tfcold.assets import cache_folder
from tfcold.errors import InputError
from tfcold.evaluation import Evaluation
from tfcold.files import written_aside

TASKS: dict[str, Callable[[Collection], Task]] = {"items": items_task, "users": users_task}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _asked(arguments)
    commit()  # of the code that runs, whatever is committed meanwhile
    for folder in find_collections(asked.data, asked.collections):
        if not asked.table_only:
            collection = read_collection(folder, encode=asked.encode)
            if not asked.only_users:
                run(collection, "items", asked)
            if (asked.cold_users or asked.only_users) and collection.cold_users is not None:
                run(collection, "users", asked)
        page = page_of(folder.name, asked)
        with written_aside(asked.out / f"{folder_of(folder.name)}.md") as aside:
            aside.write_text(page, encoding="utf-8")
        print(page)


def run(collection: Collection, name: str, asked: argparse.Namespace) -> None:
    """Fits, judges and writes every system that was asked for, on one task."""
    task = TASKS[name](collection)
    for number, seed in enumerate(asked.seeds):
        job = Job(task, seed, clock=asked.clock)
        for system in asked.systems:
            if system.seeded or number == 0:
                _run_one(
                    system, job, Place(asked.out, asked.per_user, collection.name, name, system.name, seed, asked.lists)
                )


def _run_one(system: System, job: Job, place: Place) -> None:
    task = job.task
    nothing = Evaluation(system.name, "test", (20,), {}, {"fingerprint": task.split.fingerprint})
    try:
        ready = prepared(system, job)
    except (Unable, InputError) as error:
        print(f"{task.collection}, {task.name}, seed {job.seed}: {system.name} cannot take part: {error}", flush=True)
        write(place, system, task, None, nothing, 0.0, str(error))
        return
    start = time.monotonic()
    found = judged(ready.scorer, task)
    if place.lists is not None:
        write_lists(place, ready.scorer, task, list(found.regimes))
    write(place, system, task, ready, found, time.monotonic() - start)
    said = ", ".join(f"{name} {result.mean('ndcg@20'):.4f}" for name, result in found.regimes.items())
    print(
        f"{task.collection}, {task.name}, seed {job.seed}: {system.name} NDCG@20 {said}; {ready.seconds:.0f} s to fit",
        flush=True,
    )


def page_of(collection: str, asked: argparse.Namespace) -> str:
    """The tables of a collection, from the files of the systems and seeds asked for."""
    tasks: dict[str, list[Entry]] = {}
    made: dict[str, None] = {}
    for task in TASKS:
        for system in SYSTEMS.values():  # all there are: a table shows more than the last run
            places = [
                Place(asked.out, asked.per_user, collection, task, system.name, seed)
                for seed in (asked.seeds if system.seeded else asked.seeds[:1])
            ]
            places = [place for place in places if place.json.is_file()]
            records = [read(place) for place in places]
            made.update(dict.fromkeys(made_of(place) for place in places))
            if records:
                tasks.setdefault(task, []).append(entry(records))
    note = (
        f"Seeds {', '.join(map(str, asked.seeds))}; {'; '.join(made)}. "
        "p-values of paired sign-flip tests over users, uncorrected."
    )
    return report(collection, tasks, note)


def _asked(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of folders with interactions.csv.gz")
    parser.add_argument("--collections", type=_names, help="names with commas (default: all)")
    parser.add_argument("--systems", type=_systems, default=list(SYSTEMS.values()), help=", ".join(SYSTEMS))
    parser.add_argument("--seeds", type=_seeds, default=[0], help="numbers with commas (default 0)")
    parser.add_argument("--cold-users", action="store_true", help="a second fit, without the users held out")
    parser.add_argument("--only-users", action="store_true", help="the second fit alone")
    parser.add_argument("--clock", type=float, default=CLOCK, help="seconds a peer may spend on its settings (600)")
    parser.add_argument("--encode", action="store_true", help="encode words anew, whatever minilm.npy there is")
    parser.add_argument("--table-only", action="store_true", help="fit nothing")
    parser.add_argument("--out", type=Path, default=RESULTS / "quality", help="folder of the results")
    parser.add_argument(
        "--per-user", type=Path, default=cache_folder() / "quality", help="numbers of single users, not to be published"
    )
    parser.add_argument(
        "--lists", type=Path, help="folder for the lists of every user, a csv a slice: to judge elsewhere"
    )
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _seeds(text: str) -> list[int]:
    return [int(name) for name in _names(text)]


def _systems(text: str) -> list[System]:
    unknown = [name for name in _names(text) if name not in SYSTEMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    return [SYSTEMS[name] for name in _names(text)]


if __name__ == "__main__":
    main()
