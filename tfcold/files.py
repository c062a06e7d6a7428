"""Writing so that an interrupted write never shows: aside first, then one rename."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def written_aside(path: str | Path, *, replace: bool = True) -> Iterator[Path]:
    """A temporary path beside `path`; it becomes `path` when the block ends well and vanishes when it does not.

    Works for a file and for a folder. A file that stands at `path` is replaced in one rename. A folder that stands
    there is first moved aside, then deleted after the new one has taken its place.

    Args:
        path: where the result belongs. Parent folders are made.
        replace: bool, default True. False, for folders, leaves what stands at `path` when the block ends.

    Yields: Path that does not exist yet, on the same file system.

    Raises:
        FileExistsError: something stands at `path`, its `filename`, and `replace` is false.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    aside = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield aside
        (_replace if replace else _place)(aside, final)
    finally:
        _remove(aside)


def _replace(new: Path, final: Path) -> None:
    if not (final.is_dir() and not final.is_symlink()):
        os.replace(new, final)
        return
    old = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.replaced")
    os.replace(final, old)
    try:
        os.replace(new, final)
    except BaseException:
        os.replace(old, final)
        raise
    _remove(old)


def _place(new: Path, final: Path) -> None:
    """Renames a folder to a name that is free; should a file or a full folder take it now, the system refuses."""
    taken = FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final))
    if os.path.lexists(final):
        raise taken
    try:
        os.replace(new, final)
    except OSError as error:
        if os.path.lexists(final):
            raise taken from error
        raise


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_json(path: str | Path, content: Any) -> None:
    """Writes `content` as indented UTF-8 JSON with sorted keys, aside and renamed."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def sha256_of_file(path: str | Path) -> str:
    """Lower-case hexadecimal sha256 of the file's bytes, read in blocks."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(stream)


def _digest(stream: Any) -> str:  # Python 3.10
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()
