"""A small shop as files, one bundle fitted on it through the command line, and a way to call it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tfcold.cli import main
from tfcold.data import synthetic_world


@dataclass(frozen=True)
class Shop:
    """Paths of csv files."""

    folder: Path

    def __getattr__(self, name: str) -> str:
        return str(self.folder / f"{name}.csv")


@dataclass(frozen=True)
class Answer:
    """What one call of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Lines on standard error."""
        return self.err.splitlines()


Call = Callable[..., Answer]


def write_shop(folder: Path) -> Shop:
    """Interactions (a tenth apart as validation and test, with all rows of two items), items, users."""
    folder.mkdir(parents=True)
    interactions, items, users = synthetic_world(num_users=80, num_items=40, rows_per_user=10, seed=3)
    frame = interactions.frame.drop(columns="rating")  # it would weigh
    cold = frame["item_id"].isin(["i3", "i8"])
    held = (frame.index % 10 == 0) | cold
    frame[~held].to_csv(folder / "interactions.csv", index=False)
    frame[held & (frame.index % 20 < 10)].to_csv(folder / "validation.csv", index=False)
    frame[held & (frame.index % 20 >= 10)].to_csv(folder / "test.csv", index=False)
    items.frame.to_csv(folder / "items.csv", index=False)
    users.frame.to_csv(folder / "users.csv", index=False)
    return Shop(folder)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return write_shop(tmp_path_factory.mktemp("shop") / "files")


@pytest.fixture(scope="session")
def bundle(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle fitted without gradient steps: the closed form is what these tests need."""
    out = tmp_path_factory.mktemp("bundles") / "shop"
    os.environ["TFCOLD_PROGRESS"] = "0"
    code = main(
        [
            "fit", "--interactions", shop.interactions, "--items", shop.items, "--validation", shop.validation,
            "--encoder", "lexical", "--epochs", "0", "--out", str(out), "--quiet",
        ]
    )  # fmt: skip
    assert code == 0
    return out
