"""`tfcold add-users`: new users join a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import changing
from tfcold.errors import InputError

SUMMARY: Final = "let new users into a bundle, without training"
DESCRIPTION: Final = """\
Writes a bundle that knows these users by what they did so far, as `recommend --history` would, and by their words
where the model was fitted with words of users (`fit --users`). Nothing is trained. A user of --users may have no
history. With --out the same as --model, the next version of the bundle is written, and the old one stays to roll back
to.
"""
EPILOG: Final = """\
examples:
  tfcold add-users --model saved_models/shop --history clicks_of_new_users.csv --out saved_models/shop
  tfcold add-users --model saved_models/shop --history clicks.csv --users new_users.csv --out saved_models/shop
  tfcold add-users --model saved_models/shop --users new_users.csv --out saved_models/shop
"""
RENAMED: Final = {"folder": "model"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    changing.add_bundles(parser)
    parser.add_argument("--history", metavar="F", help="csv user_id,item_id: what they did so far")
    parser.add_argument(
        "--users", metavar="F",
        help="user_id and the columns of words that the users of the fit had; encoded the way theirs were",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    changing.check_bundles(args, "history", "users")
    if args.history is None and args.users is None:
        raise InputError("`--history` or `--users` must be given; received neither. Say who joins by one of them")

    from tfcold.cli.recommend import read_pairs
    from tfcold.data import read_users

    history = None if args.history is None else read_pairs(args.history, "--history")
    users = None if args.users is None else read_users(args.users, argument="--users").frame
    from tfcold.export import add_users
    from tfcold.manifest import read_manifest

    version = add_users(args.model, history, args.out, users=users)
    changing.say_changed(f"{read_manifest(version).added[-1]['users']:,} users joined", version, "users", "in all")
