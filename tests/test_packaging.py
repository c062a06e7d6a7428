from __future__ import annotations

import re
from importlib import metadata, resources
from pathlib import Path

import pytest

from tfcold.version import __version__

ROOT = Path(__file__).parents[1]


def test_version_is_the_installed_one() -> None:
    assert metadata.version("tfcold") == __version__


def test_types_are_shipped() -> None:
    assert resources.files("tfcold").joinpath("py.typed").is_file()


def test_command_line_is_installed() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="tfcold")

    assert script.value == "tfcold.cli:main"
    assert callable(script.load())


@pytest.mark.parametrize("name", ["gpu", "language", "serve", "test", "dev", "notebook"])
def test_extra_is_declared(name: str) -> None:
    assert name in (metadata.metadata("tfcold").get_all("Provides-Extra") or [])


def test_extras_named_in_messages_exist() -> None:
    named = {
        extra
        for path in (ROOT / "tfcold").rglob("*.py")
        for extra in re.findall(r"""extra=["'](\w+)["']""", path.read_text(encoding="utf-8"))
    }

    assert named <= set(metadata.metadata("tfcold").get_all("Provides-Extra") or [])


def test_every_folder_of_modules_is_a_package() -> None:
    # setuptools leaves a folder without `__init__.py` out of the wheel, silently
    folders = {path.parent for path in (ROOT / "tfcold").rglob("*.py")}

    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
