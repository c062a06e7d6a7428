"""Notebooks run from top to bottom, offline and fast, and stay small and without outputs."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_CELLS = 14
MOST_LINES = 80
MOST_FUNCTION_LINES = 5
SECONDS = 300

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def tree_of(path: Path) -> ast.Module:
    """The notebook as one module, without its magics."""
    lines = "\n".join(code_of(path)).splitlines()
    return ast.parse("\n".join("    pass" if line.strip().startswith("%") else line for line in lines))


def test_there_is_a_quickstart() -> None:
    assert "quickstart" in [path.stem for path in NOTEBOOKS]


@each
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]

    assert [cell.outputs for cell in cells if cell.outputs] == []
    assert {cell.execution_count for cell in cells} == {None}


@each
def test_notebook_is_valid(path: Path) -> None:
    nbformat.validate(read(path))


@each
def test_notebook_is_small(path: Path) -> None:
    cells = code_of(path)
    lines = [line for cell in cells for line in cell.splitlines() if line.strip()]

    assert len(cells) <= MOST_CELLS
    assert len(lines) < MOST_LINES
    assert max(map(len, lines)) <= 120


@each
def test_notebook_holds_no_logic(path: Path) -> None:
    nodes = list(ast.walk(tree_of(path)))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert [node.name for node in nodes if isinstance(node, ast.ClassDef)] == []
    assert [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > MOST_FUNCTION_LINES] == []


@each
def test_notebook_speaks_public_names(path: Path) -> None:
    """Nothing that starts with an underscore is imported or reached into."""
    nodes = list(ast.walk(tree_of(path)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    assert {name for name in names if name.startswith("_")} == set()


@each
def test_first_cell_installs_only_what_is_missing(path: Path) -> None:
    first = code_of(path)[0]

    assert "%pip install" in first
    assert 'find_spec("tfcold") is None' in first


@each
@pytest.mark.notebook
@pytest.mark.slow
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    for name, value in {
        "TFCOLD_FAST": "1",
        "TFCOLD_CACHE": str(cache),
        "TMPDIR": str(tmp_path),  # what it writes goes with the test
        "TF_NUM_INTRAOP_THREADS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    notebook = read(path)

    NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()

    errors = [out for cell in notebook.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert errors == []
    assert not cache.exists()  # the fast way downloads nothing
    assert any("image/png" in out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", []))
