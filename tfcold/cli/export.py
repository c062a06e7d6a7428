"""`tfcold export`: a bundle again, with its encoders in the SavedModel or without them."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console

SUMMARY: Final = "put the encoders of a bundle into its SavedModel, or take them out"
DESCRIPTION: Final = """\
Writes a bundle again with its encoders as TensorFlow ops, so that signatures take texts (recommend_from_text,
recommend_from_history_and_text, embed_items), or without them. Nothing is trained. With --out the same as --model, the
next version of the bundle is written. Such a bundle opens with tensorflow and tensorflow-text.
"""
EPILOG: Final = """\
examples:
  tfcold export --model saved_models/shop --with-encoder --out saved_models/shop
  tfcold export --model saved_models/shop --with-encoder --encoder text=minilm --out saved_models/reading
  tfcold export --model saved_models/shop --without-encoder --out saved_models/small
"""
RENAMED: Final = {"folder": "model", "encoders": "encoder"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--with-encoder", action="store_true", help="put the encoders in")
    which.add_argument("--without-encoder", action="store_true", help="take them out")
    parser.add_argument(
        "--encoder", type=console.named_file, action="append", metavar="BLOCK=E",
        help="who wrote the vectors of a block, where the bundle does not say or names a folder that moved; repeatable",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle to write; may be --model's")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    console.check_out_bundle(args.out)

    from tfcold.export import with_words
    from tfcold.manifest import read_manifest
    from tfcold.serving.words import IN_GRAPH

    version = with_words(args.model, args.out, with_encoder=args.with_encoder, encoders=dict(args.encoder or ()))
    inside = [block for block, said in read_manifest(version).text.items() if said.get(IN_GRAPH)]
    console.say(f"{'encoders of ' + ', '.join(inside) if inside else 'no encoder'} in the SavedModel: {version}")
