"""The curve on a toy collection: points, references, differences, the picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(
    script: Callable[[str], ModuleType], write_collection: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str, list[str]]:
    """The figures, the picture, and the arguments that made them."""
    root = tmp_path_factory.mktemp("curve")
    write_collection(root / "data" / "toys")
    arguments = [
        "--data", str(root / "data"), "--collections", "toys", "--ours", "tfcold-fast", "--shots", "0,1,4",
        "--out", str(root / "out"), "--picture", str(root / "curve.svg"),
    ]  # fmt: skip
    script("curve").main(arguments)
    content = json.loads((root / "out" / "on-toys.json").read_text())
    assert {"seed", "versions", "machine", "commit"} <= set(content)
    return content["figures"], (root / "curve.svg").read_text(), arguments


def test_every_step_of_both_sides_is_there(found: tuple[dict[str, Any], str, list[str]]) -> None:
    sides = found[0]["sides"]

    assert set(sides) == {"items", "users"}
    for side in sides.values():
        assert [point["known"] for point in side["systems"]["tfcold-fast"]] == [0, 1, 4]
        for point in side["systems"]["tfcold-fast"]:
            assert 0 <= point["low"] <= point["value"] <= point["high"] <= 1
    assert [point["known"] for point in sides["items"]["systems"]["EASE"]] == [1, 4]  # nothing to say of a new item


def test_reference_is_the_best_of_its_kind_at_each_step(found: tuple[dict[str, Any], str, list[str]]) -> None:
    for side in found[0]["sides"].values():
        for point in side["references"]["best warm reference"]:
            values = {
                name: one["value"]
                for name in ("EASE", "iALS", "user kNN")
                for one in side["systems"][name]
                if one["known"] == point["known"]
            }
            assert point["value"] == max(values.values())
            assert point["value"] == values[point["system"]]


def test_differences_are_ours_less_the_reference(found: tuple[dict[str, Any], str, list[str]]) -> None:
    side = found[0]["sides"]["items"]
    ours = {point["known"]: point["value"] for point in side["systems"]["tfcold-fast"]}

    assert len(side["differences"]) == 5  # two steps against the warm, three against the cold
    for row in side["differences"]:
        reference = next(one for one in side["references"][row["against"]] if one["known"] == row["known"])
        assert row["difference"] == pytest.approx(ours[row["known"]] - reference["value"], abs=1e-9)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]


def test_picture_comes_again_from_the_file(
    script: Callable[[str], ModuleType],
    found: tuple[dict[str, Any], str, list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, drawn, arguments = found
    script("curve").main([*arguments, "--picture-only"])
    picture = Path(arguments[arguments.index("--picture") + 1])

    assert picture.read_text() == drawn
    assert all(name in drawn for name in ("tfcold-fast", "best warm reference", "best cold reference", "NDCG@20 on"))
    assert "toys, items,  4 known: tfcold-fast" in capsys.readouterr().out


def test_picture_needs_one_collection(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        script("curve").main(["--data", str(tmp_path), "--picture", str(tmp_path / "curve.svg")])
