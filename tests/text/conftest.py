import importlib.util
from pathlib import Path

import pytest


@pytest.fixture
def toy():
    """The class ToyEncoder of toys.py, which stands beside this file."""
    spec = importlib.util.spec_from_file_location("tfcold_test_toys", Path(__file__).with_name("toys.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ToyEncoder
