"""`tfcold COMMAND ...`: finds the command, runs it, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import argparse
import errno
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from tfcold.cli import (
    add_items,
    add_users,
    console,
    demo,
    encode,
    enrich,
    evaluate,
    explain,
    export,
    fit,
    inspect,
    profile,
    recommend,
    remove_items,
    serve,
)
from tfcold.errors import TfcoldError
from tfcold.version import __version__

COMMANDS: Final[dict[str, ModuleType]] = {
    "demo": demo,
    "fit": fit,
    "recommend": recommend,
    "evaluate": evaluate,
    "encode": encode,
    "enrich": enrich,
    "profile": profile,
    "add-items": add_items,
    "remove-items": remove_items,
    "add-users": add_users,
    "export": export,
    "explain": explain,
    "inspect": inspect,
    "serve": serve,
}
_FULL_DISK: Final = re.compile(
    r"no space left on device|disk quota exceeded|^\d+ requested and \d+ written$", re.IGNORECASE
)
_EPILOG: Final = """\
start here:
  tfcold demo                                             the whole job on MovieLens-100K, in a few minutes
  tfcold fit --interactions clicks.csv --items items.csv --out saved_models/shop
  tfcold recommend --model saved_models/shop --out topk.csv

Tables are csv, csv.gz, tsv or parquet: interactions have user_id and item_id (rating, timestamp, weight where you have
them), items have item_id and columns of words, users user_id and columns of words. A mistake ends with exit code 2 and
one line that says what to do. TFCOLD_CACHE is the folder where downloads and encoded vectors are kept.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one call of the command line: 0, 2 after a mistake, 130 after an interrupt.

    Args:
        arguments: words of the command line without the program's name; None takes `sys.argv`.
    """
    parser = _parser()
    try:
        args = parser.parse_args(arguments)
    except SystemExit as error:  # argparse has said what it had to say
        return int(error.code or 0)
    with console.own_stderr(args.verbose):
        return _run(args, f"{parser.prog} {args.command}")


def _run(args: argparse.Namespace, prog: str) -> int:
    handler = console.start_logging(args.quiet, args.verbose)
    try:
        COMMANDS[args.command].run(args)
    except KeyboardInterrupt as error:
        hint = str(error) or getattr(COMMANDS[args.command], "INTERRUPTED", "Nothing was written")
        sys.stderr.write(f"{prog}: interrupted. {hint}\n")
        return console.INTERRUPTED
    except Exception as error:
        message = _said(error, args)
        if message is None or args.verbose:
            raise
        console.complain(prog, message)
        return console.USER_ERROR
    finally:
        console.stop_logging(handler)
    return 0


def _parser() -> console.Parser:
    parser = console.Parser(
        prog="tfcold",
        description="Recommends new items and new users from their words: one Keras model, one SavedModel out.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"tfcold {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=console.Parser)
    for name, module in COMMANDS.items():
        command: argparse.ArgumentParser = commands.add_parser(
            name, help=module.SUMMARY, description=module.DESCRIPTION, epilog=module.EPILOG
        )
        module.add_arguments(command)
        console.add_logging(command)
    return parser


def _said(error: Exception, args: argparse.Namespace) -> str | None:
    """What to tell somebody who can do something about it; None for a bug, which deserves its traceback."""
    if isinstance(error, TfcoldError):
        return _in_options(str(error), args)
    if _disk_is_full(error):
        return "the disk is full; nothing was left behind. Free some space, or give `--out` on another disk"
    if isinstance(error, OSError):
        where = f": {error.filename!r}" if error.filename else ""
        return f"{error.strerror or error}{where}"
    if isinstance(error, MemoryError):
        return "there is not enough memory for this. Give fewer rows, or run it on a larger machine"
    return None


def _in_options(message: str, args: argparse.Namespace) -> str:
    """The message with arguments of Python called as they are here: `item_text` is `--item-text`.

    Some stand for another option (a command's RENAMED), and some name a block: `vectors['text']` becomes
    `--item-vectors text`.
    """
    options = {name: name for name in vars(args)} | getattr(COMMANDS[args.command], "RENAMED", {})

    def renamed(found: re.Match[str]) -> str:
        name, block = found["name"], found["key"] or found["block"]
        if name not in options:
            return found[0]
        option = f"--{options[name].replace('_', '-')}"
        return f"`{option} {block}`" if block else f"`{option}`"

    return re.sub(r"`(?P<name>\w+)(?:\['(?P<key>[^`]+)'\]| (?P<block>\w+))?`", renamed, message)


def _disk_is_full(error: BaseException | None) -> bool:
    """Whether this error, or what caused it, is a full disk; TensorFlow and NumPy report one in words only."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _FULL_DISK.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
