"""tfcold recommends new items and new users from their words.

The route, one name a step; each is explained where it lives:

    Dataset        interactions, items and users, checked           tfcold.data
    splits         what is held out: cold_item, temporal, ...       tfcold.splits
    encode_items   words to vectors, once                           tfcold.text
    Features       the vectors beside a split                       tfcold.blocks
    fit            a trained model; Settings says how               tfcold.training
    evaluate       quality by regime; compare, against baselines    tfcold.evaluation
    export_bundle  a SavedModel that serves warm and cold           tfcold.export
    load           the same bundle, opened with TensorFlow alone    tfcold.opening

`baselines` holds what a model has to beat, `TwoTower` the Keras model itself for whoever trains it by hand.
"""

import importlib as _importlib
import os as _os
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from tfcold.version import __version__

if _TYPE_CHECKING:
    from tfcold import baselines, data, evaluation, export, language, layers, models, splits, text, training
    from tfcold.blocks import Features
    from tfcold.data import Dataset
    from tfcold.evaluation import compare, evaluate
    from tfcold.export import add_items
    from tfcold.export import export as export_bundle
    from tfcold.models import TwoTower
    from tfcold.opening import load
    from tfcold.schema import Schema
    from tfcold.text import encode_items, encode_users, get_encoder
    from tfcold.training import Settings, fit

# Which Keras `tf.keras` is must be settled before anybody touches it. Where TensorFlow is not there yet, the variable
# that it will read is enough, and `tfcold --help` needs no TensorFlow.
_os.environ["TF_USE_LEGACY_KERAS"] = "1"
if "tensorflow" in _sys.modules:
    from tfcold import _keras  # noqa: F401  says what to do where it is too late

# name -> module, or module:name; loaded on first use, so that `import tfcold` stays quick
_HOMES = {
    "Dataset": "tfcold.data",
    "Features": "tfcold.blocks",
    "Schema": "tfcold.schema",
    "Settings": "tfcold.training",
    "TwoTower": "tfcold.models",
    "add_items": "tfcold.export",
    "compare": "tfcold.evaluation",
    "encode_items": "tfcold.text",
    "encode_users": "tfcold.text",
    "evaluate": "tfcold.evaluation",
    "export_bundle": "tfcold.export:export",
    "fit": "tfcold.training",
    "get_encoder": "tfcold.text",
    "load": "tfcold.opening",
}
_ROOMS = ("baselines", "data", "evaluation", "export", "language", "layers", "models", "splits", "text", "training")

__all__ = [
    "Dataset",
    "Features",
    "Schema",
    "Settings",
    "TwoTower",
    "__version__",
    "add_items",
    "baselines",
    "compare",
    "data",
    "encode_items",
    "encode_users",
    "evaluate",
    "evaluation",
    "export",
    "export_bundle",
    "fit",
    "get_encoder",
    "language",
    "layers",
    "load",
    "models",
    "splits",
    "text",
    "training",
]


def __getattr__(name: str) -> _Any:
    if name in _ROOMS:
        return _importlib.import_module(f"tfcold.{name}")
    if name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        return getattr(_importlib.import_module(module), attribute or name)
    raise AttributeError(f"module 'tfcold' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
