"""Versions come, go, and break while somebody asks."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfcold.http import Version, VersionStore

Running = Any  # of conftest.py, see there
ASKED = {"signature_name": "recommend_from_history", "inputs": {"item_id": [["i1", "i2"]], "k": 100}}


def put(source: Path, folder: Path, number: int) -> None:
    """A version folder as a job would write it: aside, then one rename."""
    shutil.copytree(source, folder / f".{number}.partial")
    (folder / f".{number}.partial").rename(folder / str(number))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path, versions: tuple[Path, Path]) -> Path:
    put(versions[0], tmp_path / "toy", 1)
    return tmp_path / "toy"


def number_of(server: Running) -> str:
    (one,) = [
        one for one in server.client.get("/v1/models/toy").json()["model_version_status"] if one["state"] == "AVAILABLE"
    ]
    return str(one["version"])


def test_new_version_takes_over_without_a_torn_answer(folder: Path, versions: tuple[Path, Path], serving: Any) -> None:
    """The second version lists one item more (29 and 30 less the unknown and the two of the history)."""
    with serving(folder) as server:
        first = server.predict(ASKED).json()
        seen: list[Any] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                answer = server.predict(ASKED)
                seen.append((answer.status_code, answer.text))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        put(versions[1], folder, 2)
        until(lambda: number_of(server) == "2")
        second = server.predict(ASKED).json()
        time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()

        assert len(second["outputs"]["item_id"][0]) == len(first["outputs"]["item_id"][0]) + 1
        assert {status for status, _ in seen} == {200}
        answers = [json.loads(text) for text in dict.fromkeys(text for _, text in seen)]
        assert answers == [first, second]  # in this order, and no third kind
        assert server.metrics()['tfcold_model_version{model="toy"}'] == 2
        assert server.predict({"inputs": []}, "/v1/models/toy/versions/1:predict").status_code == 404

        shutil.rmtree(folder / "2")  # a rollback
        until(lambda: number_of(server) == "1")
        assert server.predict(ASKED).json() == first


def test_broken_version_is_left_alone_until_it_is_mended(
    folder: Path, versions: tuple[Path, Path], serving: Any
) -> None:
    failed = 'tfcold_version_loads_total{model="toy",outcome="failed"}'
    with serving(folder) as server:
        first = server.predict(ASKED).json()
        shutil.copytree(versions[1], folder / ".2.partial")
        variables = next((folder / ".2.partial" / "variables").glob("variables.data*"))
        whole = variables.read_bytes()
        variables.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])  # one bit, the size as it was
        (folder / ".2.partial").rename(folder / "2")
        until(lambda: server.metrics()[failed] == 1)
        time.sleep(0.5)  # ten looks

        assert server.metrics()[failed] == 1  # tried once
        assert server.predict(ASKED).json() == first
        said = server.client.get("/v1/models/toy").json()["model_version_status"]
        assert [(one["version"], one["state"]) for one in said] == [("2", "END"), ("1", "AVAILABLE")]
        assert "variables.data" in said[0]["status"]["error_message"]
        assert server.client.get("/readyz").status_code == 200

        (folder / "2" / variables.name).unlink(missing_ok=True)
        (folder / "2" / "variables" / variables.name).write_bytes(whole)
        until(lambda: number_of(server) == "2")
        assert len(server.client.get("/v1/models/toy").json()["model_version_status"]) == 1


def nothing(version: Path) -> None:
    shutil.rmtree(version)


def no_manifest(version: Path) -> None:
    (version / "assets.extra" / "manifest.json").unlink()


def fuzzed_manifest(version: Path) -> None:
    (version / "assets.extra" / "manifest.json").write_bytes(os.urandom(500))


def torn_graph(version: Path) -> None:
    path = version / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:-1000])


def later_schema(version: Path) -> None:
    path = version / "assets.extra" / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version": ', '"schema_version": 9'))


@pytest.mark.parametrize("harm", [nothing, no_manifest, fuzzed_manifest, torn_graph, later_schema])
def test_what_cannot_be_loaded_changes_nothing(
    folder: Path, versions: tuple[Path, Path], harm: Callable[[Path], None]
) -> None:
    store = VersionStore(folder)
    store.look()
    first = store.current
    put(versions[1], folder, 2)
    harm(folder / "2")

    for _ in range(3):
        store.look()

    assert store.current is first
    assert first.number == 1


def test_newest_that_can_be_loaded_answers(folder: Path, versions: tuple[Path, Path]) -> None:
    """3 is broken: 2 takes over from 1, as if 3 were not there."""
    put(versions[1], folder, 3)
    no_manifest(folder / "3")
    told: list[tuple[str, int]] = []
    store = VersionStore(folder, watcher=lambda outcome, number, error: told.append((outcome, number)))
    store.look()
    put(versions[1], folder, 2)
    for _ in range(3):
        store.look()

    assert store.current.number == 2
    assert told == [("failed", 3), ("loaded", 1), ("loaded", 2)]


def test_folder_that_is_being_copied_is_not_touched(folder: Path, versions: tuple[Path, Path]) -> None:
    """A copy that grows from one look to the next is only tried once it stood still."""
    told: list[tuple[str, int]] = []
    store = VersionStore(folder, watcher=lambda outcome, number, error: told.append((outcome, number)))
    store.look()
    files = sorted(path for path in versions[1].rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path.name != "saved_model.pb"):
        target = folder / "2" / path.relative_to(versions[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        store.look()
    assert told == [("loaded", 1)]

    store.look()

    assert told == [("loaded", 1), ("loaded", 2)]


def test_version_broken_in_place_stays_in_memory(folder: Path, versions: tuple[Path, Path]) -> None:
    put(versions[1], folder, 2)
    store = VersionStore(folder)
    store.look()
    current = store.current
    torn_graph(folder / "2")

    for _ in range(4):
        store.look()

    assert store.current is current
    assert current.number == 2
    shutil.rmtree(folder)
    store.look()
    assert store.current is current


def test_version_folder_alone(folder: Path) -> None:
    store = VersionStore(folder / "1")
    store.look()

    assert store.current.number == 1


def test_made_up_input_that_is_refused_is_no_failure(odd_bundle: Path) -> None:
    """`serving_default` of the odd bundle answers the square root of what it is given; 1 has one."""
    version = Version(odd_bundle / "7")
    version.warm_up()

    assert version.signature("serving_default")(version.signature("serving_default").smallest())["root"].tolist() == [
        1.0
    ]
    assert version.signature("kinds").smallest()["count"].tolist() == [[1, 1]]
