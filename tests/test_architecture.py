"""Who may import whom: the house's ladder, checked on the source with `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tfcold"

# The floor: imports no room.
FLOOR = {
    "_keras", "assets", "blocks", "columns", "errors", "extras", "files", "manifest", "progress", "ranking",
    "registration", "remote", "schema", "version",
}  # fmt: skip

# A room and the rooms below it. Not listed is not allowed; the floor is always allowed, but for `serving`.
TABLE_SIDE = {
    "data": set[str](),
    "splits": {"data"},
    "text": {"data"},
    "baselines": {"data", "splits", "text"},
    "language": {"data", "splits", "text"},  # what a language model adds beyond vectors
}
TENSOR_SIDE = {
    "ops": set[str](),
    "layers": {"ops"},
    "objectives": {"ops"},
    "retrieval": {"ops"},
    "towers": {"ops", "layers", "objectives", "retrieval"},
    "models": {"ops", "layers", "objectives", "retrieval", "towers"},
}
BELOW = {*TABLE_SIDE, *TENSOR_SIDE}
LADDER = {
    **TABLE_SIDE,
    **TENSOR_SIDE,
    "evaluation": BELOW,
    "training": BELOW | {"evaluation"},
    "export": BELOW | {"evaluation", "serving", "training"},  # what is exported has been trained
    "serving": set[str](),
    "http": {"serving"},  # a bundle over HTTP
    # on top: whole jobs, made of everything below
    "workflow": BELOW | {"evaluation", "training", "export", "serving"},
    "opening": {"export", "serving"},  # a bundle that newcomers join in memory
    "explain": {"data", "text", "language", "export", "serving"},  # scores in words
    "steering": {"export", "serving"},  # a list moved by words
    "judging": BELOW | {"evaluation", "export", "serving"},  # a bundle on somebody's rows
    "showcase": BELOW | {"evaluation", "export", "serving"},  # lists with titles
    "demo": BELOW | {"evaluation", "training", "export", "serving", "workflow", "judging", "showcase"},
    "cli": BELOW
    | {"evaluation", "training", "export", "serving", "workflow", "judging", "showcase", "demo", "http"}
    | {"opening", "explain", "steering"},
    "__main__": {"cli"},
}
SERVING_FLOOR = {"assets", "columns", "errors", "extras", "files", "manifest", "progress", "version"}  # no Keras
TENSORS = {"tensorflow", "tf_keras", "keras", "keras_nlp", "keras_hub", "tensorflow_hub", "tensorflow_recommenders",
           "tensorflow_text", "tfcold._keras", "tfcold.registration"}  # fmt: skip

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(node: ast.AST, *, at_import: bool) -> Iterator[str]:
    """Dotted names that are imported; with `at_import`, those that run when the module itself is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield str(child.module)
            if child.module == "tfcold":  # `from tfcold import layers`
                yield from (f"tfcold.{alias.name}" for alias in child.names)
        elif not at_import or not (isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or is_for_types(child)):
            yield from imports(child, at_import=at_import)


def imported(path: Path, *, at_import: bool) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), at_import=at_import))


def of_rooms(paths: list[Path], rooms: set[str]) -> list[Path]:
    return [path for path in paths if room_of(path) in rooms]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(PACKAGE)))


def test_every_room_is_in_the_ladder() -> None:
    assert {room_of(path) for path in FILES} - FLOOR - set(LADDER) == set()


def test_ladder_has_no_circle() -> None:
    done: set[str] = set()
    while ready := {room for room, below in LADDER.items() if room not in done and below <= done}:
        done |= ready

    assert done == set(LADDER)


@each(FILES)
def test_imports_only_rooms_below(path: Path) -> None:
    room = room_of(path)
    allowed = {room} | LADDER.get(room, set()) | (SERVING_FLOOR if room == "serving" else FLOOR)
    rooms = {name.split(".")[1] for name in imported(path, at_import=False) if name.startswith("tfcold.")}

    assert rooms - allowed - {"__version__"} == set()


@each(of_rooms(FILES, set(TABLE_SIDE)))
def test_table_side_imports_no_tensorflow(path: Path) -> None:
    names = imported(path, at_import=True)

    assert {name for name in names if name in TENSORS or name.split(".")[0] in TENSORS} == set()


@each(of_rooms(FILES, set(TENSOR_SIDE)))
def test_tensor_side_imports_no_pandas(path: Path) -> None:
    assert {name for name in imported(path, at_import=False) if name.split(".")[0] == "pandas"} == set()


@each(FILES)
def test_keras_is_chosen_in_one_place(path: Path) -> None:
    """Nobody else says `tf.keras`; what `import tensorflow.keras` gives depends on who came first."""
    if path.name == "_keras.py":
        return
    names = imported(path, at_import=False)
    attributes = {
        ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
    }

    assert {name for name in names if name.startswith(("tensorflow.keras", "tf_keras"))} == set()
    assert "tf.keras" not in attributes


@pytest.mark.parametrize(
    ("source", "at_import", "expected"),
    [
        ("import pandas as pd", True, {"pandas"}),
        ("def f():\n    import tensorflow", True, set()),
        ("def f():\n    import tensorflow", False, {"tensorflow"}),
        ("if TYPE_CHECKING:\n    from tfcold.data import ids", True, set()),
        ("if TYPE_CHECKING:\n    from tfcold.data import ids", False, {"tfcold.data"}),
        ("try:\n    import keras\nexcept ImportError:\n    pass", True, {"keras"}),
        ("from tfcold import layers", True, {"tfcold", "tfcold.layers"}),
    ],
)
def test_imports_are_found(source: str, at_import: bool, expected: set[str]) -> None:
    assert set(imports(ast.parse(source), at_import=at_import)) == expected
