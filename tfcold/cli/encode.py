"""`tfcold encode`: the words of a table -> a file of vectors."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console
from tfcold.errors import InputError

SUMMARY: Final = "turn the words of items into vectors, as a file"
DESCRIPTION: Final = """\
Makes one sentence of each row (a title goes in as it is, other columns with their name before them), encodes it with
a language model, and writes the vectors. What was encoded once is never encoded again. `tfcold fit` does the same by
itself; a file of vectors is for other tools, or for a machine that trains without a network.
"""
EPILOG: Final = """\
example:
  tfcold encode --items items.csv --item-text title,description --out titles.npz
  tfcold fit --interactions clicks.csv --items items.csv --item-vectors text=titles.npz --out saved_models/shop
"""
INTERRUPTED: Final = "Run the same command again: what is encoded already is kept"
RENAMED: Final = {"frame": "items"}  # arguments of Python -> options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--items", required=True, metavar="F", help="item_id and columns of words")
    parser.add_argument(
        "--item-text",
        type=console.names,
        metavar="A,B",
        help="columns to read (default: all but numbers, true and false)",
    )
    parser.add_argument(
        "--out", required=True, metavar="F", help=".npz (ids, vectors), .npy (row i is row i) or .parquet"
    )
    parser.add_argument(
        "--encoder", default="minilm", metavar="E",
        help="minilm (default), static, hf://OWNER/MODEL, keras-nlp:PRESET, hub:HANDLE, remote:URL#NAME or a folder",
    )  # fmt: skip
    parser.add_argument(
        "--allow-remote", action="store_true", help="let words go to an encoder on another machine, masked"
    )


def run(args: argparse.Namespace) -> None:
    console.check_file(args.items, "--items")
    console.check_out_file(args.out, "--out", (".npz", ".npy", ".parquet"))
    if args.encoder == "lexical":
        raise InputError(
            "`--encoder` lexical learns from the items that were touched; `tfcold fit` does that by itself. "
            "Name another encoder"
        )

    from tfcold import workflow
    from tfcold.columns import ITEM_ID
    from tfcold.data import read_items
    from tfcold.text import TextTemplate, encode_items, get_encoder, write_vectors
    from tfcold.text.encoders import require_columns

    items = read_items(args.items, argument="--items")
    workflow.check_columns(items.frame, args.item_text, "--item-text")
    template = TextTemplate(tuple(args.item_text)) if args.item_text else TextTemplate.infer(items.frame, ITEM_ID)
    encoder = get_encoder(args.encoder, allow_remote=args.allow_remote or None)
    require_columns(encoder, args.item_text, "item_text")
    vectors = encode_items(items, encoder, template=template, store=workflow.default_store())
    write_vectors(args.out, vectors, items.frame[ITEM_ID].to_numpy())
    console.say(f"{len(vectors):,} of {len(items):,} items have a vector of width {vectors.dim}: {args.out}")
