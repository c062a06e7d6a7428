"""The systems that are compared: a registry, so that one more is one more entry."""

from __future__ import annotations

from typing import Final

from quality_parts.peers import PEERS
from quality_parts.system import Job, System
from tfcold.baselines import Baseline
from tfcold.ranking import Scorer
from tfcold.training import Settings, fit


def _tfcold(preset: str) -> System:
    """Chooses everything in its own fit, which holds out training rows itself where a split has no validation rows."""

    def prepare(job: Job) -> Scorer:
        return fit(job.task.split, job.task.features, Settings.preset(preset, seed=job.seed))

    return System(f"tfcold-{preset}", prepare, ours=True, seeded=True)


def _baseline(name: str, attribute: str, *, needs: str = "", seeded: bool = False) -> System:
    def prepare(job: Job) -> Scorer:
        found: Baseline = getattr(job.tuned, attribute)
        if not found.is_fitted_on(job.task.split):
            found.fit(job.task.split, job.task.features)
        return found

    return System(name, prepare, seeded=seeded, baseline=attribute, needs=needs)


SYSTEMS: Final = {
    system.name: system
    for system in (
        _tfcold("fast"),
        _tfcold("best"),
        _baseline("popularity", "popularity"),
        _baseline("lexical profile", "lexical", needs="words"),
        _baseline("semantic profile", "semantic", needs="vectors"),
        _baseline("user kNN", "user_knn"),
        _baseline("EASE", "ease"),
        _baseline("iALS", "ials", seeded=True),
        _baseline("ridge on iALS", "ridge", needs="vectors", seeded=True),
        _baseline("kernel ridge on EASE", "kernel_ridge", needs="vectors"),
        _baseline("EASE + kernel ridge", "joined", needs="vectors"),
        *PEERS,
    )
}
