"""Settings of a peer: a short list, tried in order on validation rows until the clock is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from quality_parts.peers.material import Material
from quality_parts.peers.peer import Peer, Watch
from quality_parts.system import BUDGET, Job, System, Unable
from quality_parts.tasks import Task
from tfcold.evaluation import evaluate
from tfcold.evaluation.candidates import candidates_of, regimes_of
from tfcold.ranking import Queries, Rows, Scorer, Scores

CHOOSING: Final = ("warm", "cold_item")
METRIC: Final = "ndcg@20"
SHIFTS: Final = (-1.0, 0.0, 1.0, 2.0, 4.0)  # of the spread of a list's warm scores; then halfway to each side


def peer_system(
    name: str, make: Callable[..., Peer], options: Sequence[Mapping[str, Any]], *, new_users: bool = True
) -> System:
    """The entry of a peer.

    Args:
        name: str.
        make: function of `seed` and the settings, returns an unfitted peer.
        options: at most `BUDGET` settings, the most promising first: where the clock cuts, the later ones are lost.
        new_users: bool. Whether it can be asked for a user that training never saw.
    """
    assert 0 < len(options) <= BUDGET

    def prepare(job: Job) -> Scorer:
        if job.task.name == "users" and not new_users:
            raise Unable("has no vector for a user that training never saw")
        return search(make, options, job)

    return System(name, prepare, seeded=True)


def search(make: Callable[..., Peer], options: Sequence[Mapping[str, Any]], job: Job) -> Scorer:
    """The best of some settings by the mean NDCG@20 over warm and cold validation rows, fitted on the training rows.

    Training looks at the same number to stop. Where settings are chosen on another split than the one to be fitted
    on, the best is fitted anew, for as many epochs as were worth it. Where one list holds warm and cold items, a
    constant on the cold ones is chosen last (`shifted`).
    """
    task = job.task
    start = time.monotonic()
    material = Material(task.tuning, task.tuning_features)
    best, highest, tried, longest = None, -1.0, 0, 0.0
    for option in options:
        began = time.monotonic()
        if best is not None and began + longest > start + job.clock:
            break
        peer = make(seed=job.seed, **option).fit(
            material, Watch(lambda scorer: quality(scorer, task), start + job.clock)
        )
        reached = quality(peer, task)
        longest = max(longest, time.monotonic() - began)
        tried += 1
        if reached > highest:
            best, highest = peer, reached
    assert best is not None
    if task.tuning is not task.split:
        epochs = best.settings.get("epochs")
        best = make(seed=job.seed, **best.settings).fit(Material(task.split, task.features), Watch(epochs=epochs))
    best.settings |= {"settings_tried": tried, "settings_offered": len(options)}
    if "all" in regimes_of(task.judge, "validation"):
        return shifted(best, task)
    return best


def quality(scorer: Any, task: Task) -> float:
    """Mean NDCG@20 over the validation slices that choose and that the scorer can handle."""
    names = [task.regime] if task.regime else [name for name in CHOOSING if _handles(scorer, task, name)]
    found = evaluate(scorer, task.judge, part="validation", regimes=names, k=20)
    return float(np.mean([found.mean(name, METRIC) for name in names]))


def _handles(scorer: Any, task: Task, regime: str) -> bool:
    there = regimes_of(task.judge, "validation")
    return regime in there and bool(scorer.can_score[candidates_of(task.judge, "validation", regime)].any())


class Shifted:
    """A scorer with a constant added to the scores of cold items.

    Args:
        inner: the scorer; its `name`, `settings` and `can_score` are kept.
        is_cold: bool [I + 1].
        constant: float.
    """

    def __init__(self, inner: Any, is_cold: Any, constant: float) -> None:
        self.inner = inner
        self.name = inner.name
        self.can_score = inner.can_score
        self.is_cold = is_cold
        self.constant = np.float32(constant)
        self.settings: dict[str, Any] = {**inner.settings, "cold_shift": float(constant)}

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        found = np.array(self.inner.scores(queries, item_rows), np.float32)
        found[:, self.is_cold[item_rows]] += self.constant
        return found


def shifted(scorer: Any, task: Task) -> Any:
    """The scorer with the constant on cold items that does best on the mixed validation list; up to 8 are tried.

    Without it, the place of cold items among warm ones is an accident of most methods' losses, and what one compares
    is that accident.
    """
    is_cold = ~np.asarray(task.split.warm_items, bool)
    if not (scorer.can_score & is_cold).any():
        return scorer
    unit = _spread(scorer, task)
    measured: dict[float, float] = {}

    def measure(steps: float) -> None:
        if steps not in measured:
            one = Shifted(scorer, is_cold, steps * unit)
            measured[steps] = evaluate(one, task.judge, part="validation", regimes=["all"], k=20).mean("all", METRIC)

    for steps in SHIFTS:
        measure(steps)
    for _ in range(2):
        best = max(measured, key=lambda steps: measured[steps])
        above = [steps for steps in measured if steps > best]
        below = [steps for steps in measured if steps < best]
        measure((best + min(above)) / 2 if above else 2 * best + 1)
        if below and len(measured) < BUDGET:
            measure((best + max(below)) / 2)
    return Shifted(scorer, is_cold, max(measured, key=lambda steps: measured[steps]) * unit)


def _spread(scorer: Any, task: Task) -> float:
    """Standard deviation of the scores of warm items, over the lists of a few users."""
    users = np.flatnonzero(task.split.warm_users)[:200].astype(np.int32)
    queries = Queries(users, task.split.history_matrix().tocsr()[users])
    rows = np.flatnonzero(task.split.warm_items & scorer.can_score).astype(np.int32)
    return max(float(np.std(scorer.scores(queries, rows), axis=1).mean()), 1e-9)
