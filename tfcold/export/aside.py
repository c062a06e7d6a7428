"""A folder written aside by somebody who may be killed: whoever writes next clears away what the dead left."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfcold.files import written_aside
from tfcold.progress import logger


@contextmanager
def folder_aside(final: Path, stem: str) -> Iterator[Path]:
    """A new folder beside `final`, locked as long as this process writes; it becomes `final`, where nothing may be yet.

    The system lets go of the lock when a process dies, however it dies. So folders that nobody locks are leftovers.

    Args:
        final: where the folder belongs.
        stem: regular expression of the names whose leftovers go first.

    Yields: Path of an empty folder.

    Raises:
        FileExistsError: somebody else has put something at `final`, its `filename`, meanwhile; it stays.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    _sweep(final.parent, re.compile(rf"\.(?:{stem})\.[0-9a-f]{{8}}\.partial"))
    with written_aside(final, replace=False) as aside:
        lock = _locked(aside)
        try:
            yield aside
        finally:
            os.close(lock)


def _locked(aside: Path) -> int:
    """The descriptor that holds the lock of a folder, made anew should a sweeper have come in between."""
    while True:
        aside.mkdir(exist_ok=True)
        lock = os.open(aside, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if aside.is_dir() and os.path.samestat(os.fstat(lock), aside.stat()):
            return lock
        os.close(lock)


def _sweep(parent: Path, name: re.Pattern[str]) -> None:
    for path in parent.iterdir():
        if not name.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # gone, or not ours to open
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
            logger.info("cleared away what an interrupted write left: %s", path)
        except OSError:  # somebody writes there
            pass
        finally:
            os.close(lock)
