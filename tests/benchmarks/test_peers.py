"""The peers on a toy collection: each learns, places new items and new users, and says what it cannot."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from tfcold.ranking import Queries

PACKAGES = {
    "lightfm": "lightfm",
    "cornac_ctr": "cornac",
    "cornac_vbpr": "torch",
    "rectools_dssm": "rectools",
    "keras_rs_tutorial": "keras_rs",
}
PLACE_NEW_ITEMS = (
    "lightfm", "cornac_ctr", "cornac_vbpr", "rectools_dssm", "tfrs_tutorial", "dropoutnet", "clcrec", "aldi", "semco",
    "alpharec",
)  # fmt: skip
WARM_ONLY = ("implicit_bpr", "keras_rs_tutorial")
BY_USERS = {"words of users", "EASE + words of users"}  # of users with words: test_quality.py
NO_NEW_USERS = ("tfrs_tutorial", "keras_rs_tutorial")
CLOCK = 0.5  # one setting each


@pytest.fixture(scope="module")
def peers(
    script: Callable[[str], ModuleType], write_collection: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Function of a module's name and a task's, returns the fitted scorer and its evaluation; each is made once."""
    folder = tmp_path_factory.mktemp("peers") / "toys"
    write_collection(folder)
    system, tasks, records = (script(f"quality_parts.{name}") for name in ("system", "tasks", "records"))
    collection = script("quality_parts.collection").read_collection(folder)
    made = {"items": tasks.items_task(collection), "users": tasks.users_task(collection)}
    kept: dict[tuple[str, str], Any] = {}

    def run(name: str, task: str) -> Any:
        package = PACKAGES.get(name)
        if package and importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
        if (name, task) not in kept:
            peer = script(f"quality_parts.peers.{name}").SYSTEM
            ready = system.prepared(peer, system.Job(made[task], 0, clock=CLOCK))
            kept[name, task] = ready, records.judged(ready.scorer, made[task])
        return kept[name, task]

    return SimpleNamespace(run=run, tasks=made, system=system, script=script)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACE_NEW_ITEMS)
def test_peer_places_new_items_by_their_words(peers: Any, name: str) -> None:
    ready, found = peers.run(name, "items")

    assert set(found.regimes) == {"warm", "cold_item", "all"}
    assert found.mean("cold_item", "ndcg@20") > 0.55  # 0.45 by chance: 10 candidates
    assert found.mean("all", "cold_share@20") > 0.05
    assert 1 <= ready.settings["settings_tried"] <= peers.system.BUDGET
    assert "cold_shift" in ready.settings


@pytest.mark.slow
@pytest.mark.parametrize("name", WARM_ONLY)
def test_peer_of_identities_leaves_cold_items_out(peers: Any, name: str) -> None:
    ready, found = peers.run(name, "items")

    assert set(found.regimes) == {"warm", "all"}
    assert found.mean("all", "cold_share@20") == 0
    assert "cold_shift" not in ready.settings


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLACE_NEW_ITEMS, "implicit_bpr"])
def test_peer_tells_new_users_apart_by_their_history(peers: Any, name: str) -> None:
    if name in NO_NEW_USERS:
        with pytest.raises(peers.system.Unable, match="no vector for a user"):
            peers.run(name, "users")
        return
    ready, found = peers.run(name, "users")
    split = peers.tasks["users"].split
    rows = np.flatnonzero(split.warm_items).astype(np.int32)
    histories = sp.csr_matrix((np.ones(2), ([0, 1], rows[[0, -1]])), (2, len(split.warm_items)), dtype=np.float32)
    scores = ready.scorer.scores(Queries(np.zeros(2, np.int32), histories), rows)

    assert np.isfinite(scores).all()
    assert not np.allclose(scores[0], scores[1])
    assert found.mean("users_5", "ndcg@20") > 0.15


def test_every_peer_is_a_system_and_tested(peers: Any) -> None:
    names = {one.name for one in peers.script("quality_parts.peers").PEERS}

    assert names <= set(peers.script("quality_parts.systems").SYSTEMS)
    assert len(names - BY_USERS) == len({*PLACE_NEW_ITEMS, *WARM_ONLY})
    assert names >= BY_USERS


def test_missing_package_is_named(peers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = peers.script("quality_parts.peers.peer")
    with pytest.raises(peers.system.Unable, match="needs nowhere-to-be-had"):
        module.required("nowhere_to_be_had", "nowhere-to-be-had")


def test_fold_in_learns_the_map_from_items_to_users(peers: Any) -> None:
    rng = np.random.default_rng(0)
    items = rng.standard_normal((31, 4)).astype(np.float32)
    train = sp.csr_matrix((rng.random((200, 31)) < 0.3).astype(np.float32))
    turn = rng.standard_normal((4, 3)).astype(np.float32)
    users = np.asarray(train @ items / np.maximum(train.sum(axis=1).A, 1), np.float32) @ turn + 1
    fold = peers.script("quality_parts.peers.fold_in").FoldIn(items, users, train, 0)

    few, many = sp.csr_matrix(train[:, :][:50]), sp.csr_matrix((50, 31), dtype=np.float32)
    assert np.corrcoef(fold(few).ravel(), users[:50].ravel())[0, 1] > 0.9
    assert np.allclose(fold(many), users.mean(axis=0), atol=1e-5)  # nothing known: the mean user


def test_shift_moves_cold_items_only(peers: Any) -> None:
    search = peers.script("quality_parts.peers.search")
    inner = SimpleNamespace(
        name="inner", settings={"a": 1}, can_score=np.ones(4, bool),
        scores=lambda queries, rows: np.tile(np.float32(rows), (len(queries), 1)),
    )  # fmt: skip
    shifted = search.Shifted(inner, np.array([False, False, True, True]), 2.5)
    queries = Queries(np.zeros(1, np.int32), sp.csr_matrix((1, 4), dtype=np.float32))

    assert shifted.scores(queries, np.arange(4, dtype=np.int32)).tolist() == [[0, 1, 4.5, 5.5]]
    assert shifted.settings == {"a": 1, "cold_shift": 2.5}


def test_search_stops_at_the_clock_and_keeps_the_best(peers: Any) -> None:
    search, base = peers.script("quality_parts.peers.search"), peers.script("quality_parts.peers.peer")

    class Fixed(base.Peer):
        def _fit(self, material: Any, watch: Any) -> None:
            rows = material.item_counts * self.settings["sign"]
            self.tables = base.Tables(np.ones((material.num_users, 1), np.float32), rows[:, None])

    options = [{"sign": -1.0}, {"sign": 1.0}, {"sign": -2.0}]
    all_tried = search.search(Fixed, options, peers.system.Job(peers.tasks["items"], 0, clock=60))
    one_tried = search.search(Fixed, options, peers.system.Job(peers.tasks["items"], 0, clock=-1))

    assert all_tried.settings == {"sign": 1.0, "settings_tried": 3, "settings_offered": 3}
    assert one_tried.settings["sign"] == -1.0
    assert one_tried.settings["settings_tried"] == 1
