"""The README keeps its word: its Python runs, its commands parse, its links and names exist, its table is generated."""

from __future__ import annotations

import configparser
import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tfcold
from tfcold.cli.main import COMMANDS, _parser
from tfcold.data import Dataset, synthetic_world
from tfcold.evaluation import report_dict
from tfcold.splits import cold_item
from tfcold.text import LexicalEncoder

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
PAGES = [
    README,
    ROOT / "docs" / "design.md",
    ROOT / "docs" / "serve.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "saved_models" / "README.md",
]
PAGES += sorted((ROOT / "docs" / "language").glob("*.md"))
DEMO = ROOT / "benchmarks" / "results" / "demo.json"
TEST_COMMAND = "pip install '.[test]' && pytest"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def commands(pages: list[Path]) -> Iterator[list[str]]:
    """Every `tfcold ...` of the console blocks, as words."""
    for page in pages:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.split(" && "):
                    if (words := shlex.split(part)) and words[0] == "tfcold":
                        yield words[1:]


class WordEncoder:
    """Stands in for the language model: counts of the letters of a text."""

    name = "letters"
    fingerprint = "0" * 64
    dim = 26

    def encode(self, texts: list[str], *, batch_size: int = 64) -> np.ndarray[Any, Any]:
        return np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)


@pytest.fixture
def readme_table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    path = ROOT / "benchmarks" / "readme_table.py"
    spec = importlib.util.spec_from_file_location("readme_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- Python ------------------------------------------------------------------------------------------------------------


def test_there_are_ten_lines_of_python() -> None:
    (block,) = blocks("python")

    assert len([line for line in block.splitlines() if line.strip() and not line.startswith("import")]) <= 10


@pytest.mark.slow
def test_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frames in, bundle out, list back; the language model is the only stand-in, and the fit has no gradient steps."""
    (block,) = blocks("python")
    interactions, items, _ = synthetic_world(num_users=60, num_items=40, seed=2)
    interactions.frame.to_csv(tmp_path / "clicks.csv", index=False)
    items.frame.to_csv(tmp_path / "items.csv", index=False)
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def toy(spec: str) -> WordEncoder:
        asked.append(spec)
        return WordEncoder()

    fit: Callable[..., Any] = tfcold.fit
    monkeypatch.setattr(tfcold, "get_encoder", toy, raising=False)
    monkeypatch.setattr(
        tfcold, "fit", lambda split, features: fit(split, features, tfcold.Settings(epochs=0)), raising=False
    )

    exec(compile(block, str(README), "exec"), {})

    assert asked == ["minilm"]
    assert (tmp_path / "saved_models" / "shop" / "1" / "saved_model.pb").is_file()
    said = capsys.readouterr().out
    assert "cold_item" in said
    assert re.search(r"^warm +\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]", said, re.MULTILINE)  # values, not an ellipsis
    assert max(map(len, said.splitlines())) <= 80
    lists = tfcold.load(tmp_path / "saved_models" / "shop").recommend(["u1", "u2"], k=10)
    assert lists["user_id"].tolist() == ["u1"] * 10 + ["u2"] * 10
    assert str(lists["item_id"][0]) in said


def test_names_of_the_readme_are_public() -> None:
    (block,) = blocks("python")
    named = set(re.findall(r"tfcold\.(\w+)", block)) | set(re.findall(r"`tfcold\.(\w+)", TEXT))

    assert named <= set(tfcold.__all__)


# -- commands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", list(commands(PAGES)), ids=" ".join)
def test_command_parses(words: list[str]) -> None:
    assert _parser().parse_args(words).command == words[0]


def test_commands_of_the_readme_show_the_whole_route() -> None:
    shown = {words[0] for words in commands([README])}

    assert {"demo", "fit", "evaluate", "recommend", "add-items", "inspect"} <= shown <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_named_exist(page: Path) -> None:
    """`--option` belongs to a command, a benchmark, or TensorBoard; what has an underscore is TensorFlow Serving's."""
    known = {option for command in COMMANDS for option in re.findall(r"--[a-z-]+", _help_of(command))} | {"--logdir"}
    for script in (ROOT / "benchmarks").glob("*.py"):
        known |= set(re.findall(r"""["'](--[a-z-]+)["']""", script.read_text(encoding="utf-8")))

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*\b", page.read_text(encoding="utf-8"))) - known == set()


def _help_of(command: str) -> str:
    parser = _parser()
    for action in parser._actions:
        if isinstance(action.choices, dict):
            return str(action.choices[command].format_help())
    raise AssertionError("no commands")


def test_test_command_is_the_one_that_ci_runs() -> None:
    assert TEST_COMMAND in TEXT
    assert "pip install --quiet '.[test]' && pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_extras_and_pythons_are_those_of_the_package() -> None:
    about = configparser.ConfigParser()
    about.read(ROOT / "setup.cfg")
    pythons = re.findall(r"Programming Language :: Python :: (3\.\d+)", about["metadata"]["classifiers"])

    assert set(re.findall(r"'\.\[(\w+)\]'", TEXT)) <= set(about["options.extras_require"])
    assert f"Python {pythons[0]} to {pythons[-1]}" in TEXT


# -- links -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith(("http", "#"))]

    assert [target for target in targets if not (page.parent / target.partition("#")[0]).exists()] == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for path in (ROOT / "tfcold").glob("*/__init__.py")}

    assert rooms - set(re.findall(r"\(tfcold/(\w+)\)", TEXT)) == {"assets"}


