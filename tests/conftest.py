"""What every test runs under: no windows, a quiet TensorFlow, and asset tests that skip when nothing can be had."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TFCOLD_PROGRESS", "0")
os.environ["TFCOLD_NO_REMOTE"] = "1"  # no test sends text to another machine

from tfcold.errors import AssetError

OFFLINE = os.environ.get("TFCOLD_OFFLINE") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if OFFLINE:
        for item in items:
            if item.get_closest_marker("asset"):
                item.add_marker(pytest.mark.skip(reason="needs an asset, and TFCOLD_OFFLINE=1"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipped_without_asset(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipped_without_asset(item))


def _skipped_without_asset(item: pytest.Item) -> Generator[None, None, None]:
    """Skips a test marked `asset` when no source of its asset answers; any other error, and test, stays as it is."""
    try:
        return (yield)
    except AssetError as error:
        if item.get_closest_marker("asset"):
            pytest.skip(f"no source of the asset could be reached: {error}")
        raise
