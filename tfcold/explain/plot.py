"""The split of a score as bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfcold.files import written_aside

if TYPE_CHECKING:
    from tfcold.serving.explanation import Explanation


def plot_split(explanation: Explanation, path: str | Path, *, top: int = 10) -> Path:
    """Path of a png with both sums, by the item and by what the user did.

    Args:
        explanation: of `Recommender.explain`.
        path: where to write; written aside and renamed.
        top: int, default 10. Bars of each sum; the rest is one bar.
    """
    from matplotlib import figure as figures

    from tfcold.serving.explanation import shortened

    figure = figures.Figure(figsize=(10, 4), layout="constrained")
    views = (("by the item", explanation.by_item), ("by what the user did", explanation.by_history))
    for axes, (title, view) in zip(figure.subplots(1, 2), views, strict=True):
        names, values = map(list, zip(*shortened(view, top), strict=True))
        axes.barh(names[::-1], values[::-1], color=["tab:blue" if value >= 0 else "tab:red" for value in values[::-1]])
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_title(title)
    figure.suptitle(f"user {explanation.user_id}, item {explanation.item_id}: score {explanation.score:.4g}")
    with written_aside(Path(path)) as aside:
        figure.savefig(aside, format="png", dpi=120)
    return Path(path)
