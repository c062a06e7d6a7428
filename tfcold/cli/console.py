"""What the commands share: the parser, lines on the terminal, and checks that cost nothing."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from tfcold.errors import InputError
from tfcold.manifest import SAVED_MODEL, versions_of
from tfcold.progress import logger

USER_ERROR: Final = 2
INTERRUPTED: Final = 130
MOST_SEED: Final = 2**32 - 1  # that NumPy takes


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes are one line and exit code 2, and whose help keeps its line breaks."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{self.prog}: error: {one_line(message)}. See `{self.prog} --help`\n")


class _Elapsed(logging.Formatter):
    """`[ 12.3s] message`: seconds since the command started."""

    def __init__(self) -> None:
        super().__init__()
        self.start = time.time()

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        prefix = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"[{record.created - self.start:6.1f}s] {prefix}{text}"


class _Console(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error, and knows the level that the logger had before."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.level_before = logger.level


def add_logging(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors on standard error")
    group.add_argument("-v", "--verbose", action="store_true", help="more lines, and TensorFlow's own")


def start_logging(quiet: bool, verbose: bool) -> _Console:
    """Log lines of tfcold on standard error, and TensorFlow kept quiet; must run before TensorFlow is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    if quiet:
        os.environ["TFCOLD_PROGRESS"] = "0"
    handler = _Console()
    handler.setFormatter(_Elapsed())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
    if not verbose:
        import warnings

        warnings.filterwarnings("ignore")
        for noisy in ("tensorflow", "absl", "h5py", "matplotlib"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
    return handler


@contextmanager
def own_stderr(verbose: bool) -> Iterator[None]:
    """Standard error for tfcold alone, without what TensorFlow's libraries say of drivers and CPU features.

    They write to file descriptor 2 itself, and no setting of TensorFlow 2.21 stops them. So Python gets a copy of it,
    and descriptor 2 a file, which is shown after all when the block ends in an error that nobody foresaw.
    """
    stream = sys.__stderr__
    if verbose or stream is None or sys.stderr is not stream or stream.fileno() != 2:  # taken, as by pytest
        yield
        return
    stream.flush()
    ours, theirs = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115
    os.dup2(theirs.fileno(), 2)
    sys.stderr = os.fdopen(os.dup(ours), "w", buffering=1, errors="backslashreplace")
    try:
        yield
    except BaseException:
        theirs.seek(0)
        os.write(ours, theirs.read())
        raise
    finally:
        sys.stderr.close()
        sys.stderr = stream
        os.dup2(ours, 2)
        os.close(ours)
        theirs.close()


def stop_logging(handler: _Console) -> None:
    """Takes the handler away again, and its level, for callers who run `main` inside a program of their own."""
    logger.removeHandler(handler)
    logger.setLevel(handler.level_before)
    logger.propagate = True


def say(text: str = "") -> None:
    """A line of result on standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(prog: str, message: str) -> None:
    """The one line of an error on standard error."""
    sys.stderr.write(f"{prog}: error: {one_line(message)}\n")


def one_line(text: object) -> str:
    """The text without line breaks."""
    return " ".join(str(text).split())


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Columns of text as lines."""
    cells = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(max(map(len, cells), default=0))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in cells]
    return "\n".join(lines)


def check_file(path: str | None, argument: str) -> None:
    """Nothing, if the argument was left out or names a file.

    Raises:
        InputError: there is no such file.
    """
    if path is None or Path(path).is_file():
        return
    what = "a folder" if Path(path).is_dir() else "a file that does not exist"
    raise InputError(f"`{argument}` names {what}: {path!r}. Give the path of a file")


def check_out_file(path: str, argument: str, endings: Sequence[str]) -> None:
    """Nothing, if a file of one of these endings can be written at `path`.

    Raises:
        InputError: another ending, a folder in its place, or nobody may write there.
    """
    if not path.lower().endswith(tuple(endings)):
        raise InputError(f"`{argument}` must end in {', '.join(endings)}; received {path!r}")
    if Path(path).is_dir():
        raise InputError(f"`{argument}` names a folder: {path!r}. Give the path of a file")
    check_writable(path, argument)


