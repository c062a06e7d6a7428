"""What commands that write the next version of a bundle share."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfcold.cli import console


def add_bundles(parser: argparse.ArgumentParser) -> None:
    """The options --model and --out."""
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the bundle to write; may be --model's")


def check_bundles(args: argparse.Namespace, *files: str) -> None:
    """Nothing, where the bundle is there, `--out` can be written, and the files that these options name are there.

    Raises:
        InputError, BundleError: one of them is not so.
    """
    console.check_model(args.model)
    for name in files:
        console.check_file(getattr(args, name), f"--{name}")
    console.check_out_bundle(args.out)


def say_changed(what: str, version: Path, kind: str, stay: str) -> None:
    """`2 items left, 38 stay: saved_models/shop/2`."""
    from tfcold.manifest import read_manifest

    console.say(f"{what}, {read_manifest(version).sizes[kind]:,} {stay}: {version}")
