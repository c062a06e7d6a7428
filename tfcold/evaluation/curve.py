"""Quality over the number of known interactions of an item or of a user."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from tfcold.errors import InputError, one_of
from tfcold.evaluation.comparison import checked_evaluations
from tfcold.evaluation.evaluation import Evaluation
from tfcold.evaluation.labels import chosen

SIDES: Final = ("items", "users")


def learning_curve(
    evaluations: Evaluation | Iterable[Evaluation],
    *,
    side: str = "items",
    metric: str = "ndcg",
    k: int | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row a system and number of known interactions: the metric and its interval.

    The split comes from `tfcold.splits.k_shot_items` or `k_shot_users`: its regimes `items_0`, `items_1`, `items_2`,
    ... (`users_0`, ...) become the numbers 0, 1, 2, ...

    Args:
        evaluations: one, or several of the same split and part.
        side: str, default `"items"`. Or `"users"`.
        metric: str, default `"ndcg"`.
        k: int or None (default), the largest cut-off there is.
        confidence, resamples, seed: as in `Evaluation.summary`.

    Returns: frame `system, side, known, metric, k, value, low, high, users, candidates`, `known` rising.

    Raises:
        InputError: another side, or no evaluation holds a regime of it.
    """
    one_of(SIDES, side, "side")
    them = checked_evaluations([evaluations] if isinstance(evaluations, Evaluation) else evaluations)
    found = [evaluation.summary(confidence=confidence, resamples=resamples, seed=seed) for evaluation in them]
    table, _ = chosen(pd.concat(found, ignore_index=True), metric, k)
    known = table["regime"].str.extract(rf"^{side}_(\d+)$")[0]
    table = table[known.notna()].assign(side=side, known=known.dropna().astype("int64"))
    if table.empty:
        regimes = ", ".join(dict.fromkeys(regime for evaluation in them for regime in evaluation.regimes))
        raise InputError(
            f"`evaluations` must hold regimes `{side}_0`, `{side}_1`, ...; there are {regimes}. "
            f"Split with `tfcold.splits.k_shot_{side}`"
        )
    columns = ["system", "side", "known", "metric", "k", "value", "low", "high", "users", "candidates"]
    order = {evaluation.system: place for place, evaluation in enumerate(them)}
    table = table.assign(place=table["system"].map(order)).sort_values(["place", "known"], kind="stable")
    table = table[columns].reset_index(drop=True)
    table.attrs = {"confidence": confidence, "resamples": resamples, "seed": seed}
    return table
