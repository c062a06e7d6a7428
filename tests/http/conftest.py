"""Real servers on free ports: over the toy bundle, and over an odd little SavedModel with every kind of input."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import tensorflow as tf

from tfcold.http import Limits, Version, VersionStore, run_server
from tfcold.manifest import EXTRA, Manifest, hashes_of, read_manifest

SCRIPT_TITLE = '<img src=x onerror="document.title=1"> & co'


@dataclass
class Running:
    """A server that runs, and a client of it."""

    url: str
    store: VersionStore
    client: httpx2.Client

    def predict(self, content: Any, path: str | None = None) -> httpx2.Response:
        """The answer to a body: JSON of `content`, or `content` itself where it is bytes."""
        target = path or f"/v1/models/{self.store.folder.name}:predict"
        if isinstance(content, bytes):
            return self.client.post(target, content=content)
        return self.client.post(target, json=content)

    def metrics(self) -> dict[str, float]:
        lines = self.client.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}


@contextmanager
def running(folder: Path, limits: Limits | None = None, titles: dict[str, str] | None = None) -> Iterator[Running]:
    """`run_server` on a free port of this machine, stopped in an orderly way at the end."""
    limits = limits or Limits(poll_seconds=0.05)
    store = VersionStore(folder, lambda path: Version(path, titles=titles), poll_seconds=limits.poll_seconds)
    servers: list[Any] = []
    urls: list[str] = []
    up = threading.Event()

    def ready(url: str, version: int) -> None:
        urls.append(url)
        up.set()

    thread = threading.Thread(
        target=run_server,
        args=(store, folder.name),
        kwargs={"port": 0, "limits": limits, "hosts": ["127.0.0.1"], "ready": ready, "started": servers.append},
    )
    thread.start()
    try:
        assert up.wait(60)
        with httpx2.Client(base_url=urls[0], timeout=60, trust_env=False) as client:
            yield Running(urls[0], store, client)
    finally:
        servers[0].should_exit = True
        thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def serving() -> Callable[..., Any]:
    return running


@pytest.fixture(scope="session")
def versions(toys: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two versions of one bundle, the second with one item more; kept apart, to be copied where a test wants them."""
    from tfcold.export import export

    folder = tmp_path_factory.mktemp("versions")
    world = toys.make_world()
    items = world.items.assign(title=[SCRIPT_TITLE, *world.items["title"][1:]])
    smaller = toys.without_last_item(world.trained)
    export(smaller, folder / "small", items=items[:-1], encoders={"lexical": world.lexical})
    export(world.trained, folder / "whole", items=items, encoders={"lexical": world.lexical})
    return folder / "small" / "1", folder / "whole" / "1"


@pytest.fixture(scope="session")
def bundle(versions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name folder `toy` with version 1."""
    folder = tmp_path_factory.mktemp("bundles") / "toy"
    shutil.copytree(versions[1], folder / "1")
    return folder


@pytest.fixture(scope="module")
def toy(bundle: Path) -> Iterator[Running]:
    with running(bundle) as server:
        yield server


class OddModule(tf.Module):
    """Signatures that a later bundle may have: sentences, every dtype, one that takes long, one that answers NaN."""

    def __init__(self, item_ids: list[str], is_cold: list[bool]) -> None:
        super().__init__()
        self.item_ids = tf.Variable(["", *item_ids], trainable=False)
        self.user_ids = tf.Variable(["", "u0", "é😀"], trainable=False)
        self.is_cold = tf.Variable([False, *is_cold], trainable=False)
        self.is_known = tf.Variable([False, *[True] * len(item_ids)], trainable=False)
        self.history = tf.Variable(tf.zeros([len(item_ids) + 1, 2]), trainable=False)
        self.candidates = tf.Variable(tf.zeros([len(item_ids) + 1, 3]), trainable=False)
        self.queries = tf.Variable(tf.zeros([3, 3]), trainable=False)
        self.done_splits = tf.Variable(tf.zeros([4], tf.int64), trainable=False)
        self.done_rows = tf.Variable(tf.zeros([0], tf.int32), trainable=False)

    def text(self, text: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The items in their order, from the one on that the length of the text tells."""
        num = tf.size(self.item_ids) - 1
        rows = (tf.strings.length(text)[:, None] + tf.range(num)[None, :]) % num + 1
        rows = rows[:, : tf.minimum(k, num)]
        return {"item_id": tf.gather(self.item_ids, rows), "score": tf.cast(-rows, tf.float32)}

    def kinds(self, flag: tf.Tensor, count: tf.Tensor, weight: tf.Tensor, name: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"flag": ~flag, "count": count + 1, "weight": weight * 2, "name": name, "all": tf.reduce_sum(weight)}

    def slow(self, rounds: tf.Tensor) -> dict[str, tf.Tensor]:
        start = tf.eye(64) + tf.cast(rounds, tf.float32) * 0
        end = tf.while_loop(lambda n, x: n < rounds, lambda n, x: (n + 1, tf.matmul(x, start)), (0, start))[1]
        return {"trace": tf.linalg.trace(end)}

    def wrong(self, value: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"root": tf.sqrt(value)}

    def save(self, folder: Path, manifest: Manifest) -> None:
        number, numbers = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.float32)
        strings = tf.TensorSpec([None], tf.string)
        specs = {
            "serving_default": (self.wrong, {"value": numbers}),
            "recommend_from_text": (self.text, {"text": strings, "k": number}),
            "kinds": (
                self.kinds,
                {
                    "flag": tf.TensorSpec([None], tf.bool),
                    "count": tf.TensorSpec([None, 2], tf.int64),
                    "weight": numbers,
                    "name": strings,
                },
            ),
            "slow": (self.slow, {"rounds": number}),
        }
        signatures = {
            name: tf.function(function, autograph=False).get_concrete_function(
                **{key: tf.TensorSpec(spec.shape, spec.dtype, key) for key, spec in inputs.items()}
            )
            for name, (function, inputs) in specs.items()
        }
        tf.saved_model.save(self, str(folder), signatures)
        (folder / EXTRA).mkdir()
        num, cold = int(self.is_known.shape[0]) - 1, int(tf.reduce_sum(tf.cast(self.is_cold, tf.int32)))
        sizes = {"users": 2, "items": num, "warm_items": num - cold, "cold_items": cold, "unknown_items": 0}
        replace(manifest, sizes=sizes, files=hashes_of(folder)).write(folder)


@pytest.fixture(scope="session")
def odd_bundle(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name folder `odd` with version 7: 40 items `m0`, ..., every third of them cold."""
    folder = tmp_path_factory.mktemp("bundles") / "odd"
    names = [f"m{number}" for number in range(40)]
    OddModule(names, [number % 3 == 0 for number in range(40)]).save(folder / "7", read_manifest(bundle / "1"))
    return folder


@pytest.fixture(scope="session")
def titles() -> dict[str, str]:
    return {"m0": SCRIPT_TITLE, **{f"m{number}": f"The {number}th comet" for number in range(1, 40)}}
