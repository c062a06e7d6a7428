"""The toy bundle, opened: as it is, and without what it may say of items."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import tfcold
from tfcold.manifest import EXTRA, ITEMS_FILE, SPLIT_FILE, hashes_of, read_manifest
from tfcold.serving import Recommender


@pytest.fixture(scope="session")
def recommender(bundle: Path) -> Recommender:
    """Nothing changes it."""
    return tfcold.load(bundle)


@pytest.fixture(scope="session")
def bare(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """As exported without `items` and `features`."""
    version = tmp_path_factory.mktemp("bare") / "1"
    shutil.copytree(bundle / "1", version)
    for name in (ITEMS_FILE, SPLIT_FILE):
        (version / EXTRA / name).unlink()
    replace(read_manifest(version), files=hashes_of(version)).write(version)
    return tfcold.load(version)
