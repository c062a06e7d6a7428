"""What every test runs under: no windows, a quiet TensorFlow, and asset tests that skip when nothing can be had.

And what several rooms play with: the toy bundle, and a server that speaks the protocol of language models.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers share two cores, and threads that wait for work do so
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # by spinning
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("TFCOLD_PROGRESS", "0")
os.environ["TFCOLD_NO_REMOTE"] = "1"  # no test sends text to another machine

from tfcold.errors import AssetError

OFFLINE = os.environ.get("TFCOLD_OFFLINE") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)  # the last file is one worker's; the other should not wait long
    if OFFLINE:
        for item in items:
            if item.get_closest_marker("asset"):
                item.add_marker(pytest.mark.skip(reason="needs an asset, and TFCOLD_OFFLINE=1"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipped_without_asset(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    return (yield from _skipped_without_asset(item))


def _skipped_without_asset(item: pytest.Item) -> Generator[None, None, None]:
    """Skips a test marked `asset` when no source of its asset answers; any other error, and test, stays as it is."""
    try:
        return (yield)
    except AssetError as error:
        if item.get_closest_marker("asset"):
            pytest.skip(f"no source of the asset could be reached: {error}")
        raise


def _helper(path: str) -> ModuleType:
    """A module of helpers that stands among the tests, loaded once."""
    name = "tfcold_test_" + Path(path).stem
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def toys() -> Any:
    """The module tests/export/toy_bundles.py."""
    return _helper("export/toy_bundles.py")


@pytest.fixture(scope="session")
def tiny_embedder() -> Any:
    """The module tests/text/encoders/tiny_embedder.py."""
    return _helper("text/encoders/tiny_embedder.py")


@pytest.fixture(scope="session")
def tiny_static() -> Any:
    """The module tests/text/encoders/tiny_static.py."""
    return _helper("text/encoders/tiny_static.py")


@pytest.fixture(scope="session")
def killed_writer() -> Any:
    """The module tests/export/killed_writer.py."""
    return _helper("export/killed_writer.py")


@pytest.fixture(scope="session")
def golden() -> Any:
    """The module tests/golden/make.py."""
    return _helper("golden/make.py")


@pytest.fixture(scope="session")
def world(toys: Any) -> Any:
    return toys.make_world()


@pytest.fixture(scope="session")
def bundle(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name folder of the toy world's model, with version 1."""
    from tfcold.export import export

    folder = tmp_path_factory.mktemp("bundles") / "toy"
    export(
        world.trained,
        folder,
        items=world.items,
        report={"ndcg": 0.5},
        features=world.features,
        encoders={"lexical": world.lexical},
    )
    return folder


@pytest.fixture(scope="session")
def loaded(bundle: Path) -> Any:
    import tensorflow as tf

    return tf.saved_model.load(str(bundle / "1"))


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts real servers of tests/language/server.py on free ports of this machine: `serve("good")`."""
    servers = _helper("language/server.py")
    started = []

    def start(say: str = "good") -> Any:
        server = servers.Server(getattr(servers, say))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(serve: Any) -> Any:
    """One that answers well."""
    return serve()


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset folder: GPT-2's architecture, a layer of width 8, random weights, characters as tokens."""
    import tfcold._keras  # noqa: F401

    import keras_nlp  # isort: skip
    import keras

    keras.utils.set_random_seed(3)
    letters = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ", "th"]
    vocabulary = {"<|endoftext|>": 0, **{letter: place + 1 for place, letter in enumerate(letters)}}
    tokenizer = keras_nlp.models.GPT2Tokenizer(vocabulary=vocabulary, merges=["t h"])
    preprocessor = keras_nlp.models.GPT2CausalLMPreprocessor(tokenizer=tokenizer, sequence_length=64)
    backbone = keras_nlp.models.GPT2Backbone(
        vocabulary_size=len(vocabulary), num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16,
        max_sequence_length=4_096,
    )  # fmt: skip
    model = keras_nlp.models.GPT2CausalLM(backbone=backbone, preprocessor=preprocessor)
    path = tmp_path_factory.mktemp("preset") / "tiny"
    model.save_to_preset(str(path))
    return path
