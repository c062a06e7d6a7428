"""The scripts of benchmarks/ as modules, and the toy collection that they run on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tfcold.data import synthetic_world

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = ("common", "quality", "quality_parts", "curve", "ablations", "content_distance", "packages")


@pytest.fixture(scope="module")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """Function of a name, returns the module; what it stands on is found beside it."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if name.split(".")[0] in SCRIPTS:
                del sys.modules[name]


@pytest.fixture(scope="session")
def write_collection() -> Callable[..., None]:
    return _write_collection


def _write_collection(folder: Path, *, words: bool = True) -> None:
    """A synthetic world with a fifth of the items cold, a tenth of the other rows held out, and ten cold users."""
    interactions, items, described = synthetic_world(num_users=80, num_items=60, seed=1)
    rows, rng = interactions.frame[["user_id", "item_id"]].copy(), np.random.default_rng(0)
    cold = rng.permutation(items.frame["item_id"].to_numpy(object))[:16]
    rows["split"] = np.where(
        rng.random(len(rows)) < 0.2, np.where(rng.random(len(rows)) < 0.5, "warm_val", "warm_test"), "train"
    )
    for part, ids in (("cold_val", cold[:6]), ("cold_test", cold[6:])):
        rows.loc[rows["item_id"].isin(ids), "split"] = part
    train = rows[rows["split"] == "train"]
    known = rows["item_id"].isin(train["item_id"]) & rows["user_id"].isin(train["user_id"])
    rows = rows[known | (rows["split"].str.startswith("cold") & rows["user_id"].isin(train["user_id"]))]
    folder.mkdir(parents=True)
    rows.to_csv(folder / "interactions.csv.gz", index=False)
    vectors = pd.get_dummies(items.frame["genre"]).to_numpy(np.float16) + 0.1
    np.save(folder / ("minilm.npy" if words else "image.npy"), vectors)
    table = items.frame[["item_id", "title"]] if words else items.frame[["item_id"]]
    table.to_csv(folder / "items.csv.gz", index=False)
    if words:
        described.frame.to_csv(folder / "users.csv.gz", index=False)
    users = rows["user_id"].drop_duplicates().iloc[:10]
    held = rows[rows["user_id"].isin(users)][["user_id", "item_id"]]
    held.assign(order=held.groupby("user_id").cumcount()).to_csv(folder / "cold_users.csv.gz", index=False)