# -- the table ---------------------------------------------------------------------------------------------------------


def test_table_is_what_was_measured(readme_table: ModuleType) -> None:
    block = readme_table.PLACEHOLDER
    if DEMO.is_file():
        block = readme_table.block_of(json.loads(DEMO.read_text(encoding="utf-8")))

    assert readme_table.with_block(TEXT, block) == TEXT


def test_table_comes_from_the_report(
    readme_table: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report of two systems -> results file -> README: values, signs, who is ahead."""
    interactions, items, _ = synthetic_world(num_users=60, num_items=40, seed=2)
    split = cold_item(Dataset.from_tables(interactions, items), seed=7)
    words = LexicalEncoder(16).fit(items.frame)
    block = tfcold.encode_items(items, words).block("lexical", split.dataset.item_ids)
    features = tfcold.Features({"lexical": block})
    judged = [
        tfcold.evaluate(one.fit(split, features), split)
        for one in (tfcold.baselines.Popularity(), tfcold.baselines.SemanticProfile("lexical"))
    ]
    object.__setattr__(judged[1], "system", "tfcold")
    report, readme, results = (tmp_path / name for name in ("report.json", "README.md", "demo.json"))
    report.write_text(json.dumps(report_dict(judged, baseline="tfcold")))
    readme.write_text(f"before\n\n{readme_table.START}\na stale table\n{readme_table.END}\n\nafter\n")
    monkeypatch.setattr(
        sys, "argv", ["readme_table.py", str(report), "--readme", str(readme), "--results", str(results)]
    )

    readme_table.main()

    text, kept = readme.read_text(), json.loads(results.read_text())
    assert text.startswith("before\n\n")
    assert text.endswith("\n\nafter\n")
    assert "stale" not in text
    value = judged[0].mean("warm", "ndcg@20")
    assert re.search(rf"\| popularity \| {value:.3f} \[", text)
    assert "Cold items: tfcold" in text
    assert "`tfcold demo --seed 7`" in text
    assert kept["seed"] == 7
    assert {row["metric"] for row in kept["figures"]["comparison"]} == {"ndcg", "recall"}
    assert "per_user" not in results.read_text()
    assert "Warm items" in capsys.readouterr().out

    monkeypatch.setattr(sys, "argv", ["readme_table.py", "--readme", str(readme), "--results", str(results)])
    readme_table.main()
    assert readme.read_text() == text  # the same again from what was kept


def test_table_needs_its_markers(readme_table: ModuleType) -> None:
    with pytest.raises(SystemExit, match="one block"):
        readme_table.with_block("no table here", "x")


def test_cells_of_a_table_are_numbers(readme_table: ModuleType) -> None:
    """A made-up file of results: one baseline better on warm items, p = 0.01 < 0.05, so its cell has a plus."""
    row = {"regime": "warm", "metric": "ndcg", "k": 20, "users": 3, "candidates": 5}
    nothing = dict.fromkeys(("difference", "difference_low", "difference_high", "p_value"))
    sure = {"difference": 0.1, "difference_low": 0.05, "difference_high": 0.15, "p_value": 0.01}
    rows = [
        {"system": "EASE", "value": 0.4, "low": 0.3, "high": 0.5, **row, **sure},
        {"system": "tfcold", "value": 0.3, "low": 0.2, "high": 0.4, **row, **nothing},
    ]
    results = {
        "seed": 0,
        "versions": {"tfcold": "1", "tensorflow": "2"},
        "machine": {"cores": 2, "cpu": "x"},
        "figures": {"baseline": "tfcold", "interval": {"confidence": 0.95}, "comparison": rows},
    }

    block = readme_table.block_of(results)

    assert "| EASE | **0.400 [0.300, 0.500] +** |" in block
    assert "| tfcold | 0.300 [0.200, 0.400] |" in block
    assert "- Warm items: tfcold 0.300 does NOT beat EASE (0.400, p = 0.010)." in block
