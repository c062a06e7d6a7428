"""`tfcold add-items`: new items join a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console

SUMMARY: Final = "let new items into a bundle, without training"
DESCRIPTION: Final = """\
Encodes items that the bundle does not know the way its own were encoded, and writes a bundle that recommends them too.
Nothing is trained. With --out the same as --model, the next version of the bundle is written.
"""
EPILOG: Final = """\
examples:
  tfcold add-items --model saved_models/shop --items arrivals.csv --out saved_models/shop
  tfcold add-items --model saved_models/shop --items arrivals.csv --item-vectors text=new.npz \\
                   --out saved_models/new
"""
RENAMED: Final = {"folder": "model", "frame": "items", "vectors": "item_vectors"}  # arguments of Python -> options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument(
        "--items", required=True, metavar="F", help="the new items: item_id and the columns of the others"
    )
    parser.add_argument(
        "--item-vectors", type=console.named_file, action="append", metavar="NAME=F",
        help="ready vectors of a block; repeatable. Blocks without a file are encoded",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle to write; may be --model's")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    console.check_file(args.items, "--items")
    vector_files = console.named_files(args.item_vectors, "--item-vectors")
    console.check_out_bundle(args.out)

    from tfcold.data import read_items
    from tfcold.workflow import read_item_vectors

    items = read_items(args.items, argument="--items")
    vectors = read_item_vectors(vector_files, items, argument="--item-vectors")
    from tfcold.export import add_items, encode_new_items
    from tfcold.manifest import read_manifest

    encoded = encode_new_items(args.model, items.frame, vectors)
    version = add_items(args.model, items.frame, encoded, args.out)
    sizes = read_manifest(version).sizes
    console.say(f"{len(items):,} items joined, {sizes['items']:,} in all: {version}")
