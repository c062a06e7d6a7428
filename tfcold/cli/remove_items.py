"""`tfcold remove-items`: items leave a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console

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
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--items", required=True, metavar="F", help="csv with a column item_id")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle to write; may be --model's")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    console.check_file(args.items, "--items")
    console.check_out_bundle(args.out)

    from tfcold.cli.recommend import read_ids
    from tfcold.columns import ITEM_ID

    gone = read_ids(args.items, ITEM_ID, "--items")
    from tfcold.export import remove_items
    from tfcold.manifest import read_manifest

    version = remove_items(args.model, gone, args.out)
    console.say(f"{len(gone):,} items left, {read_manifest(version).sizes['items']:,} stay: {version}")
