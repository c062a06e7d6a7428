"""`tfcold add-users`: new users join a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import console

SUMMARY: Final = "let new users into a bundle, without training"
DESCRIPTION: Final = """\
Writes a bundle that knows these users by what they did so far, as `recommend --history` would. Nothing is trained. With
--out the same as --model, the next version of the bundle is written, and the old one stays to roll back to.
"""
EPILOG: Final = """\
examples:
  tfcold add-users --model saved_models/shop --history clicks_of_new_users.csv --out saved_models/shop
"""
RENAMED: Final = {"folder": "model"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--history", required=True, metavar="F", help="csv user_id,item_id: what they did so far")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle to write; may be --model's")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model)
    console.check_file(args.history, "--history")
    console.check_out_bundle(args.out)

    from tfcold.cli.recommend import read_pairs
    from tfcold.columns import USER_ID

    history = read_pairs(args.history, "--history")
    from tfcold.export import add_users
    from tfcold.manifest import read_manifest

    version = add_users(args.model, history, args.out)
    joined, users = history[USER_ID].nunique(), read_manifest(version).sizes["users"]
    console.say(f"{joined:,} users joined, {users:,} in all: {version}")
