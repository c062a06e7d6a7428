"""Several systems side by side, and whether each differs from a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tfcold.errors import InputError
from tfcold.evaluation.evaluation import Evaluation, Floats, RegimeResult
from tfcold.evaluation.statistics import bootstrap_interval, paired_test


def compare(
    evaluations: Iterable[Evaluation],
    *,
    baseline: str | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row a system, regime and metric, with intervals, and the paired difference to a baseline.

    Intervals are percentile bootstrap ones over users; the difference's interval draws the same users for both
    systems, its p-value is that of a two-sided sign-flip test (`tfcold.evaluation.statistics.paired_test`). P-values
    are not corrected for the number of comparisons.

    Args:
        evaluations: of the same split and part; system names distinct.
        baseline: str or None (default). The system the others are held against.
        confidence: float in (0, 1), default 0.95.
        resamples: int, at least 1, default 1000. Bootstrap samples, and sign patterns.
        seed: int, default 0.

    Returns: frame `system, regime, metric, k, value, low, high, users, candidates, difference, difference_low,
        difference_high, p_value`. The last four are NaN for measures of lists, in rows of the baseline, and without a
        baseline. `attrs` of the frame says with which arguments it was made.

    Raises:
        InputError: no evaluations, a name twice, an unknown baseline, or evaluations that do not match.
    """
    all_of_them = checked_evaluations(evaluations)
    by_name = {evaluation.system: evaluation for evaluation in all_of_them}
    if baseline is not None and baseline not in by_name:
        raise InputError(f"`baseline` must be one of {', '.join(by_name)}; received {baseline!r}")
    options: dict[str, Any] = {"confidence": confidence, "resamples": resamples, "seed": seed}
    table = pd.concat([evaluation.summary(**options) for evaluation in all_of_them], ignore_index=True)
    added = ["difference", "difference_low", "difference_high", "p_value"]
    table[added] = np.nan
    table.attrs.update(options, baseline=baseline)  # for the caption of a report
    if baseline is None:
        return table
    for evaluation in all_of_them:
        for regime, result in evaluation.regimes.items():
            if evaluation.system == baseline or regime not in by_name[baseline].regimes:
                continue
            found = _differences(result, by_name[baseline].regimes[regime], options)
            here = (table["system"] == evaluation.system) & (table["regime"] == regime)
            for name, numbers in found.items():
                metric, k = name.split("@")
                table.loc[here & (table["metric"] == metric) & (table["k"] == int(k)), added] = numbers
    return table


def checked_evaluations(evaluations: Iterable[Evaluation]) -> Sequence[Evaluation]:
    """The evaluations as a tuple, if they can stand in one table.

    Raises:
        InputError: none, a system twice, different splits or parts.
    """
    them = tuple(evaluations)
    if not them:
        raise InputError("`evaluations` must hold at least one; received none. Run `tfcold.evaluation.evaluate` first")
    names = [evaluation.system for evaluation in them]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"`evaluations` must name every system once; {len(twice)} come twice: "
            f"{', '.join(map(repr, twice[:3]))}. Give the scorers distinct `name`s"
        )
    first = them[0]
    for other in them[1:]:
        if (other.split["fingerprint"], other.part) != (first.split["fingerprint"], first.part):
            raise InputError(
                f"`evaluations` must come from one split and part; {first.system!r} is of "
                f"{first.split['fingerprint'][:12]} ({first.part}), {other.system!r} of "
                f"{other.split['fingerprint'][:12]} ({other.part}). Evaluate both on the same split"
            )
    return them


def _differences(result: RegimeResult, base: RegimeResult, options: dict[str, Any]) -> dict[str, list[float]]:
    """By metric: mean difference, the ends of its interval, its p-value."""
    shared = [name for name in result.metrics if name in base.metrics]
    if not shared:
        return {}
    differences: Floats = np.column_stack([result.metrics[name] - base.metrics[name] for name in shared])
    low, high = bootstrap_interval(differences, **options)
    p_values = paired_test(differences, resamples=options["resamples"], seed=options["seed"])
    columns = np.column_stack([differences.mean(axis=0), low, high, p_values])
    return {name: row.tolist() for name, row in zip(shared, columns, strict=True)}
