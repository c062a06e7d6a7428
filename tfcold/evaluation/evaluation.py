"""What an evaluation found, user by user, and what it comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.errors import InputError
from tfcold.evaluation.statistics import bootstrap_interval
from tfcold.files import write_json

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RegimeResult:
    """One system in one regime.

    Args:
        regime: str. `"warm"`, `"cold_item"`, `"all"`, `"items_4"`, ...
        user_ids: object [U] of str. The users with at least one target, in the dataset's order.
        num_targets: int64 [U]. How many each has.
        metrics: mapping of `"ndcg@20"` and the like to float64 [U]. One number a user.
        lists: mapping of `"coverage@20"`, `"gini@20"`, `"novelty@20"`, and for the mixed list `"cold_share@20"` and
            `"cold_target_share@20"`, to one number over all lists.
        num_candidates: int. Items that could be listed.
    """

    regime: str
    user_ids: npt.NDArray[np.object_]
    num_targets: npt.NDArray[np.int64]
    metrics: Mapping[str, Floats]
    lists: Mapping[str, float]
    num_candidates: int

    def __post_init__(self) -> None:
        for array in (self.user_ids, self.num_targets, *self.metrics.values()):
            array.flags.writeable = False

    @property
    def num_users(self) -> int:
        return len(self.user_ids)

    def mean(self, name: str) -> float:
        """Mean over users of `"ndcg@20"` and the like, or the number itself of a measure of lists.

        Raises:
            InputError: there is no such metric; names the ones there are.
        """
        if name in self.metrics:
            return float(self.metrics[name].mean())
        if name in self.lists:
            return self.lists[name]
        known = ", ".join([*self.metrics, *self.lists])
        raise InputError(f"`name` must be a metric of regime {self.regime!r}; received {name!r}. There are {known}")


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found for one system on one split.

    Args:
        system: str. The scorer's name.
        part: str. `"test"` or `"validation"`.
        ks: tuple of int. The cut-offs.
        regimes: mapping of regime to `RegimeResult`, in the order of a report.
        split: mapping. `fingerprint`, `protocol`, `seed` and `parameters` of the split: what was judged on.

    Example:
        >>> evaluate(scorer, split).mean("warm", "ndcg@20")  # doctest: +SKIP
        0.341

    As a string it is `regime_table`: what `print` shows fits a terminal.
    """

    system: str
    part: str
    ks: tuple[int, ...]
    regimes: Mapping[str, RegimeResult]
    split: Mapping[str, Any]

    def __str__(self) -> str:
        from tfcold.evaluation.report import regime_table

        return regime_table(self)

    def mean(self, regime: str, name: str) -> float:
        """Mean over users of a metric in a regime: `mean("cold_item", "ndcg@20")`."""
        return self.regime(regime).mean(name)

    def regime(self, name: str) -> RegimeResult:
        """The result of one regime.

        Raises:
            InputError: it was not evaluated; names those that were.
        """
        if name not in self.regimes:
            raise InputError(
                f"`regime` must be one that {self.system!r} was evaluated in; received {name!r}. "
                f"There are {', '.join(self.regimes)}"
            )
        return self.regimes[name]

    def summary(self, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
        """One row a regime and metric, with the bootstrap interval over users.

        Args:
            confidence: float in (0, 1), default 0.95.
            resamples: int, at least 1, default 1000.
            seed: int, default 0.

        Returns: frame `system, regime, metric, k, value, low, high, users, candidates`. Measures of lists (coverage,
            Gini, novelty, cold shares) belong to no single user: their `low` and `high` are NaN.
        """
        records: list[dict[str, Any]] = []
        for result in self.regimes.values():
            values = np.column_stack(list(result.metrics.values()))
            low, high = bootstrap_interval(values, confidence=confidence, resamples=resamples, seed=seed)
            ends = dict(zip(result.metrics, zip(low, high, strict=True), strict=True))
            for name in (*result.metrics, *result.lists):
                metric, k = name.split("@")
                records.append(
                    {
                        "system": self.system,
                        "regime": result.regime,
                        "metric": metric,
                        "k": int(k),
                        "value": result.mean(name),
                        "low": float(ends[name][0]) if name in ends else np.nan,
                        "high": float(ends[name][1]) if name in ends else np.nan,
                        "users": result.num_users,
                        "candidates": result.num_candidates,
                    }
                )
        return pd.DataFrame.from_records(records)

    def to_dict(
        self, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0, per_user: bool = False
    ) -> dict[str, Any]:
        """The same as plain numbers, ready for JSON (NaN becomes None).

        Args:
            confidence, resamples, seed: as in `summary`.
            per_user: bool, default False. Also the ids and the numbers of every user.
        """
        regimes: dict[str, Any] = {}
        table = self.summary(confidence=confidence, resamples=resamples, seed=seed)
        for name, result in self.regimes.items():
            rows = table[table["regime"] == name].to_dict("records")
            regimes[name] = {
                "users": result.num_users,
                "candidates": result.num_candidates,
                "targets": int(result.num_targets.sum()),
                "metrics": {
                    f"{row['metric']}@{row['k']}": {
                        key: None if np.isnan(row[key]) else float(row[key]) for key in ("value", "low", "high")
                    }
                    for row in rows
                },
            }
            if per_user:
                regimes[name]["per_user"] = {
                    "user_id": [str(user_id) for user_id in result.user_ids],
                    "num_targets": result.num_targets.tolist(),
                    **{metric: values.tolist() for metric, values in result.metrics.items()},
                }
        interval = {"confidence": confidence, "resamples": resamples, "seed": seed, "over": "users"}
        return {
            "system": self.system,
            "part": self.part,
            "ks": list(self.ks),
            "split": dict(self.split),
            "interval": interval,
            "regimes": regimes,
        }

    def to_json(self, path: str | Path | None = None, **options: Any) -> str:
        """The JSON text of `to_dict(**options)`; also written to `path`, aside and renamed, where one is given."""
        content = self.to_dict(**options)
        if path is not None:
            write_json(path, content)
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
