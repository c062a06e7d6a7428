"""What was found, as files: aggregate figures to keep, and the numbers of single users aside, for paired tests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from common import write_results

from quality_parts.system import Prepared, System
from quality_parts.tasks import Task
from tfcold.evaluation import Evaluation, RegimeResult, evaluate, lists_of
from tfcold.evaluation.candidates import candidates_of
from tfcold.files import written_aside
from tfcold.ranking import Scorer

CUT: Final = 20
METRICS: Final = ("ndcg", "recall")


def folder_of(collection: str) -> str:
    """How folder and page of a collection are called: no name of ours starts with that of a data set."""
    return f"on-{collection}"


@dataclass(frozen=True)
class Place:
    """Where the files of one system, collection, task and seed lie.

    Args:
        results: folder of what is kept.
        per_user: folder of the numbers of single users, which are not.
        lists: folder of the lists of single users, which are not kept either; None writes none.
    """

    results: Path
    per_user: Path
    collection: str
    task: str
    system: str
    seed: int
    lists: Path | None = None

    @property
    def _stem(self) -> str:
        name = re.sub(r"\W+", "-", self.system).strip("-").lower()
        return f"{folder_of(self.collection)}/{name}.{self.task}.seed{self.seed}"

    @property
    def json(self) -> Path:
        return self.results / f"{self._stem}.json"

    @property
    def npz(self) -> Path:
        return self.per_user / f"{self._stem}.npz"

    def list_of(self, name: str) -> Path:
        """The lists of slice `name`. Needs `lists`."""
        assert self.lists is not None
        return self.lists / f"{self._stem}.{name}.csv"


def judged(scorer: Scorer, task: Task) -> Evaluation:
    """The scorer on the slices of a task; one in which it cannot score a single cold candidate is left out.

    Its `can_score`, bool [I + 1], says so; a scorer without it is asked everything.
    """
    found: dict[str, RegimeResult] = {}
    can_score = getattr(scorer, "can_score", None)
    for name, (split, regime) in task.slices.items():
        if can_score is not None and not can_score[candidates_of(split, "test", regime)].any():
            continue
        result = evaluate(scorer, split, regimes=[regime], k=CUT).regimes[regime]
        found[name] = replace(result, regime=name)
    about = {"fingerprint": task.split.fingerprint, "protocol": task.split.protocol}
    return Evaluation(scorer.name, "test", (CUT,), found, about)


def write_lists(place: Place, scorer: Scorer, task: Task, slices: Sequence[str]) -> None:
    """Writes `user_id, item_id, rank, score` for each of these slices, `<system>.<task>.seed<n>.<slice>.csv`.

    Of users without a training row, too, where the slice is not one of new users anyway.
    """
    for name in slices:
        split, regime = task.slices[name]
        with written_aside(place.list_of(name)) as aside:
            lists_of(scorer, split, regime, k=CUT, new_users=True).to_csv(aside, index=False)


def write(
    place: Place,
    system: System,
    task: Task,
    ready: Prepared | None,
    found: Evaluation,
    seconds: float,
    reason: str = "",
) -> None:
    """Writes the JSON, and the numbers of single users beside.

    Args:
        place: where to.
        system: what was judged.
        task: on what.
        ready: the fitted system, or None where it could not take part.
        found: its evaluation; no slice where it could not take part.
        seconds: what judging took.
        reason: why it could not take part.
    """
    summary = found.to_dict() if found.regimes else {"regimes": {}, "interval": None}
    figures = {
        "system": system.name,
        "ours": system.ours,
        "collection": task.collection,
        "task": task.name,
        "split": dict(found.split),
        "slices": summary["regimes"],
        "left_out": [name for name in task.slices if name not in found.regimes],
        "unable": reason or None,
        "interval": summary["interval"],
        "settings": None if ready is None else dict(ready.settings),
        "seconds": {
            "vectors": round(task.vector_seconds, 1),
            "choose_and_fit": None if ready is None else round(ready.seconds, 1),
            "judge": round(seconds, 1),
        },
    }
    write_results("quality", figures, seed=place.seed, out=place.json)
    arrays: dict[str, Any] = {"fingerprint": np.array(str(found.split["fingerprint"]))}
    for name, result in found.regimes.items():
        arrays[f"{name}/users"] = result.user_ids.astype(str)
        arrays[f"{name}/targets"] = result.num_targets
        for metric, values in result.metrics.items():
            arrays[f"{name}/{metric}"] = values
    with written_aside(place.npz) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def made_of(place: Place) -> str:
    """In words: versions, commit and machine of a JSON."""
    about = json.loads(place.json.read_text(encoding="utf-8"))
    version, machine = about["versions"]["tfcold"], about["machine"]
    return f"tfcold {version}, commit {about['commit'][:12]}, {machine['cores']} cores ({machine['cpu']})"


def read(place: Place) -> tuple[dict[str, Any], Evaluation | None]:
    """The figures of a JSON, and the evaluation with its single users where those are still there.

    Raises:
        FileNotFoundError: there is no such JSON.
    """
    figures = json.loads(place.json.read_text(encoding="utf-8"))["figures"]
    if not place.npz.is_file():
        return figures, None
    with np.load(place.npz, allow_pickle=False) as arrays:
        if str(arrays["fingerprint"]) != figures["split"]["fingerprint"]:
            return figures, None
        found = {name: _result(name, arrays, figures["slices"][name]) for name in figures["slices"]}
    about = figures["split"]
    return figures, Evaluation(figures["system"], "test", (CUT,), found, about)


def _result(name: str, arrays: Mapping[str, Any], figures: Mapping[str, Any]) -> RegimeResult:
    lists = {metric: ends["value"] for metric, ends in figures["metrics"].items() if ends["low"] is None}
    metrics = {metric: arrays[f"{name}/{metric}"] for metric in figures["metrics"] if metric not in lists}
    users = arrays[f"{name}/users"].astype(object)
    return RegimeResult(name, users, arrays[f"{name}/targets"], metrics, lists, int(figures["candidates"]))
