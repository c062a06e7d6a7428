"""The ablations on a toy collection: what is switched off is off, and the table says what that changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tfcold.blocks import Features, VectorBlock
from tfcold.training import Settings


@pytest.fixture(scope="module")
def out(
    script: Callable[[str], ModuleType], write_collection: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    root = tmp_path_factory.mktemp("ablations")
    write_collection(root / "data" / "toys")
    places = ["--data", str(root / "data"), "--out", str(root / "out"), "--per-user", str(root / "users")]
    script("ablations").main([*places, "--parts", "no vectors,cold scale 1"])
    return root / "out" / "fast"


def figures(out: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "on-toys" / f"{name}.items.seed0.json").read_text())["figures"]
    return found


@pytest.mark.slow
def test_what_is_switched_off_is_off(out: Path) -> None:
    assert set(figures(out, "tfcold-fast")["slices"]) == {"warm", "cold_item", "all"}
    assert set(figures(out, "no-vectors")["slices"]) == {"warm", "all"}
    assert figures(out, "cold-scale-1")["settings"]["cold_scale"] == 1
    assert figures(out, "tfcold-fast")["settings"]["cold_scale"] > 1


@pytest.mark.slow
def test_table_says_what_that_changes(out: Path) -> None:
    page = (out / "on-toys.md").read_text()
    whole, cut = (
        figures(out, name)["slices"]["all"]["metrics"]["ndcg@20"]["value"] for name in ("tfcold-fast", "cold-scale-1")
    )
    line = next(line for line in page.splitlines() if line.startswith("| cold scale 1 |"))

    assert line.split("|")[4].strip().startswith(f"{100 * (cut / whole - 1):+.1f}% (p = ")
    assert next(line for line in page.splitlines() if line.startswith("| no vectors |")).split("|")[3].strip() == "-"


def test_every_entry_names_settings_that_there_are(script: Callable[[str], ModuleType]) -> None:
    known = {field.name for field in fields(Settings)}
    entries = script("quality_parts.ablated").ABLATIONS

    assert {name for entry in entries.values() for name in entry.settings} <= known
    for entry in entries.values():
        assert Settings.preset("fast", **entry.settings) != Settings.preset("fast") or entry.features is not None


def test_dropping_a_block_needs_the_block(script: Callable[[str], ModuleType]) -> None:
    zeros, mask = np.zeros((3, 2), np.float32), np.array([False, True, True])
    features = Features({name: VectorBlock(name, zeros, mask) for name in ("text", "image")})
    without = script("quality_parts.ablated").without

    assert set(without("text")(features).items) == {"image"}
    with pytest.raises(script("quality_parts.system").Unable, match="no block lexical"):
        without("lexical")(features)


def test_unknown_part_is_refused(
    script: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        script("ablations").main(["--data", str(tmp_path), "--parts", "no magic"])
    assert "no part 'no magic'" in capsys.readouterr().err
