"""`tfcold demo`: the whole job on MovieLens-100K."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfcold.cli import console
from tfcold.errors import InputError
from tfcold.progress import logger

if TYPE_CHECKING:
    from tfcold.demo import Demo

SUMMARY: Final = "the whole job on MovieLens-100K, in a few minutes"
DESCRIPTION: Final = """\
Fetches MovieLens-100K and a small language model (90 MB, once), holds out a fifth of the films with everything that was
rated of them, fits baselines and tfcold on the rest, and judges all of them on the same held-out rows. Ends with a
table, plots, lists to look at, and a SavedModel that recommends films nobody has rated.
"""
EPILOG: Final = """\
example:
  tfcold demo --out saved_models/demo
"""
INTERRUPTED: Final = "Run it again: what was fetched and encoded is kept"
OUT: Final = "saved_models/demo"
FOLDERS: Final = ("model", "report", "logs")  # as in `tfcold.demo`, which would bring pandas along
SENTENCE: Final = "a funny animated film for the whole family"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default=OUT, metavar="DIR", help=f"folder for bundle, report and logs, default {OUT}")
    parser.add_argument("--preset", choices=("fast", "best"), default="fast", help="default fast")
    parser.add_argument("--epochs", type=console.whole_number(0), metavar="N", help="most epochs of gradient training")
    parser.add_argument("--seed", type=console.seed, default=0, metavar="N", help="fixes all draws, default 0")
    parser.add_argument("--text", default=SENTENCE, metavar="WORDS", help="what the new user types")


def run(args: argparse.Namespace) -> None:
    check_out(args.out)
    if not args.text.strip():
        raise InputError("`--text` must hold words; received an empty one")

    from tfcold.cli.fit import settings_of
    from tfcold.demo import movielens_tables, run_demo

    demo = run_demo(movielens_tables(), args.out, settings=settings_of(args), seed=args.seed)
    show(demo, args.text)


def check_out(path: str) -> None:
    """Nothing, if the demo may write there: nothing is there, or an earlier demo."""
    folder = Path(path)
    if folder.exists() and (not folder.is_dir() or {entry.name for entry in folder.iterdir()} - set(FOLDERS)):
        raise InputError(f"`--out` exists and is no folder of an earlier demo: {path!r}. Give another path or move it")
    if (model := folder / FOLDERS[0]).exists():
        console.check_out_bundle(str(model))
    console.check_writable(path, "--out")


def show(demo: Demo, text: str) -> None:
    """Prints lists, table, verdict and paths."""
    from tfcold.demo import verdict
    from tfcold.evaluation import text_table
    from tfcold.opening import load
    from tfcold.showcase import Showcase

    showcase = Showcase(load(demo.bundle), demo.split)
    lists = [showcase.users(), showcase.new_items(), showcase.audience(), showcase.newcomer()]
    if demo.split.dataset.items.frame.shape[1] > 1:
        lists.append(showcase.sentence(text))
    for lines in lists:
        console.say("\n".join(lines))
        console.say()
    for metric in ("ndcg", "recall"):
        console.say(text_table(demo.table, metric=metric))
        console.say()
    console.say("\n".join(verdict(demo.table)))
    model = demo.bundle.parent
    rows = [
        ["plots", str(demo.report["png"])],
        ["report", f"{demo.report['markdown']}, {demo.report['json']}"],
        ["bundle", f"{demo.bundle}   (tfcold inspect {model})"],
        ["lists", f"tfcold recommend --model {model} --out topk.csv"],
        ["words", f'tfcold recommend --model {model} --text "{text}" --out topk.csv'],
        ["board", f"tensorboard --logdir {demo.log_dir.parent}"],
    ]
    console.say()
    console.say(console.aligned(rows))
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in demo.seconds.items())
    logger.info("time: %s", spent)
