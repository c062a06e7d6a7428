"""The next version on the graph of the one before: its tables are written anew, and nothing is traced.

Tracing takes seconds whatever the size of a bundle, and where items and users join or leave, mostly only the variables
that hold tables differ. Where the graph itself would, `can_go_on` says so, and it is traced anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from tfcold.export.table_variables import TableVariables, in_one_block
from tfcold.export.tables import ServingTables
from tfcold.manifest import SAVED_MODEL, Manifest
from tfcold.version import __version__

ASSETS: Final = "assets"
VARIABLES: Final = "variables"
FORM: Final = 1  # of graph and tables: to be raised with every change of what `ServingModule` computes or tracks
_VALUE: Final = "/.ATTRIBUTES/VARIABLE_VALUE"


def graph_of(tables: ServingTables) -> dict[str, Any]:
    """What the graph of an exact search depends on besides what a bundle hands on to its next version, fit for JSON."""
    return {
        "form": FORM,
        "tfcold": __version__,
        "tensorflow": tf.__version__,
        **{f"{side}_in_one_block": fits for side, fits in in_one_block(tables).items()},
    }


def can_go_on(before: Manifest, tables: ServingTables) -> bool:
    """Whether the graph of a bundle serves these tables, too: this tfcold traced it, for an exact search."""
    return before.search == "exact" and before.graph == graph_of(tables)


def save_like(before: Path, version: Path, variables: TableVariables) -> None:
    """The SavedModel `version`, new, which is the one in `before` but for the values of these variables.

    Encoders and layers that are in it, and their files, go along.
    """
    for name in (VARIABLES, ASSETS):
        (version / name).mkdir(parents=True)
    shutil.copyfile(before / SAVED_MODEL, version / SAVED_MODEL)
    if (before / ASSETS).is_dir():  # empty where no encoder is inside, and empty folders get lost on the way
        shutil.copytree(before / ASSETS, version / ASSETS, dirs_exist_ok=True)
    reader = tf.train.load_checkpoint(str(before / VARIABLES / VARIABLES))
    given = {f"{name}{_VALUE}": variable for name, variable in variables.named().items()}
    names = sorted(reader.get_variable_to_dtype_map())
    tf.raw_ops.SaveV2(
        prefix=str(version / VARIABLES / VARIABLES),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.convert_to_tensor(given[name] if name in given else reader.get_tensor(name)) for name in names],
    )
