"""The version that answers, and the thread that looks for a newer one and swaps it in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tfcold.errors import TfcoldError
from tfcold.http.version import Version
from tfcold.manifest import SAVED_MODEL, versions_of
from tfcold.progress import logger

LOADED, FAILED = "loaded", "failed"  # what became of a version

Fingerprint = tuple[tuple[str, int, int], ...]


class Watcher(Protocol):
    """Who wants to know what became of a version."""

    def __call__(self, outcome: str, number: int, error: Exception | None) -> None: ...


@dataclass(frozen=True)
class Broken:
    """A version that could not be loaded, and what it looked like then."""

    seen: Fingerprint
    error: str


class VersionStore:
    """Keeps the newest version of a bundle that can be loaded, as TensorFlow Serving does.

    A new version is loaded and warmed up aside, once its files stood still from one look to the next, and takes over in
    one assignment: whoever asked for `current` before keeps the old one to the end of the request. One that cannot be
    loaded is reported and left alone until its files change; the one before goes on. A newest version that disappears
    is a rollback: the newest of those left takes over. Where none is left, the one in memory goes on.

    Args:
        folder: name folder of a bundle, or a version folder, which is loaded once and not watched.
        load: gives the `Version` in a version folder.
        poll_seconds: float. Between two looks.
        watcher: called from the thread with `"loaded"` or `"failed"`, the number and, failed, the error; may be set
            until `start`.

    Attributes:
        current: Version or None. The one that answers.
        looked: threading.Event, set after the first look.
    """

    def __init__(
        self,
        folder: str | Path,
        load: Callable[[Path], Version] = Version,
        *,
        poll_seconds: float = 2.0,
        watcher: Watcher | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.current: Version | None = None
        self._load = load
        self.watcher = watcher
        self.looked = threading.Event()
        self._poll_seconds = poll_seconds
        self._single = (self.folder / SAVED_MODEL).is_file()
        self._serving: Fingerprint = ()
        self._unsettled: dict[int, Fingerprint] = {}
        self._broken: dict[int, Broken] = {}
        self._loading: int | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, which first loads what is there."""
        self._thread = threading.Thread(target=self._run, name="tfcold-versions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the version that it may be loading."""
        self._stopped.set()

    def look(self) -> None:
        """One look: loads the newest version that is not broken, if it is not the one that answers."""
        found = self._found()
        self._broken = {number: self._broken[number] for number, _ in found if number in self._broken}
        for number, folder in found:
            seen = _fingerprint(folder)
            answers = self.current is not None and number == self.current.number
            if answers and seen == self._serving:
                return  # nothing newer can be loaded
            if number in self._broken and self._broken[number].seen == seen:
                if answers:
                    return  # it was broken in place: what is in memory is better than what came before it
                continue
            if self.current is not None and self._unsettled.get(number) != seen:
                self._unsettled[number] = seen  # it may still be being copied
                return
            if self._try(number, folder, seen) or answers:
                return

    def statuses(self) -> list[dict[str, Any]]:
        """`model_version_status` of TensorFlow Serving: newest first, what answers, what is loading, what is broken."""
        found = {number: ("END", "UNKNOWN", broken.error) for number, broken in self._broken.items()}
        if (loading := self._loading) is not None:
            found[loading] = ("LOADING", "OK", "")
        if (current := self.current) is not None:
            found[current.number] = ("AVAILABLE", "OK", "")
        return [
            {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}
            for number, (state, code, message) in sorted(found.items(), reverse=True)
        ]

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:  # the watch goes on, whatever the file system does
                logger.warning("looking for versions in %s: %s", self.folder, error)
            self.looked.set()
            if self._single and (self.current or self._broken):
                return
            self._stopped.wait(self._poll_seconds)

    def _found(self) -> list[tuple[int, Path]]:
        """Versions there are, newest first."""
        if self._single:
            name = self.folder.resolve().name
            return [(int(name) if name.isascii() and name.isdigit() else 0, self.folder)]
        return [(number, self.folder / str(number)) for number in reversed(versions_of(self.folder))]

    def _try(self, number: int, folder: Path, seen: Fingerprint) -> bool:
        self._loading = number
        try:
            version = self._load(folder)
            version.warm_up()
        except Exception as error:  # whatever is wrong with it, it must not take the server with it
            self._broken = {**self._broken, number: Broken(seen, _line(error))}  # others may be reading the old one
            going_on = f"version {self.current.number} goes on" if self.current else "there is none before it"
            logger.warning("version %s of %s cannot be served, %s: %s", number, self.folder, going_on, _line(error))
            if self.watcher:
                self.watcher(FAILED, number, error)
            return False
        finally:
            self._loading = None
            self._unsettled.pop(number, None)
        self._broken = {other: broken for other, broken in self._broken.items() if other != number}
        self._serving = seen
        self.current = version
        logger.info("version %s of %s answers", number, self.folder)
        if self.watcher:
            self.watcher(LOADED, number, None)
        return True


def _fingerprint(folder: Path) -> Fingerprint:
    """Path, size and time of change of every file; `()` of a folder that is going away."""
    try:
        found = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    except OSError:
        return ()
    return tuple((path.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns) for path, stat in found)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())[:500]
    return text if isinstance(error, TfcoldError) else f"{type(error).__name__}: {text}"
