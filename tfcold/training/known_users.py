"""What is known of training users beyond the sum of their history: chosen on validation rows, kept in their ID."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
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

SHARES: Final = (0.5, 1.0, 0.25, 0.75)  # the first two with each penalty, the others with the best
PENALTIES: Final = {False: (0.3, 1.0, 3.0), True: (3.0, 10.0, 30.0)}  # of the mean squared length of an axis; with EASE
PENALTY: Final = 1.0  # where only the share is named
_ALPHA: Final = 10.0
_LEAST_GAIN: Final = 0.003
_WARM_TOLERANCE: Final = 0.002
_CELLS: Final = 2**23  # users x items that are scored to choose, but no fewer than other choices are made by


def beyond_the_sum(split: Split, told: Factors, users: npt.NDArray[np.bool_], settings: Settings) -> Floats:
    """Solved fold-ins less the (weighed) sums of histories, float32 [U + 1, D]; zeros of users who are not asked for.

    The sum that a query starts from leaves out how the items of a history overlap. The solved one, brought to the
    length of the sum (by the scores of warm items), counts two alike items of a history as less than twice one.
    The weights of EASE know of the overlap: its columns stay sums unless `fold_in_ease`. Those of
    a content profile always do.

    Args:
        split: its training rows are read.
        told: factors of warm items as both towers add them up.
        users: bool [U + 1].
        settings: with the teacher; penalty and columns of the fold-in.
    """
    found = np.zeros((len(users), told.dim), np.float32)
    width = told.dim - settings.profile_columns - (_ease_columns(settings) if not settings.fold_in_ease else 0)
    asked, warm = np.flatnonzero(users & split.warm_users), np.flatnonzero(split.warm_items)
    histories, outputs = split.train_matrix()[asked], told.outputs[warm, :width]
    gram = np.asarray(outputs.T @ outputs, np.float32)
    penalty = (settings.fold_in_penalty or PENALTY) * float(np.trace(gram)) / width
    solved = folded_in(histories[:, warm], outputs, penalty=max(penalty, 1e-12), alpha=_ALPHA)
    summed = np.asarray(histories @ told.inputs[:, :width], np.float32)
    ratio = _spread(summed, gram) / np.maximum(_spread(solved, gram), 1e-12)
    found[asked, :width] = ratio[:, None] * solved - summed
    return found


def weighed_sums(split: Split, inputs: Floats) -> Floats:
    """What the weights of training rows add to the sums of histories, float32 [U + 1, D].

    Args:
        split: its training rows are read.
        inputs: float32 [I + 1, D]. What a history sums up.
    """
    more = split.train_matrix()
    more.data -= 1
    return np.asarray(more @ inputs, np.float32)


def choose_known(split: Split, told: Factors, candidates: Floats, settings: Settings) -> Settings:
    """Settings with how far the queries of training users go from the sum of their history to the solved fold-in.

    The share, penalty and columns that gain most on validation rows of warm items, of cold ones and of one list, on
    average; no share where that is less than 0.3 percent, or where warm rows lose.

    Args:
        candidates: float32 [I + 1, D]. Warm and cold.
    """
    if settings.fold_in_share is not None:
        return settings
    sample = choose.sample_of(split, settings, at_least=_CELLS // len(candidates))
    regimes = [regime for regime in ("warm", "cold_item", "all") if choose.has(sample, regime)]
    if not regimes:
        return settings.with_(fold_in_share=0.0)
    users = np.zeros(len(split.warm_users), np.bool_)
    users[split.dataset.user_rows[np.concatenate(list(sample.validation.values()))]] = True

    def measured(option: Settings, beyond: Floats | None) -> dict[str, float]:
        extra = None if beyond is None else np.float32(option.fold_in_share or 0.0) * beyond
        scorer = DotScorer(told.inputs, candidates, extra=extra)
        return {regime: choose.quality(scorer, sample, regime) for regime in regimes}

    settings = settings.with_(fold_in_share=0.0)
    before = measured(settings, None)
    logger.info("queries as sums: %s", choose.summary(before))

    def gains(option: Settings, shares: tuple[float, ...]) -> Iterator[tuple[float, Settings]]:
        beyond = beyond_the_sum(split, told, users, option)
        for share in shares:
            option = option.with_(fold_in_share=share)
            found = measured(option, beyond)
            logger.info(
                "%g of the way to the fold-in, penalty %g%s: %s",
                share, option.fold_in_penalty, " with EASE" if option.fold_in_ease else "", choose.summary(found),
            )  # fmt: skip
            if found[regimes[0]] >= before[regimes[0]] * (1 - _WARM_TOLERANCE):
                yield float(np.mean([found[regime] / max(before[regime], 1e-9) for regime in regimes])), option

    with_ease = (False, True) if settings.fold_in_ease is None else (settings.fold_in_ease,)
    options = [
        settings.with_(fold_in_penalty=penalty, fold_in_ease=ease)
        for ease in (with_ease if _ease_columns(settings) else (False,))
        for penalty in (PENALTIES[ease] if settings.fold_in_penalty is None else (settings.fold_in_penalty,))
    ]
    best = (1 + _LEAST_GAIN, settings)
    for option in options:
        best = max([best, *gains(option, SHARES[:2])], key=itemgetter(0))
    if best[1].fold_in_share:
        best = max([best, *gains(best[1], SHARES[2:])], key=itemgetter(0))
    return best[1]


def _ease_columns(settings: Settings) -> int:
    return (settings.ease_dim or 0) if settings.teacher == "both" else 0


def _spread(queries: Floats, gram: Floats) -> Floats:
    """Root of the summed squares of the scores of warm items, float32 [B]."""
    squares = np.einsum("bd,bd->b", queries @ gram, queries)
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)
