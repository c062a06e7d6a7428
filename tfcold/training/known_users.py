"""What is known of training users beyond the sum of their history: chosen on validation rows, kept in their ID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.least_squares import folded_in
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
_PENALTY: Final = 0.3  # of the mean squared length of an axis of the outputs
_ALPHA: Final = 10.0
_LEAST_GAIN: Final = 0.005
_WARM_TOLERANCE: Final = 0.002


def beyond_the_sum(split: Split, told: Factors, users: npt.NDArray[np.bool_]) -> Floats:
    """Solved fold-ins less the sums of histories, float32 [U + 1, D]; zeros of users who are not asked for.

    The sum that a query starts from leaves out how the items of a history overlap. The solved one, brought to the
    length of the sum (by the scores of warm items), counts two alike items of a history as less than twice one.

    Args:
        split: its training rows are read.
        told: factors of warm items as both towers add them up.
        users: bool [U + 1].
    """
    found = np.zeros((len(users), told.dim), np.float32)
    asked, warm = np.flatnonzero(users & split.warm_users), np.flatnonzero(split.warm_items)
    histories, outputs = split.train_matrix()[asked], told.outputs[warm]
    gram = np.asarray(outputs.T @ outputs, np.float32)
    penalty = _PENALTY * float(np.trace(gram)) / told.dim
    solved = folded_in(histories[:, warm], outputs, penalty=max(penalty, 1e-12), alpha=_ALPHA)
    summed = np.asarray(histories @ told.inputs, np.float32)
    ratio = _spread(summed, gram) / np.maximum(_spread(solved, gram), 1e-12)
    found[asked] = ratio[:, None] * solved - summed
    return found


def choose_fold_in_share(split: Split, told: Factors, candidates: Floats, settings: Settings) -> Settings:
    """Settings with how far the queries of training users go from the sum of their history to the solved fold-in.

    The share that gains most on warm validation rows and on those of one list, on average; none where that is less
    than half a percent, or where warm rows lose.

    Args:
        candidates: float32 [I + 1, D]. Warm and cold.
    """
    if settings.fold_in_share is not None:
        return settings
    sample = choose.validation_sample(split, seed=settings.seed)
    regimes = [regime for regime in ("warm", "all") if choose.has(sample, regime)]
    if not regimes:
        return settings.with_(fold_in_share=0.0)
    users = np.zeros(len(split.warm_users), np.bool_)
    users[split.dataset.user_rows[np.concatenate(list(sample.validation.values()))]] = True
    beyond = beyond_the_sum(split, told, users)

    def measured(share: float) -> dict[str, float]:
        scorer = DotScorer(told.inputs, candidates, extra=np.float32(share) * beyond)
        return {regime: choose.quality(scorer, sample, regime) for regime in regimes}

    before, best, highest = measured(0.0), 0.0, 1 + _LEAST_GAIN
    logger.info("queries as sums: %s", choose.summary(before))
    for share in SHARES:
        found = measured(share)
        logger.info("%g of the way to the solved fold-in: %s", share, choose.summary(found))
        gain = float(np.mean([found[regime] / max(before[regime], 1e-9) for regime in regimes]))
        if gain > highest and found[regimes[0]] >= before[regimes[0]] * (1 - _WARM_TOLERANCE):
            best, highest = share, gain
    return settings.with_(fold_in_share=best)


def _spread(queries: Floats, gram: Floats) -> Floats:
    """Root of the summed squares of the scores of warm items, float32 [B]."""
    squares = np.einsum("bd,bd->b", queries @ gram, queries)
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)
