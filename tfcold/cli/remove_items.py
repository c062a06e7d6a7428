"""`tfcold remove-items`: items leave a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import changing

SUMMARY: Final = "take items out of a bundle, without training"
DESCRIPTION: Final = """\
Writes a bundle that never lists these items again, in no signature. Nothing is trained. With --out the same as --model,
the next version of the bundle is written, and the old one stays to roll back to.
"""
EPILOG: Final = """\
examples:
  tfcold remove-items --model saved_models/shop --items sold_out.csv --out saved_models/shop
"""
RENAMED: Final = {"folder": "model"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    changing.add_bundles(parser)
    parser.add_argument("--items", required=True, metavar="F", help="csv with a column item_id")


def run(args: argparse.Namespace) -> None:
    changing.check_bundles(args, "items")

    from tfcold.cli.recommend import read_ids
    from tfcold.columns import ITEM_ID

    gone = read_ids(args.items, ITEM_ID, "--items")
    from tfcold.export import remove_items

    version = remove_items(args.model, gone, args.out)
    changing.say_changed(f"{len(gone):,} items left", version, "items", "stay")
