"""`tfcold add-users`: new users join a bundle, without training."""

from __future__ import annotations

import argparse
from typing import Final

from tfcold.cli import changing
from tfcold.errors import InputError

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
    changing.add_bundles(parser)
    parser.add_argument("--history", required=True, metavar="F", help="csv user_id,item_id: what they did so far")
    parser.add_argument("--users", metavar="F", help="not taken: a bundle cannot read the words of users")


def run(args: argparse.Namespace) -> None:
    changing.check_bundles(args, "history", "users")
    if args.users is not None:
        raise InputError(without_words(args.model))

    from tfcold.cli.recommend import read_pairs
    from tfcold.columns import USER_ID

    history = read_pairs(args.history, "--history")
    from tfcold.export import add_users

    version = add_users(args.model, history, args.out)
    changing.say_changed(f"{history[USER_ID].nunique():,} users joined", version, "users", "in all")


def without_words(model: str) -> str:
    """Why words of users cannot be taken, and what to do."""
    from tfcold.manifest import read_manifest, version_folder

    blocks = read_manifest(version_folder(model)).schema.get("user_vectors") or {}
    if not blocks:
        return (
            "`--users` cannot be taken: this model was fitted without words of users. Leave it out, and users go by "
            "--history; or fit again with `tfcold fit --users`"
        )
    return (
        "`--users` cannot be taken: this model learned from words of users, but the layers that read them stay out of "
        "bundles. Leave it out, and users go by --history; or fit again with these users among --users"
    )
