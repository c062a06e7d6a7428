"""Honest figures: full ranking by regime, intervals over users, paired tests, tables and pictures.

`evaluate` ranks and returns an `Evaluation`; `lists_of` returns the lists it judges; `compare` puts several side by
side; `regime_table` shows one (`print` does), `text_table`, `markdown_table`, `report_dict` and `save_report` several;
`learning_curve` follows quality over the number of known interactions; `plot_regimes`, `plot_curve` and `save_figure`
draw.
"""

from tfcold.evaluation.comparison import compare
from tfcold.evaluation.curve import learning_curve
from tfcold.evaluation.evaluation import Evaluation, RegimeResult
from tfcold.evaluation.plots import plot_curve, plot_regimes, png_bytes, save_figure
from tfcold.evaluation.protocol import evaluate, lists_of
from tfcold.evaluation.report import markdown_table, regime_table, report_dict, save_report, text_table

__all__ = [
    "Evaluation",
    "RegimeResult",
    "compare",
    "evaluate",
    "learning_curve",
    "lists_of",
    "markdown_table",
    "plot_curve",
    "plot_regimes",
    "png_bytes",
    "regime_table",
    "report_dict",
    "save_figure",
    "save_report",
    "text_table",
]
