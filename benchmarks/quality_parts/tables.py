"""Records of one collection -> Markdown: every system by slice, and ours as multiples of the best other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import numpy as np
import pandas as pd

from quality_parts.records import CUT, METRICS
from tfcold.evaluation import Evaluation, RegimeResult, compare, markdown_table
from tfcold.evaluation.labels import metric_label, regime_label

OURS_FIRST: Final = ("tfcold-best", "tfcold-fast")  # the one that the others are tested against, if it is there

Record = tuple[Mapping[str, Any], Evaluation | None]


@dataclass(frozen=True)
class Entry:
    """A system on one task, its seeds together.

    Args:
        system: str.
        ours: bool.
        figures: the slices' figures, one mapping a seed.
        evaluation: mean over seeds user by user, or None where single users are not there.
    """

    system: str
    ours: bool
    figures: tuple[Mapping[str, Any], ...]
    evaluation: Evaluation | None

    def value(self, name: str, metric: str) -> float | None:
        """Mean over seeds, or None where the system cannot handle the slice."""
        if not all(name in slices for slices in self.figures):
            return None
        return fmean(slices[name]["metrics"][f"{metric}@{CUT}"]["value"] for slices in self.figures)


def entry(records: Sequence[Record]) -> Entry:
    """The records of one system and task, one a seed, as one."""
    figures = [about for about, _ in records]
    evaluations = [evaluation for _, evaluation in records if evaluation is not None]
    together = _mean_of(evaluations) if len(evaluations) == len(records) else None
    return Entry(figures[0]["system"], figures[0]["ours"], tuple(one["slices"] for one in figures), together)


def _mean_of(evaluations: Sequence[Evaluation]) -> Evaluation:
    first = evaluations[0]
    regimes = {}
    for name, result in first.regimes.items():
        metrics = {
            metric: np.mean([one.regimes[name].metrics[metric] for one in evaluations], axis=0)
            for metric in result.metrics
        }
        lists = {measure: fmean(one.regimes[name].lists[measure] for one in evaluations) for measure in result.lists}
        regimes[name] = RegimeResult(name, result.user_ids, result.num_targets, metrics, lists, result.num_candidates)
    return Evaluation(first.system, first.part, first.ks, regimes, first.split)


def table(entries: Sequence[Entry], metric: str) -> str:
    """Systems down, slices across, with intervals; `-` where a system cannot handle a slice."""
    frame = _frame(entries, metric)
    if frame.empty:
        return "Nothing was measured."
    text = markdown_table(frame, metric=metric, k=CUT, decimals=4)
    idle = "".join(f"\n| {one.system} |" + "  |" * frame["regime"].nunique() for one in entries if not _slices([one]))
    return re.sub(r"\|  (?=\|)", "| - ", text + idle)


def ratios(entries: Sequence[Entry], metric: str) -> str:
    """Ours as multiples of the best other system of each slice, with the p-value of the paired test of the two."""
    ours = [one for one in entries if one.ours and _slices([one])]
    others = [one for one in entries if not one.ours]
    names = _slices(entries)
    if not ours or not _slices(others):
        return ""
    head = ["of the best other, " + metric_label(metric, CUT), *(regime_label(name) for name in names)]
    lines = [head, ["---"] * len(head)]
    lines += [[one.system, *(_ratio(one, others, name, metric) for name in names)] for one in ours]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ratio(one: Entry, others: Sequence[Entry], name: str, metric: str) -> str:
    reached = one.value(name, metric)
    there = [(value, other) for other in others if (value := other.value(name, metric)) is not None]
    if reached is None or not there:
        return "-"
    highest, best = max(there, key=lambda pair: pair[0])
    if not highest > 0:
        return "-"
    text = f"{reached / highest:.3f} x {best.system}"
    p_value = _p_value(one, best, name, metric)
    return text if p_value is None else f"{text} (p = {p_value:.3f})"


def changes(base: Entry, others: Sequence[Entry], metric: str) -> str:
    """The figures of `base`, and below it the change of each other in percent, with the p-value of the paired test."""
    names = _slices([base])
    head = [metric_label(metric, CUT), *(regime_label(name) for name in names)]
    lines = [head, ["---"] * len(head), [base.system, *(f"{base.value(name, metric):.4f}" for name in names)]]
    lines += [[one.system, *(_change(one, base, name, metric) for name in names)] for one in others]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _change(one: Entry, base: Entry, name: str, metric: str) -> str:
    reached, before = one.value(name, metric), base.value(name, metric)
    if reached is None or not before:
        return "-"
    text = f"{100 * (reached / before - 1):+.1f}%"
    p_value = _p_value(one, base, name, metric)
    return text if p_value is None else f"{text} (p = {p_value:.3f})"


def _p_value(one: Entry, base: Entry, name: str, metric: str) -> float | None:
    """Of the paired test of two systems on a slice, or None where single users are not at hand."""
    if one.evaluation is None or base.evaluation is None:
        return None
    rows = compare([_only(one.evaluation, name), _only(base.evaluation, name)], baseline=base.system)
    return float(rows[(rows["system"] == one.system) & (rows["metric"] == metric)].iloc[0]["p_value"])


def calibration(entries: Sequence[Entry]) -> str:
    """Share of cold items among the first 20 of the mixed list, beside their share of the rows to be found."""
    lines = [["system", "cold items in the lists", "cold items to be found", "ratio"], ["---"] * 4]
    for one in entries:
        listed, wanted = (one.value("all", name) for name in ("cold_share", "cold_target_share"))
        if listed is not None and wanted is not None:
            ratio = f"{listed / wanted:.2f}" if wanted else "-"
            lines.append([one.system, f"{listed:.3f}", f"{wanted:.3f}", ratio])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if len(lines) > 2 else ""


def _only(evaluation: Evaluation, name: str) -> Evaluation:
    return Evaluation(
        evaluation.system, evaluation.part, evaluation.ks, {name: evaluation.regimes[name]}, evaluation.split
    )


def _frame(entries: Sequence[Entry], metric: str) -> pd.DataFrame:
    """Rows as `compare` makes them; those of a system whose single users are not there come from its figures."""
    complete = {one.system: one.evaluation for one in entries if one.evaluation is not None and one.evaluation.regimes}
    baseline = next((name for name in OURS_FIRST if name in complete), None)
    compared = compare(complete.values(), baseline=baseline) if complete else pd.DataFrame()
    parts = []
    for one in entries:
        if one.system in complete:
            parts.append(compared[(compared["system"] == one.system) & (compared["metric"] == metric)])
        else:
            parts.append(pd.DataFrame(_rows(one, metric)))
    frame = pd.concat(parts, ignore_index=True)
    if not frame.empty:
        place = {name: number for number, name in enumerate(_slices(entries))}
        # slices in their order, whichever system comes first; systems keep theirs
        frame = frame.assign(
            place=frame["regime"].map(place), system_place=frame["system"].map(_places(entries))
        ).sort_values(["place", "system_place"], kind="stable", ignore_index=True)
    frame.attrs = {"confidence": 0.95, "baseline": baseline}
    return frame


def _rows(one: Entry, metric: str) -> Iterable[dict[str, Any]]:
    for name in _slices([one]):
        ends = [slices[name]["metrics"][f"{metric}@{CUT}"] for slices in one.figures]
        numbers = {key: fmean(float(end[key]) for end in ends) for key in ("value", "low", "high")}
        yield {"system": one.system, "regime": name, "metric": metric, "k": CUT, **numbers, "p_value": np.nan}


def _slices(entries: Iterable[Entry]) -> list[str]:
    order = {"warm": 0, "cold_item": 1, "all": 2}
    found = {name for one in entries for slices in one.figures for name in slices}
    return sorted(found, key=lambda name: order.get(name, 3 + int("0" + re.sub(r"\D", "", name))))


def _places(entries: Iterable[Entry]) -> dict[str, int]:
    return {one.system: number for number, one in enumerate(entries)}


def report(collection: str, tasks: Mapping[str, Sequence[Entry]], made: str) -> str:
    """The page of a collection: for each task and metric the table and the ratios.

    Args:
        collection: str.
        tasks: entries by task.
        made: str. How the figures came about.
    """
    titles = {"items": "warm and new items", "users": "new users, by known interactions"}
    parts = [f"## {collection}"]
    for task, entries in tasks.items():
        for metric in METRICS:
            parts.append(f"### {titles[task]}, {metric_label(metric, CUT)}")
            parts += [text for text in (table(entries, metric), ratios(entries, metric)) if text]
        if shares := calibration(entries):
            parts += [f"### {titles[task]}, calibration of the one list", shares]
    return "\n\n".join([*parts, made]) + "\n"
