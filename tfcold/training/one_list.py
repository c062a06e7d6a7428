"""How known and new items share one list: the scale of cold candidates beside warm ones.

Where validation rows are given, the scale is what brings them most: they say in which proportion lists are judged. Rows
held out inside a fit cannot say it. There all rows of some items are hidden and few of the others, so new items have
half of what is to be found with a tenth of what users do, and what is best for such rows fills lists with new items.
New items then get as many places as they have of what users do (`demand_of`): exposure in proportion to relevance.

References:
    Fairness of exposure: Singh & Joachims 2018, Fairness of Exposure in Rankings, KDD. Theirs bounds a ranking's
    exposure of groups by their merit; here one scale brings it about, in the mean over users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from tfcold.evaluation import evaluate
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

SCALES: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
FINER: Final = (0.8, 0.9, 1.0, 1.1, 1.25)
UNTOLD: Final = 1.0  # where no validation rows tell: no list fills with items of which nothing is known
_RANGE: Final = (1 / 16, 64.0)
_STEPS: Final = 9  # halvings of that range, in logarithms: to within 2%
_CUT: Final = 20


def choose_cold_scale(
    split: Split, sample: Split, settings: Settings, scorer: Callable[[Settings], DotScorer], *, near: bool = False
) -> Settings:
    """Settings with `cold_scale`, by their `one_list`.

    Args:
        split: with validation rows.
        sample: the part of it that things are chosen by.
        scorer: both towers under settings.
        near: whether `settings` have a scale already that is about right.
    """
    if not choose.has(sample, "all"):
        return settings if near else settings.with_(cold_scale=UNTOLD)
    if settings.one_list == "demand":
        return _by_demand(demand_of(split), sample, settings, scorer)

    def best_of(options: Iterable[float]) -> Settings:
        found = choose.best_of(
            "scale of cold items",
            options,
            lambda scale: choose.quality(scorer(settings.with_(cold_scale=scale)), sample, "all"),
        )
        return settings.with_(cold_scale=found)

    if not near:
        settings = best_of(SCALES)
    return best_of([step * (settings.cold_scale or 1.0) for step in FINER])


def demand_of(split: Split) -> float:
    """The share that cold validation items have of all that users did, in a split that holds out all rows of these.

    It is what they would have of held-out rows were as many of theirs held out as of the others.
    """
    cold = len(split.validation["cold_item"])
    return cold / (cold + len(split.train) + len(split.validation["warm"]))


def _by_demand(demand: float, sample: Split, settings: Settings, scorer: Callable[[Settings], DotScorer]) -> Settings:
    """The least scale at which cold items have their share of the places in lists of 20."""
    low, high = np.log(_RANGE)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _places(float(np.exp(middle)), sample, settings, scorer) < demand:
            low = middle
        else:
            high = middle
    scale = float(np.exp(high))
    settings = settings.with_(cold_scale=scale)
    logger.info(
        "scale of cold items: %.3g, where they have %.1f%% of the places and %.1f%% of what users do",
        scale, 100 * _places(scale, sample, settings, scorer), 100 * demand,
    )  # fmt: skip
    return settings


def _places(scale: float, sample: Split, settings: Settings, scorer: Callable[[Settings], DotScorer]) -> float:
    found = evaluate(scorer(settings.with_(cold_scale=scale)), sample, part="validation", regimes=["all"], k=_CUT)
    return found.mean("all", f"cold_share@{_CUT}")
