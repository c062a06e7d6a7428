"""Pictures of a comparison and of a learning curve. Figures of their own: no pyplot, no global style is touched."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from tfcold.evaluation.labels import chosen, metric_label, regime_label
from tfcold.files import written_aside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import LayoutEngine

# Okabe and Ito 2008: told apart by colour-blind readers too; the first is for what is shown, not for what it is
# compared with
_ACCENT: Final = "#0072B2"
_REST: Final = "#B8BEC6"
_COLOURS: Final = (_ACCENT, "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B5F66")
_INK: Final = "#22262B"
_FAINT: Final = "#6B727B"


def plot_regimes(
    table: pd.DataFrame, *, metric: str = "ndcg", k: int | None = None, highlight: str | None = None
) -> Figure:
    """Bars of every system with their intervals, one panel a regime.

    Args:
        table: frame from `compare` or `Evaluation.summary`.
        metric: str, default `"ndcg"`.
        k: int or None (default), the largest cut-off there is.
        highlight: str or None (default), the last system. The one drawn in colour.

    Returns: `matplotlib.figure.Figure`. Write it with `save_figure`.
    """
    from matplotlib.figure import Figure

    rows, cut = chosen(table, metric, k)
    systems, regimes = list(dict.fromkeys(rows["system"])), list(dict.fromkeys(rows["regime"]))
    highlight = systems[-1] if highlight is None else highlight
    columns = min(3, len(regimes))
    lines = -(-len(regimes) // columns)
    name_width = 0.085 * max(len(system) for system in systems)
    figure = Figure(
        figsize=(0.6 + name_width + 3.1 * columns, 0.75 + lines * (0.75 + 0.34 * len(systems))),
        dpi=144,
        layout=_layout(),
    )
    panels = np.atleast_1d(figure.subplots(lines, columns, sharey=True, squeeze=False)).reshape(-1)
    for panel, regime in zip(panels, regimes, strict=False):
        _draw_bars(panel, rows[rows["regime"] == regime], systems, highlight)
        panel.set_title(regime_label(regime), loc="left", fontsize=10, color=_INK)
    for panel in panels[len(regimes) :]:
        panel.set_visible(False)
    _title(figure, _titled(metric_label(metric, cut), table, rows))
    return figure


def plot_curve(curve: pd.DataFrame) -> Figure:
    """Lines with bands over the number of known interactions, each named at its end.

    Args:
        curve: frame from `learning_curve`.

    Returns: `matplotlib.figure.Figure`. Write it with `save_figure`.
    """
    from matplotlib.figure import Figure

    systems = list(dict.fromkeys(curve["system"]))
    steps = sorted({int(known) for known in curve["known"]})
    side, metric, cut = str(curve["side"].iloc[0]), str(curve["metric"].iloc[0]), int(curve["k"].iloc[0])
    figure = Figure(figsize=(7.2, 4.2), dpi=144, layout=_layout())
    axes = figure.subplots()
    ends = []
    for number, system in enumerate(systems):
        rows = curve[curve["system"] == system]
        at = [steps.index(int(known)) for known in rows["known"]]  # steps side by side: they double, from 0
        colour = _COLOURS[number % len(_COLOURS)]
        axes.fill_between(at, rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(at, rows["value"], color=colour, linewidth=2, marker="o", markersize=4.5)
        ends.append((float(rows["value"].iloc[-1]), system, colour))
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_xlabel(f"known interactions of the {side[:-1]}", color=_FAINT, fontsize=9)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.03)
    _plain(axes)
    axes.grid(axis="y", color="#E6E8EB", linewidth=0.8)
    _name_ends(axes, ends, len(steps) - 1)
    _title(figure, _titled(metric_label(metric, cut), curve, curve))
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Writes a figure as PNG, aside and renamed."""
    with written_aside(path) as aside:
        aside.write_bytes(png_bytes(figure))


def png_bytes(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(stream, format="png")
    return stream.getvalue()


def _draw_bars(axes: Axes, rows: pd.DataFrame, systems: Sequence[str], highlight: str) -> None:
    height = np.array([systems.index(system) for system in rows["system"]])
    value, low, high = (rows[name].to_numpy(np.float64) for name in ("value", "low", "high"))
    top = np.where(np.isnan(high), value, high)
    colours = [_ACCENT if system == highlight else _REST for system in rows["system"]]
    axes.barh(height, value, height=0.64, color=colours, zorder=2)
    known = ~np.isnan(low)
    axes.hlines(height[known], low[known], high[known], color=_INK, linewidth=1.1, zorder=3)
    for place, number, end, system in zip(height, value, top, rows["system"], strict=True):
        axes.annotate(
            f"{number:.3f}",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=_INK,
            fontweight="bold" if system == highlight else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
    axes.set_yticks(range(len(systems)), systems)
    axes.set_ylim(len(systems) - 0.5, -0.5)
    axes.set_xlim(0, max(float(top.max()) * 1.22, 1e-9))  # room for the number
    axes.locator_params(axis="x", nbins=4)
    _plain(axes)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", labelsize=9.5, labelcolor=_INK)
    axes.grid(axis="x", color="#E6E8EB", linewidth=0.8, zorder=0)


def _name_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], last: int) -> None:
    """Names beside the last points, pushed apart where they would overlap."""
    low, high = axes.get_ylim()
    gap = 0.055 * (high - low)
    previous = -np.inf
    for value, system, colour in sorted(ends):
        previous = max(value, previous + gap)
        axes.annotate(
            system,
            (last, previous),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=colour,
            annotation_clip=False,
        )


def _layout() -> LayoutEngine:
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.03, hspace=0.05)


def _plain(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#C9CED4")
    axes.tick_params(length=0, labelsize=9, labelcolor=_FAINT)
    axes.set_axisbelow(True)


def _titled(label: str, table: pd.DataFrame, rows: pd.DataFrame) -> str:
    confidence: Any = table.attrs.get("confidence")
    if not rows["low"].notna().any():
        return label
    return f"{label} ({confidence:.0%} intervals over users)" if confidence else f"{label} (intervals over users)"


def _title(figure: Figure, title: str) -> None:
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold", color=_INK)
