"""`tfcold add-items`: new items join a bundle, without training."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from tfcold.cli import changing, console

if TYPE_CHECKING:
    import pandas as pd

SUMMARY: Final = "let new items into a bundle, without training"
DESCRIPTION: Final = """\
Encodes items that the bundle does not know the way its own were encoded, and writes a bundle that recommends them too.
Nothing is trained. With --out the same as --model, the next version of the bundle is written.

With --replace, items that the bundle has may stand in the table, too. What lists show of them becomes what the table
says. A cold item moves to the place of its new words; a warm one keeps what training learned of it. With
`--replace shown` nothing moves, no words are needed, and all items must be in the bundle: for prices and stock.
"""
EPILOG: Final = """\
examples:
  tfcold add-items --model saved_models/shop --items arrivals.csv --out saved_models/shop
  tfcold add-items --model saved_models/shop --items arrivals.csv --item-vectors text=new.npz \\
                   --out saved_models/new
  tfcold add-items --model saved_models/shop --items prices.csv --replace shown --out saved_models/shop
"""
RENAMED: Final = {"folder": "model", "frame": "items", "vectors": "item_vectors"}  # arguments of Python -> options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    changing.add_bundles(parser)
    parser.add_argument(
        "--items", required=True, metavar="F", help="the new items: item_id and the columns of the others"
    )
    parser.add_argument(
        "--item-vectors", type=console.named_file, action="append", metavar="NAME=F",
        help="ready vectors of a block; repeatable. Blocks without a file are encoded",
    )  # fmt: skip
    parser.add_argument(
        "--replace", nargs="?", const="words", choices=("words", "shown"),
        help="take items that the bundle has, too, and describe them anew: `words` (default) and what lists show of "
        "them, or only what lists show (`shown`)",
    )  # fmt: skip
    parser.add_argument(
        "--stuffed", choices=("warn", "raise", "ignore"), default="warn",
        help="what to do about texts that look stuffed: longer, more repetitive or fuller of other items' titles than "
        "any text of the bundle; default warn",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    changing.check_bundles(args, "items")
    vector_files = console.named_files(args.item_vectors, "--item-vectors")

    from tfcold.data import read_items
    from tfcold.workflow import read_item_vectors

    items = read_items(args.items, argument="--items")
    vectors = read_item_vectors(vector_files, items, argument="--item-vectors")
    from tfcold.export import add_items, encode_new_items
    from tfcold.manifest import read_manifest

    if args.stuffed != "ignore":
        _look_for_stuffed(items.frame, args.model, raises=args.stuffed == "raise")
    shown = args.replace == "shown"
    encoded = None if shown else encode_new_items(args.model, items.frame, vectors)
    version = add_items(
        args.model, items.frame, encoded, args.out, replace="shown" if shown else args.replace is not None
    )
    change = read_manifest(version).added[-1]
    said = [f"{change['items']:,} items joined"] if change.get("items") else []
    said += [f"{change['replaced']:,} described anew"] if change.get("replaced") else []
    changing.say_changed(", ".join(said), version, "items", "in all")


def _look_for_stuffed(items: pd.DataFrame, model: str, *, raises: bool) -> None:
    """Says which texts are beyond what the bundle's texts have.

    Raises:
        InputError: there are some, and `raises`.
    """
    from tfcold.errors import InputError
    from tfcold.manifest import version_folder
    from tfcold.progress import logger
    from tfcold.serving.attributes import kept_items
    from tfcold.text import stuffed_texts

    kept = kept_items(version_folder(model))
    if kept is None:
        return
    found = stuffed_texts(items, kept)
    if found.empty:
        return
    some = [f"{item!r} ({column}: {why})" for item, column, why in found.head(3).itertuples(index=False)]
    said = f"{found.iloc[:, 0].nunique()} of {len(items)} items look stuffed with words: {'; '.join(some)}"
    if raises:
        raise InputError(f"`items`: {said}. Mend them, leave them out, or say `--stuffed warn`")
    logger.warning("%s", said)
