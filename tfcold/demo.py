"""The whole job on one collection: baselines, training, honest figures, a bundle, and lists to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from tfcold.data import Dataset
from tfcold.evaluation import Evaluation, compare, evaluate, save_report
from tfcold.evaluation.labels import regime_label
from tfcold.evaluation.report import SIGNIFICANT
from tfcold.progress import logger
from tfcold.ranking import Scorer
from tfcold.splits import Split, cold_item
from tfcold.workflow import Tables, Words, build_features, report_of, tuned_baselines

if TYPE_CHECKING:
    from tfcold.training import Settings

MODEL_FOLDER: Final = "model"
REPORT_FOLDER: Final = "report"
LOG_FOLDER: Final = "logs"
SYSTEM: Final = "tfcold"
METRIC: Final = "ndcg@20"


@dataclass(frozen=True)
class Demo:
    """What `run_demo` leaves behind.

    Args:
        split: who was held out.
        evaluations: of every baseline, and of tfcold last, on the test rows.
        table: their comparison, tfcold being what each baseline is held against.
        bundle: version folder.
        report: paths of the report, under `"json"`, `"markdown"`, `"png"`.
        log_dir: what TensorBoard reads.
        seconds: seconds by stage.
    """

    split: Split
    evaluations: tuple[Evaluation, ...]
    table: pd.DataFrame
    bundle: Path
    report: dict[str, Path]
    log_dir: Path
    seconds: dict[str, float]


def movielens_tables() -> Tables:
    """The tables of MovieLens-100K, fetched on first use."""
    from tfcold.assets import fetch
    from tfcold.data import read_movielens_100k

    return Tables(*read_movielens_100k(fetch("movielens-100k")))


def run_demo(
    tables: Tables, out: str | Path, *, words: Words | None = None, settings: Settings | None = None, seed: int = 0
) -> Demo:
    """Holds out items and rows, fits baselines and a model, judges all of them on the same rows, writes a bundle.

    A fifth of the items is held out with all their rows, a tenth of the other items to choose settings by; of the
    remaining rows a tenth each. Every baseline's own settings are chosen on the same validation rows as tfcold's.

    Args:
        tables: interactions, items, users.
        out: folder; `model`, `report` and `logs` come to lie in it.
        words: default `Words()`: MiniLM and the lexical encoder.
        settings: default `Settings()`.
        seed: int, default 0. Of the split.
    """
    from tfcold.export import export
    from tfcold.training import Settings, fit
    from tfcold.training.tensorboard import write_figures

    out, seconds = Path(out), dict[str, float]()
    log_dir = out / LOG_FOLDER / time.strftime("%Y%m%d-%H%M%S")
    with _stage("split", seconds):
        split = cold_item(Dataset.from_tables(tables.interactions, tables.items, tables.users), seed=seed)
        for line in [*split.dataset.report.lines(), *split.describe().to_string(index=False).splitlines()]:
            logger.info("%s", line)
    with _stage("words to vectors", seconds):
        encoded = build_features(split, words)
    with _stage("baselines", seconds):
        judged = [_judged(baseline, split) for baseline in tuned_baselines(split, encoded.features)]
    with _stage("training", seconds):
        trained = fit(split, encoded.features, settings or Settings(), log_dir=log_dir)
    with _stage("evaluation", seconds):
        judged.append(_judged(trained, split))
        table = compare(judged, baseline=SYSTEM)
        report = save_report(out / REPORT_FOLDER, judged, baseline=SYSTEM)
        write_figures(log_dir, judged, baseline=SYSTEM)
    with _stage("bundle", seconds):
        bundle = export(
            trained,
            out / MODEL_FOLDER,
            items=tables.items.frame,
            report=report_of(trained, split, judged[-1]),
            plots=[report["png"]],
            features=encoded.features,
            encoders={name: one for name, one in encoded.encoders.items() if name in encoded.features.items},
            name="tfcold-demo",
        )
    return Demo(split, tuple(judged), table, bundle, report, log_dir, seconds)


def _judged(scorer: Scorer, split: Split) -> Evaluation:
    found = evaluate(scorer, split, k=20)
    figures = ", ".join(f"{regime} {found.mean(regime, METRIC):.4f}" for regime in found.regimes)
    logger.info("%s: NDCG@20 %s", found.system, figures)
    return found


@contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    logger.info("== %s", name)
    start = time.monotonic()
    yield
    seconds[name] = time.monotonic() - start


def verdict(table: pd.DataFrame, regimes: Sequence[str] = ("warm", "cold_item", "all")) -> list[str]:
    """A sentence a regime: which baselines tfcold beats in NDCG@20, which it does not, and how sure that is.

    Args:
        table: frame from `compare` with tfcold as the baseline, so that differences are a baseline's minus tfcold's.
        regimes: which.
    """
    rows = table[(table["metric"] == "ndcg") & (table["k"] == table["k"].max())]
    sentences = []
    for regime in regimes:
        here = rows[rows["regime"] == regime]
        if here.empty:
            continue
        ours = here[here["system"] == SYSTEM]["value"].iloc[0]
        others = here[here["system"] != SYSTEM]
        above = others[others["difference"] >= 0].sort_values("difference", ascending=False)
        close = others[(others["difference"] < 0) & (others["p_value"] >= SIGNIFICANT)]
        said = f"{regime_label(regime)}: tfcold {ours:.3f}"
        if above.empty:
            said += f" is ahead of all {len(others)} baselines"
        else:
            said += f" does NOT beat {_listed(above)}"
        if not close.empty:
            said += f"; its lead over {_listed(close)} may be chance"
        sentences.append(said + ".")
    return sentences


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.system} ({row.value:.3f}, p = {row.p_value:.3f})" for row in rows.itertuples())
