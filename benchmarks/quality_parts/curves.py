"""Quality of items and users as they gain interactions: the tasks, the references, the picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quality_parts.collection import PARTS, Collection
from quality_parts.tasks import MAX_VALIDATION_USERS, Task, features_of, users_like_new
from tfcold.data import Dataset
from tfcold.evaluation import Evaluation, compare, learning_curve
from tfcold.evaluation.candidates import regimes_of
from tfcold.splits import k_shot_items, k_shot_users
from tfcold.training.choose import validation_sample
from tfcold.training.inner import inner_split

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDES: Final = ("items", "users")
SHOTS: Final = (0, 1, 2, 4, 8, 16)
METRIC: Final = "ndcg"
WARM: Final = ("EASE", "iALS", "user kNN")
COLD: Final = ("kernel ridge on EASE", "lexical profile", "semantic profile")
GROUPS: Final = {"best warm reference": WARM, "best cold reference": COLD}
_COLOURS: Final = {"best warm reference": "#D55E00", "best cold reference": "#009E73"}
_OURS: Final = "#0072B2"
_INK: Final = "#22262B"
_FAINT: Final = "#6B727B"


def curve_task(collection: Collection, side: str, *, seed: int, shots: Sequence[int] = SHOTS) -> Task:
    """All rows of a collection, but for those of some items (or users), of which k are known, for several k.

    Settings are chosen on training rows that play validation: warm and cold items of `inner_split`, or users held out
    as in the task of new users.

    Args:
        collection: its own split plays no part.
        side: str. `"items"` or `"users"`.
        seed: int. Which items or users, and which of their rows.
        shots: the k.

    Raises:
        InputError: too few items or users have more than the highest k rows.
    """
    dataset = Dataset.from_tables(collection.part(*PARTS), collection.items)
    protocol = k_shot_items if side == "items" else k_shot_users
    split = protocol(dataset, shots=shots, seed=seed)
    features, seconds = features_of(split, collection)
    tuning = inner_split(split, seed=seed) if side == "items" else users_like_new(split)
    tuning_features, more_seconds = features_of(tuning, collection)
    judge = validation_sample(tuning, max_users=MAX_VALIDATION_USERS)
    slices = {name: (split, name) for name in regimes_of(split, "test")}
    regime = None if side == "items" else "cold_user"
    return Task(
        f"curve-{side}", collection.name, split, features, tuning, tuning_features, judge, regime, slices,
        seconds + more_seconds,
    )  # fmt: skip


def points_of(evaluations: Sequence[Evaluation], side: str) -> dict[str, list[dict[str, Any]]]:
    """By system: known interactions, NDCG@20 and its interval, users and candidates."""
    points: dict[str, list[dict[str, Any]]] = {}
    for evaluation in evaluations:
        if not evaluation.regimes:
            continue
        table = learning_curve(evaluation, side=side, metric=METRIC)
        columns = ["known", "value", "low", "high", "users", "candidates"]
        points[evaluation.system] = table[columns].to_dict("records")
    return points


def references_of(points: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """By group of references: at each step the best of them, whichever that is (`system` says which).

    The best is taken on the very rows that are reported, which flatters the references a little.
    """
    found = {}
    for group, systems in GROUPS.items():
        there = [{**point, "system": name} for name in systems for point in points.get(name, ())]
        steps = sorted({point["known"] for point in there})
        best = [max((one for one in there if one["known"] == step), key=lambda one: one["value"]) for step in steps]
        if best:
            found[group] = best
    return found


def differences_of(
    ours: Evaluation, others: Mapping[str, Evaluation], references: Mapping[str, Sequence[Mapping[str, Any]]], side: str
) -> list[dict[str, Any]]:
    """Ours less the best reference, step by step, paired by user: difference, its interval, the p-value."""
    rows = []
    for group, points in references.items():
        for point in points:
            regime, other = f"{side}_{point['known']}", others[point["system"]]
            if regime not in ours.regimes:
                continue
            pair = [replace(one, regimes={regime: one.regimes[regime]}) for one in (ours, other)]
            table = compare(pair, baseline=other.system)
            row = table[(table["system"] == ours.system) & (table["metric"] == METRIC)].iloc[0]
            names = ("difference", "difference_low", "difference_high", "p_value")
            rows.append(
                {"against": group, "reference": other.system, "known": point["known"]}
                | {name: float(row[name]) for name in names}
            )
    return rows


def picture(sides: Mapping[str, Mapping[str, Any]], ours: str, collection: str) -> bytes:
    """The SVG: a panel a side, ours against the best warm and the best cold reference, with intervals.

    Args:
        sides: by side, what `curve.py` writes: `systems` and `references`, each a list of points by name.
        ours: str. The system in the foreground.
        collection: str.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # text stays text, and the same figures give the same file
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tfcold", "font.family": "sans-serif"}):
        figure = Figure(figsize=(4.6 * len(sides), 3.7), dpi=100, layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(sides), sharey=False))
        for axes, (side, found) in zip(panels, sides.items(), strict=True):
            lines = {ours: found["systems"][ours], **found["references"]}
            _draw(axes, lines, ours)
            axes.set_xlabel(f"known interactions of the {side[:-1]}", color=_FAINT, fontsize=9)
            axes.set_title(side.capitalize(), loc="left", fontsize=10, color=_INK)
        panels[0].legend(frameon=False, fontsize=9, loc="best", labelcolor=_INK)
        figure.suptitle(f"NDCG@20 on {collection} (95% intervals)", x=0.02, ha="left", fontsize=11, color=_INK)
        stream = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    return stream.getvalue()


def _draw(axes: Axes, lines: Mapping[str, Sequence[Mapping[str, Any]]], ours: str) -> None:
    steps = sorted({point["known"] for points in lines.values() for point in points})
    for name, points in lines.items():
        at = [steps.index(point["known"]) for point in points]
        value, low, high = ([point[key] for point in points] for key in ("value", "low", "high"))
        colour = _OURS if name == ours else _COLOURS[name]
        axes.fill_between(at, low, high, color=colour, alpha=0.13, linewidth=0)
        axes.plot(
            at, value, color=colour, linewidth=2.2 if name == ours else 1.6, marker="o", markersize=4,
            label=name, zorder=3 if name == ours else 2,
        )  # fmt: skip
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#E6E8EB", linewidth=0.8)
    axes.tick_params(length=0, labelsize=9, labelcolor=_FAINT)
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)
    axes.spines["bottom"].set_color("#C9CED4")
