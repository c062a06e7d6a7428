from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import tensorflow as tf


def _toys() -> ModuleType:
    name = "tfcold_test_toy_bundles"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "export" / "toy_bundles.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def toys():
    """The module toy_bundles.py, which stands in tests/export."""
    return _toys()


@pytest.fixture(scope="session")
def world(toys):
    return toys.make_world()


@pytest.fixture(scope="session")
def bundle(world, tmp_path_factory):
    from tfcold.export import export

    folder = tmp_path_factory.mktemp("bundles") / "toy"
    export(world.trained, folder, items=world.items, features=world.features, encoders={"lexical": world.lexical})
    return folder


@pytest.fixture(scope="session")
def loaded(bundle):
    return tf.saved_model.load(str(bundle / "1"))
