"""What can be switched off: one entry a part, by settings of the fit or by the vectors it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from quality_parts.system import Job, System, Unable
from tfcold.blocks import Features
from tfcold.ranking import Scorer
from tfcold.training import Settings, fit


def without(*names: str) -> Callable[[Features], Features]:
    """A change of features that drops item blocks.

    Raises:
        Unable: (the change) there is no such block to drop.
    """

    def change(features: Features) -> Features:
        if not any(name in features.items for name in names):
            raise Unable(f"there is no block {' or '.join(names)}")
        kept = {name: block for name, block in features.items.items() if name not in names}
        return Features(kept, features.users)

    return change


def without_any(features: Features) -> Features:
    """Identities alone.

    Raises:
        Unable: they were alone before.
    """
    return without(*(features.items or ("of items",)))(features)


@dataclass(frozen=True)
class Ablation:
    """A part, switched off.

    Args:
        settings: fields of `Settings` and what they become. What is not named is chosen anew by the fit: the question
            is what the recipe can do without the part, not what it loses when nothing else may follow.
        features: change of the vectors, or None.
    """

    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    features: Callable[[Features], Features] | None = None


ABLATIONS: Final[Mapping[str, Ablation]] = {
    "no lexical block": Ablation(features=without("lexical")),
    "no sentence block": Ablation(features=without("text")),
    "no vectors": Ablation(features=without_any),
    "no kernel landmarks": Ablation({"max_landmarks": 0}),
    "1024 kernel landmarks": Ablation({"max_landmarks": 1024}),
    "4096 kernel landmarks": Ablation({"max_landmarks": 4096}),
    "iALS alone teaches": Ablation({"teacher": "ials"}),
    "EASE alone teaches": Ablation({"teacher": "ease"}),
    "EASE without dropout": Ablation({"ease_dropout": 0.0}),
    "rows count alike": Ablation({"confidence_spread": 0.0}),
    "no words beside warm items": Ablation({"warm_text_scale": 0.0}),
    "words of warm items as predicted": Ablation({"leave_out": False}),
    "no words in histories": Ablation({"history_text_scale": 0.0}),
    "words give way with the first interaction": Ablation({"text_halfway": 0.0}),
    "blocks of one weight": Ablation({"block_weights": {}}),
    "words taught by the teacher of warm items": Ablation({"words_ials_penalty": 0.0}),
    "lengths of cold items as words predict them": Ablation({"norm_shrinkage": 0.0}),
    "lengths of words of warm items as predicted": Ablation({"warm_norm_shrinkage": 0.0}),
    "no content profile": Ablation({"profile_weight": 0.0}),
    "new items are as popular as any": Ablation({"cold_prior_penalty": 0.0}),
    "cold scale 1": Ablation({"cold_scale": 1.0}),
    "queries of training users as sums": Ablation({"fold_in_share": 0.0}),
    "histories of newcomers not shrunk": Ablation({"shrinkage": 0.0}),
    "newcomers do not lean towards similar users": Ablation({"similar_strength": 0.0, "similar_sharpness": 1.0}),
    "no prior": Ablation({"prior_strength": 0.0}),
    "no gradient steps": Ablation({"epochs": 0}),
    "width 128": Ablation({"dim": 128}),
}


def whole(preset: str) -> System:
    """The recipe with nothing switched off, under the name that tables hold the others against."""
    return _system(f"tfcold-{preset}", preset, Ablation())


def ablated(preset: str) -> dict[str, System]:
    """A system for each entry of `ABLATIONS`, by its name."""
    return {name: _system(name, preset, ablation) for name, ablation in ABLATIONS.items()}


def _system(name: str, preset: str, ablation: Ablation) -> System:
    def prepare(job: Job) -> Scorer:
        features = job.task.features if ablation.features is None else ablation.features(job.task.features)
        return fit(job.task.split, features, Settings.preset(preset, **ablation.settings, seed=job.seed))

    return System(name, prepare, ours=True, seeded=True)
