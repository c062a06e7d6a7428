"""How many places new items get in one list with known ones.

Where validation rows are given, `cold_scale` is what brings them most, and nothing is changed: they say in which
proportion lists are judged. Rows held out inside a fit cannot say it. There all rows of some items are hidden and few
of the others, so new items have half of what is to be found with a tenth of what users do, and what is best for such
rows fills lists with new items. A factor on their scores, the `exposure`, then gives them as many places as they have
of what users do (`demand_of`).

References:
    Singh & Joachims 2018, Fairness of Exposure in Rankings, KDD: exposure in proportion to relevance. Here one factor
    brings it about for one group, the new items, in the mean over users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tfcold.evaluation import evaluate
from tfcold.layers import ConcatFusion
from tfcold.progress import logger
from tfcold.ranking import Queries, Rows, Scores
from tfcold.training import choose
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split
    from tfcold.training.trained import TrainedModel

_RANGE: Final = (1 / 64, 4.0)
_STEPS: Final = 9  # halvings of that range, in logarithms: to within 1%
_CUT: Final = 20


class Exposed:
    """A trained model with a factor on the scores of cold items.

    Args:
        trained: scores warm and cold items.
        exposure: float. The factor.
    """

    def __init__(self, trained: TrainedModel, exposure: float) -> None:
        self.name = f"{trained.name}, exposure {exposure:.3g}"
        self._trained = trained
        self._factors = np.where(trained.warm_items, 1, exposure).astype(np.float32)

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        found: Scores = self._trained.scores(queries, item_rows) * self._factors[item_rows]
        return found


def with_exposure(trained: TrainedModel, split: Split) -> Settings:
    """The settings of a model, with the exposure that its `one_list` asks for.

    Args:
        trained: fitted on the split with exposure 1.
        split: with validation rows; without any of warm and cold items the exposure stays 1.
    """
    settings = trained.settings
    if settings.exposure is not None:
        return settings
    sample = choose.sample_of(split, settings)
    if settings.one_list != "demand" or not choose.has(sample, "all"):
        return settings.with_(exposure=1.0)

    def places(exposure: float) -> float:
        found = evaluate(Exposed(trained, exposure), sample, part="validation", regimes=["all"], k=_CUT)
        return found.mean("all", f"cold_share@{_CUT}")

    demand = demand_of(split)
    low, high = np.log(_RANGE)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if places(float(np.exp(middle))) < demand:
            low = middle
        else:
            high = middle
    exposure = float(np.exp(high))
    logger.info(
        "exposure of new items: %.3g, where they have %.1f%% of the places in lists and %.1f%% of what users do",
        exposure, 100 * places(exposure), 100 * demand,
    )  # fmt: skip
    return settings.with_(exposure=exposure)


def expose(trained: TrainedModel, settings: Settings) -> None:
    """Brings a model that was fitted with exposure 1 to that of the settings."""
    trained.settings, fusion = settings, trained.model.candidate_tower.fusion
    if settings.exposure not in (None, 1.0) and isinstance(fusion, ConcatFusion):
        fusion.cold_scale.assign(fusion.cold_scale * settings.exposure)
        trained.refresh()


def demand_of(split: Split) -> float:
    """The share that cold validation items have of all that users did, in a split that holds out all rows of these.

    It is what they would have of held-out rows were as many of theirs held out as of the others.
    """
    cold = len(split.validation["cold_item"])
    return cold / (cold + len(split.train) + len(split.validation["warm"]))
