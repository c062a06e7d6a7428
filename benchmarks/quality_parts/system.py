"""What a system is, what it is given, and what its settings are chosen from.

A system is a name and a function from a `Job` to a scorer with its settings chosen on validation rows, fitted on
`job.task.split`. A scorer may have `can_score`, bool [I + 1]: a slice none of whose cold candidates it can score is
left out and shows as `-`. What a system cannot do at all (a package that is missing, no vectors, too many items) it
says by raising `Unable` or `InputError`.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from quality_parts.tasks import Task
from tfcold.baselines import Baseline
from tfcold.ranking import Scorer
from tfcold.training import TrainedModel
from tfcold.workflow import Grids, TunedBaselines

BUDGET: Final = 8  # settings that a system may try on validation rows, after what it builds on has been chosen

CLOCK: Final = 600.0

GRIDS: Final = Grids(
    min_items=(1, 2),
    neighbours=(50, 100, 200, 400),
    ease=(30.0, 100.0, 200.0, 500.0, 1000.0, 3000.0, 10000.0),
    ials=tuple(
        {"factors": factors, "alpha": alpha, "penalty": penalty}
        for factors in (64, 128)
        for alpha in (3.0, 10.0)
        for penalty in (5.0, 20.0)
    ),
    ridge=(0.3, 1.0, 3.0, 10.0),  # for each of two blocks
    kernel=((0.5, 1.0), (0.5, 5.0), (2.0, 1.0), (2.0, 5.0)),  # likewise
    cold_scales=(1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 18.0, 27.0),
)


class Unable(Exception):
    """The system cannot take part here; the message says why."""


class Job:
    """A task and a seed, with the tuned baselines that systems share.

    Args:
        task: what to fit on.
        seed: int.
        grids: default `GRIDS`.
        clock: float, default 600. Seconds after which a peer tries no further setting, and trains no further epoch.
    """

    def __init__(self, task: Task, seed: int, grids: Grids = GRIDS, *, clock: float = CLOCK) -> None:
        self.task = task
        self.seed = seed
        self.grids = grids
        self.clock = clock

    @cached_property
    def tuned(self) -> TunedBaselines:
        """The package's baselines, their settings chosen on the task's validation rows."""
        task = self.task
        return TunedBaselines(
            task.tuning, task.tuning_features, self.grids, regime=task.regime, judge=task.judge, seed=self.seed
        )


@dataclass(frozen=True)
class System:
    """One entry.

    Args:
        name: str. In files and tables.
        prepare: function of a `Job`, returns the fitted scorer.
        ours: bool. Whether others are what it is held against.
        seeded: bool. Whether a seed changes anything; if not, it runs with the first one only.
        baseline: str. Its attribute of `TunedBaselines`, whose clock then counts; empty for others.
        needs: str. What items must have for such a baseline: `"words"`, `"vectors"` or nothing.
    """

    name: str
    prepare: Callable[[Job], Scorer]
    ours: bool = False
    seeded: bool = False
    baseline: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Prepared:
    """A fitted system, what it chose, and the seconds it took to choose and fit, shared parts included."""

    scorer: Scorer
    settings: Mapping[str, Any]
    seconds: float


def prepared(system: System, job: Job) -> Prepared:
    """The system, its settings chosen, fitted on the task's training rows."""
    seconds = 0.0
    if system.baseline:  # parts that were made for another system took time, too
        if system.needs and not getattr(job.tuned, f"has_{system.needs}"):
            raise Unable(f"needs {system.needs} of items")
        getattr(job.tuned, system.baseline)
        seconds = job.tuned.seconds[system.baseline]
    start = time.monotonic()
    scorer = system.prepare(job)
    scorer.name = system.name
    return Prepared(scorer, settings_of(scorer), seconds + time.monotonic() - start)


def settings_of(scorer: object) -> dict[str, Any]:
    """What a scorer was made with, ready for JSON: its `settings`, or the arguments of its class."""
    if isinstance(scorer, TrainedModel):
        return scorer.settings.to_dict()
    own = getattr(scorer, "settings", None)
    if isinstance(own, Mapping):
        return dict(own)
    found = {}
    for name in inspect.signature(type(scorer)).parameters:
        value = getattr(scorer, name, None)
        if isinstance(value, Baseline):
            value = settings_of(value)
        if isinstance(value, (str, int, float, bool, dict)):
            found[name] = value
    return found
