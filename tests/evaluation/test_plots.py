import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib._pylab_helpers import Gcf

from tfcold.evaluation import plot_curve, plot_regimes, png_bytes, save_figure


@pytest.fixture
def table() -> pd.DataFrame:
    records = [
        {
            "system": system,
            "regime": regime,
            "metric": "ndcg",
            "k": 20,
            "value": value,
            "low": value - 0.02,
            "high": high,
        }
        for system, regime, value, high in [
            ("EASE", "warm", 0.34, 0.36),
            ("EASE", "cold_item", 0.01, 0.03),
            ("tfcold", "warm", 0.35, 0.37),
            ("tfcold", "cold_item", 0.42, 0.44),
        ]
    ]
    return pd.DataFrame.from_records(records)


@pytest.fixture
def curve() -> pd.DataFrame:
    value = np.array([0.1, 0.2, 0.3, 0.31])
    known = [0, 4, 0, 4]
    frame = pd.DataFrame({"system": ["EASE", "EASE", "tfcold", "tfcold"], "known": known, "value": value})
    return frame.assign(side="items", metric="ndcg", k=20, low=value - 0.01, high=value + 0.01)


def test_bars_stand_for_the_values_one_panel_a_regime(table) -> None:  # type: ignore[no-untyped-def]
    figure = plot_regimes(table)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["Warm items", "Cold items"]
    assert [[bar.get_width() for bar in axes.patches] for axes in panels] == [[0.34, 0.35], [0.01, 0.42]]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["EASE", "tfcold"]


def test_bars_show_the_intervals_and_take_measures_without(table) -> None:  # type: ignore[no-untyped-def]
    (panel, *_) = plot_regimes(table).axes
    segments = [segment[:, 0].round(3).tolist() for segment in panel.collections[0].get_segments()]
    assert segments == [[0.32, 0.36], [0.33, 0.37]]
    bare = plot_regimes(table.assign(low=np.nan, high=np.nan)).axes[0]
    assert bare.collections[0].get_segments() == []


def test_only_the_highlighted_system_is_in_colour(table) -> None:  # type: ignore[no-untyped-def]
    def colours(figure):  # type: ignore[no-untyped-def]
        return [bar.get_facecolor() for bar in figure.axes[0].patches]

    last, first = colours(plot_regimes(table)), colours(plot_regimes(table, highlight="EASE"))
    assert last[0] == first[1]
    assert last[1] == first[0]
    assert last[0] != last[1]


def test_curve_draws_a_line_and_a_band_a_system(curve) -> None:  # type: ignore[no-untyped-def]
    (axes,) = plot_curve(curve).axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.1, 0.2], [0.3, 0.31]]
    assert len(axes.collections) == 2
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "4"]
    assert {text.get_text() for text in axes.texts} == {"EASE", "tfcold"}


def test_names_at_the_ends_are_pushed_apart(curve) -> None:  # type: ignore[no-untyped-def]
    (axes,) = plot_curve(curve.assign(value=[0.1, 0.3, 0.2, 0.3])).axes
    heights = sorted(text.xy[1] for text in axes.texts)
    assert heights[1] - heights[0] > 0.01


def test_pictures_are_png_files(table, curve, tmp_path) -> None:  # type: ignore[no-untyped-def]
    save_figure(plot_curve(curve), tmp_path / "plots" / "curve.png")
    content = (tmp_path / "plots" / "curve.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(png_bytes(plot_regimes(table))) > 5000


def test_drawing_changes_no_style_and_leaves_no_figure_to_pyplot(table, curve) -> None:  # type: ignore[no-untyped-def]
    style, managers = dict(matplotlib.rcParams), list(Gcf.figs)
    png_bytes(plot_regimes(table))
    png_bytes(plot_curve(curve))
    assert dict(matplotlib.rcParams) == style
    assert list(Gcf.figs) == managers
