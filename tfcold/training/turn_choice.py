"""Whether items of few interactions turn to their words: chosen on the validation rows of just such items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.progress import logger
from tfcold.ranking import Queries, Rows, Scorer
from tfcold.training import choose
from tfcold.training.factors import Factors
from tfcold.training.gains import Gains, gains_of
from tfcold.training.settings import Settings
from tfcold.training.word_maps import WordMaps
from tfcold.training.worded import towers_of
from tfcold.training.words_choice import CUT

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

TURNS: Final = (1.0, 3.0, 10.0, 30.0)  # interactions
FEW: Final = 16  # interactions up to which an item's rows are asked
_ERRORS: Final = 0.5  # standard errors that it must gain
_TOLERANCE: Final = 0.002  # what either list of all items may lose, as a share


def choose_turn(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> Settings:
    """Settings with `text_turn`: the best one for items of few interactions among each other.

    It must gain half a standard error there. In lists of all warm items, where they seldom are, they must not lose two,
    and lists of warm items, and of warm and cold ones, must not lose by it. 0 where validation has no rows of such
    items.

    Args:
        split: its validation rows are asked.
        factors: the teacher's.
        maps: what words predict.
        settings: with the scales.
    """
    if settings.text_turn is not None:
        return settings
    none = settings.with_(text_turn=0.0)
    if (settings.cold_scale or 0.0) <= (settings.warm_text_scale or 0.0):  # there is nothing more to turn to
        return none
    sample = choose.sample_of(split, settings)
    few = split.item_counts <= FEW
    asked = _of(sample, few)
    if not choose.has(asked, "warm"):
        return none
    regimes = [regime for regime in ("warm", "all") if choose.has(sample, regime)]

    def measured(option: Settings) -> tuple[Gains, Gains, dict[str, float]]:
        towers = towers_of(split, factors, maps, option)
        among, beside = gains_of(_Among(towers, few), asked, "warm", CUT), gains_of(towers, asked, "warm", CUT)
        return among, beside, {name: choose.quality(towers, sample, name) for name in regimes}

    first = measured(none)
    best, gained = none, None
    for turn in TURNS:
        option = settings.with_(text_turn=turn)
        among, beside, lists = measured(option)
        logger.info(
            "turned to words up to %g interactions: items of up to %d %.4f for %.4f, in lists of all %.4f for %.4f; %s",
            turn, FEW, among.mean, first[0].mean, beside.mean, first[1].mean, choose.summary(lists),
        )  # fmt: skip
        loses = any(lists[name] < first[2][name] * (1 - _TOLERANCE) for name in regimes)
        if loses or (first[1] - beside).is_clear():
            continue
        gain = among - first[0]
        if gain.is_clear(_ERRORS) and (gained is None or gain.mean > gained.mean):
            best, gained = option, gain
    return best


@dataclass
class _Among:
    """A scorer that lists some items only.

    Args:
        scorer: what scores.
        listed: bool [I + 1].
    """

    scorer: Scorer
    listed: npt.NDArray[np.bool_]
    name: str = "some items"

    def scores(self, queries: Queries, item_rows: Rows) -> Floats:
        scores = self.scorer.scores(queries, item_rows)
        scores[:, ~self.listed[item_rows]] = -np.inf
        return scores


def _of(sample: Split, items: npt.NDArray[np.bool_]) -> Split:
    """The split with the warm validation rows of these items, bool [I + 1], alone."""
    rows = sample.validation.get("warm", np.zeros(0, np.int64))
    return replace(sample, validation={"warm": rows[items[sample.dataset.item_rows[rows]]]})
