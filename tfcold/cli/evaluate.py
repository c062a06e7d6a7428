"""`tfcold evaluate`: a bundle and held-out rows in, figures by regime out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from tfcold.cli import console
from tfcold.files import written_aside
from tfcold.progress import logger

if TYPE_CHECKING:
    import pandas as pd

SUMMARY: Final = "rank held-out interactions with a bundle, by regime"
DESCRIPTION: Final = """\
Ranks all candidates for every user with held-out rows and prints NDCG, Recall, Hit rate and MRR by regime (warm items,
cold items, both in one list, cold users), with bootstrap intervals over users. What the model saw in training is never
listed, and held-out rows that it did see are left out.
"""
EPILOG: Final = """\
example:
  tfcold evaluate --model saved_models/shop --interactions test.csv --exclude valid.csv --json figures.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--interactions", required=True, metavar="F", help="held-out rows: user_id,item_id")
    parser.add_argument("--candidates", metavar="F", help="csv with a column item_id: nothing else may be listed")
    parser.add_argument(
        "--exclude", metavar="F", help="csv user_id,item_id of warm pairs never to list (validation rows)"
    )
    parser.add_argument(
        "--k", type=console.whole_number(1), action="append", metavar="K", help="cut-off, default 20; repeatable"
    )
    parser.add_argument("--json", "--out", dest="json", metavar="F", help="write all figures there, as JSON")
    parser.add_argument("--confidence", type=_confidence, default=0.95, metavar="C", help="of intervals, default 0.95")
    parser.add_argument("--seed", type=console.seed, default=0, metavar="N", help="of the bootstrap, default 0")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    for name in ("interactions", "candidates", "exclude"):
        console.check_file(getattr(args, name), f"--{name}")
    if args.json is not None:
        console.check_out_file(args.json, "--json", (".json",))

    from tfcold.cli.recommend import read_ids, read_pairs
    from tfcold.columns import ITEM_ID
    from tfcold.data import read_interactions

    held_out = read_interactions(args.interactions, argument="--interactions").frame
    candidates = None if args.candidates is None else read_ids(args.candidates, ITEM_ID, "--candidates")
    exclude = None if args.exclude is None else read_pairs(args.exclude, "--exclude")

    from tfcold.evaluation import evaluate
    from tfcold.judging import BundleScorer, split_of_bundle

    scorer = BundleScorer(args.model, candidates=candidates)
    split = split_of_bundle(scorer, held_out, exclude)
    evaluation = evaluate(scorer, split, k=tuple(args.k or (20,)))
    options: dict[str, Any] = {"confidence": args.confidence, "seed": args.seed}
    for k in evaluation.ks:
        console.say(f"{evaluation.system} on {args.interactions}, {args.confidence:.0%} intervals over users")
        console.say()
        console.say(console.aligned(_rows(evaluation.summary(**options), k)))
        console.say()
    if args.json is not None:
        with written_aside(args.json) as aside:
            aside.write_text(evaluation.to_json(**options) + "\n", encoding="utf-8")
        logger.info("all figures: %s", args.json)


def _rows(summary: pd.DataFrame, k: int) -> list[list[str]]:
    """A line a regime, a column a metric."""
    from tfcold.evaluation.labels import metric_label, regime_label

    metrics = ("ndcg", "recall", "hit", "mrr")
    lines = [["", *(metric_label(metric, k) for metric in metrics), "users", "candidates"]]
    for regime, rows in summary[summary["k"] == k].groupby("regime", sort=False):
        by_metric = rows.set_index("metric")
        cells = [
            f"{found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
            for found in (by_metric.loc[metric] for metric in metrics)
        ]
        first = by_metric.iloc[0]
        lines.append([regime_label(str(regime)), *cells, f"{first['users']:,}", f"{first['candidates']:,}"])
    return lines


def _confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, as in 0.95; received {text!r}")
    return value