def check_writable(path: str, argument: str) -> None:
    """Nothing, if the nearest folder above `path` that exists can be written to.

    Raises:
        InputError: it is a file, or nobody may write there.
    """
    above = Path(path).absolute().parent
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise InputError(f"`{argument}` lies under {str(above)!r}, which is a file: {path!r}. Give another path")
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(
            f"`{argument}` lies under {str(above)!r}, where you may not write: {path!r}. Give another path"
        )


def check_out_folder(path: str, argument: str) -> None:
    """Nothing, if files can be written into a folder at `path`, whether it exists yet or not.

    Raises:
        InputError: a file in its place, or nobody may write there.
    """
    if Path(path).exists() and not Path(path).is_dir():
        raise InputError(f"`{argument}` names a file: {path!r}. Give the path of a folder")
    check_writable(path, argument)


def check_out_bundle(path: str, argument: str = "--out") -> None:
    """Nothing, if a bundle can be written at `path`: nothing is there, or an older bundle.

    Raises:
        InputError: something else is there, which is left as it is.
    """
    folder = Path(path)
    if folder.exists() or folder.is_symlink():
        if not folder.is_dir():
            raise InputError(f"`{argument}` exists and is no bundle but a file: {path!r}. Give another path or move it")
        if (folder / SAVED_MODEL).is_file():
            raise InputError(f"`{argument}` is one version of a bundle: {path!r}. Give the folder above it")
        if not versions_of(folder):
            found = ", ".join(repr(entry.name) for entry in sorted(folder.iterdir())[:3]) or "nothing"
            raise InputError(
                f"`{argument}` exists and is no bundle: {path!r} holds {found}. Give another path or move it"
            )
    check_writable(path, argument)


def check_model(path: str, argument: str = "--model") -> None:
    """Nothing, if there may be a bundle at `path`; opening it tells for sure.

    Raises:
        InputError: no such folder, or one without a SavedModel.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = "a file" if folder.exists() else "a folder that does not exist"
        raise InputError(
            f"`{argument}` names {what}: {path!r}. Give the folder of a bundle; `tfcold fit --out DIR` makes one"
        )
    if not (folder / SAVED_MODEL).is_file() and not versions_of(folder):
        raise InputError(f"`{argument}` is no bundle: {path!r} holds no SavedModel. `tfcold fit --out DIR` makes one")


def whole_number(least: int, most: int | None = None) -> Any:
    """An argparse type: an int of at least `least`, and at most `most` where that is given."""
    rule = f"of at least {least}" if most is None else f"from {least} to {most}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be a whole number {rule}; received {text!r}")
        return value

    return parse


seed: Final = whole_number(0, MOST_SEED)


def names(text: str) -> list[str]:
    """An argparse type: `A,B` -> ["A", "B"]."""
    found = [part.strip() for part in text.split(",")]
    if not all(found) or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"must be names with commas between them, none twice; received {text!r}")
    return found


def named_file(text: str) -> tuple[str, str]:
    """An argparse type: `NAME=F` -> (NAME, F)."""
    name, _, path = text.partition("=")
    if not name.isidentifier() or not path:
        raise argparse.ArgumentTypeError(f"must be NAME=FILE, as in text=vectors.npz; received {text!r}")
    return name, path


def named_files(pairs: Sequence[tuple[str, str]] | None, argument: str) -> dict[str, str]:
    """The pairs as a mapping, each file there.

    Raises:
        InputError: a name twice, or a file that does not exist.
    """
    found: dict[str, str] = {}
    for name, path in pairs or ():
        if name in found:
            raise InputError(f"`{argument}` names block {name!r} twice: {found[name]!r} and {path!r}. Leave one out")
        check_file(path, f"{argument} {name}")
        found[name] = path
    return found
