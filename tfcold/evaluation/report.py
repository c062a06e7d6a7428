"""What was found as text for the terminal; a comparison also as Markdown, as JSON, and all of them as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from tfcold.evaluation.comparison import checked_evaluations, compare
from tfcold.evaluation.evaluation import Evaluation
from tfcold.evaluation.labels import chosen, metric_label, regime_label
from tfcold.files import write_json, written_aside

SIGNIFICANT: Final = 0.05
_CONFIDENCE: Final = 0.95


def text_table(table: pd.DataFrame, *, metric: str = "ndcg", k: int | None = None, decimals: int = 3) -> str:
    """Aligned lines for a terminal: systems down, regimes across, `value [low, high]` in the cells.

    A `+` or `-` after a cell says that the system is better or worse than the baseline with p < 0.05.

    Args:
        table: frame from `compare` (or `Evaluation.summary`).
        metric: str, default `"ndcg"`.
        k: int or None (default), the largest cut-off there is.
        decimals: int, default 3.

    Returns: str of several lines, without a final line break.
    """
    rows, cut = chosen(table, metric, k)
    return "\n".join(
        [_caption(table, rows, metric_label(metric, cut)), "", *_aligned(_cells(rows, decimals, bold=False))]
    )


def regime_table(evaluation: Evaluation, *, metrics: Sequence[str] = ("ndcg", "recall"), decimals: int = 3) -> str:
    """Aligned lines for a terminal of 80 columns: regimes down, metrics across, `value [low, high]` in the cells.

    Args:
        evaluation: one system's.
        metrics: names, default `("ndcg", "recall")`; those that were not measured are left out.
        decimals: int, default 3.

    Returns: str of several lines, without a final line break. Everything at the largest cut-off.
    """
    k = max(evaluation.ks)
    rows = [row for row in evaluation.summary(confidence=_CONFIDENCE).to_dict("records") if row["k"] == k]
    cells = {(row["regime"], row["metric"]): _cell(row, decimals) for row in rows}
    shown = [metric for metric in metrics if metric in {row["metric"] for row in rows}]
    grid = [["regime", *(metric_label(metric, k) for metric in shown), "users", "candidates"]]
    for regime, result in evaluation.regimes.items():
        found = [cells[regime, metric] for metric in shown]
        grid.append([regime, *found, f"{result.num_users:,}", f"{result.num_candidates:,}"])
    caption = f"{evaluation.system} on {evaluation.part} rows, {_CONFIDENCE:.0%} intervals over users"
    return "\n".join([caption, "", *_aligned(grid)])


def markdown_table(table: pd.DataFrame, *, metric: str = "ndcg", k: int | None = None, decimals: int = 3) -> str:
    """The same as a Markdown table, the best of each regime in bold; arguments as in `text_table`."""
    rows, cut = chosen(table, metric, k)
    head, *body = _cells(rows, decimals, bold=True)
    lines = [" | ".join(line).join(("| ", " |")) for line in (head, ["---"] * len(head), *body)]
    return "\n".join([_caption(table, rows, metric_label(metric, cut)), "", *lines])


def report_dict(evaluations: Iterable[Evaluation], *, baseline: str | None = None, **options: Any) -> dict[str, Any]:
    """Everything a comparison found, as plain numbers: `evaluations` in full, and the rows of the `comparison`.

    Args:
        evaluations: as for `compare`.
        baseline: str or None (default), as for `compare`.
        options: `confidence`, `resamples`, `seed`, as for `compare`.
    """
    them = checked_evaluations(evaluations)
    table = compare(them, baseline=baseline, **options)
    return {
        "baseline": baseline,
        "evaluations": [evaluation.to_dict(**options) for evaluation in them],
        "comparison": _records(table),
    }


def save_report(
    folder: str | Path,
    evaluations: Iterable[Evaluation],
    *,
    baseline: str | None = None,
    metric: str = "ndcg",
    k: int | None = None,
    **options: Any,
) -> dict[str, Path]:
    """Writes `report.json`, `report.md` and `report.png` into a folder, each aside and renamed.

    Args:
        folder: where; made if need be. Other files in it stay.
        evaluations, baseline: as for `compare`.
        metric, k: what the table and the picture show; the JSON holds every metric.
        options: `confidence`, `resamples`, `seed`, as for `compare`.

    Returns: the paths, under `"json"`, `"markdown"` and `"png"`.
    """
    from tfcold.evaluation.plots import plot_regimes, save_figure

    them = checked_evaluations(evaluations)
    table = compare(them, baseline=baseline, **options)
    paths = {
        "json": Path(folder) / "report.json",
        "markdown": Path(folder) / "report.md",
        "png": Path(folder) / "report.png",
    }
    write_json(paths["json"], report_dict(them, baseline=baseline, **options))
    with written_aside(paths["markdown"]) as aside:
        aside.write_text(markdown_table(table, metric=metric, k=k) + "\n", encoding="utf-8")
    save_figure(plot_regimes(table, metric=metric, k=k), paths["png"])
    return paths


def _aligned(grid: list[list[str]]) -> list[str]:
    """Header, rule and body as lines of columns."""
    widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in grid]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _cells(rows: pd.DataFrame, decimals: int, *, bold: bool) -> list[list[str]]:
    """Header and body as strings; systems and regimes in the order in which they first come."""
    systems, regimes = list(dict.fromkeys(rows["system"])), list(dict.fromkeys(rows["regime"]))
    by_place = {(row["system"], row["regime"]): row for row in rows.to_dict("records")}
    best = rows.groupby("regime")["value"].max()
    grid = [["system", *(regime_label(regime) for regime in regimes)]]
    for system in systems:
        line = [system]
        for regime in regimes:
            row = by_place.get((system, regime))
            cell = "" if row is None else _cell(row, decimals)
            top = bold and row is not None and len(systems) > 1 and row["value"] == best[regime]
            line.append(f"**{cell}**" if top else cell)
        grid.append(line)
    return grid


def _cell(row: dict[Any, Any], decimals: int) -> str:
    value = f"{row['value']:.{decimals}f}"
    ends = "" if np.isnan(row["low"]) else f" [{row['low']:.{decimals}f}, {row['high']:.{decimals}f}]"
    return value + ends + _sign(row)


def _sign(row: dict[Any, Any]) -> str:
    if not row.get("p_value", np.nan) < SIGNIFICANT:
        return ""
    return " +" if row["difference"] > 0 else " -"


def _caption(table: pd.DataFrame, rows: pd.DataFrame, label: str) -> str:
    confidence, baseline = table.attrs.get("confidence"), table.attrs.get("baseline")
    caption = label
    if rows["low"].notna().any():
        caption += f", {confidence:.0%} intervals over users" if confidence else ", intervals over users"
    if baseline is not None and "p_value" in rows and rows["p_value"].notna().any():
        caption += f"; + or -: better or worse than {baseline}, p < {SIGNIFICANT}"
    return caption


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]
