"""`tfcold add-items` warns of texts that look stuffed, or refuses them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tfcold.data import synthetic_world
from tfcold.training import Settings
from tfcold.workflow import Tables, Words, fit_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A bundle of 60 items, enough to say what is usual."""
    interactions, items, _ = synthetic_world(num_users=40, num_items=60, rows_per_user=10, seed=3)
    folder = tmp_path_factory.mktemp("bundles") / "shop"
    fit_bundle(Tables(interactions, items), folder, words=Words(encoders=["lexical"]), settings=Settings(epochs=0))
    return folder, items.frame


def test_stuffed_items(call: Any, model: Any, tmp_path: Any) -> None:
    folder, items = model
    new = items.head(2).assign(item_id=["honest", "stuffed"])
    new["title"] = [items["title"][5], " ".join(items["title"])]
    new.to_csv(tmp_path / "new.csv", index=False)
    asked = ["add-items", "--model", folder, "--items", tmp_path / "new.csv"]

    refused = call(*asked, "--out", tmp_path / "a", "--stuffed", "raise")
    warned = call(*asked, "--out", tmp_path / "b")
    ignored = call(*asked, "--out", tmp_path / "c", "--stuffed", "ignore")

    assert refused.code == 2
    assert "`--items`: 1 of 2 items look stuffed with words: 'stuffed' (title: it has " in refused.err
    assert len(refused.errors) == 1
    assert not (tmp_path / "a").exists()
    assert warned.code == ignored.code == 0
    assert "1 of 2 items look stuffed" in warned.err
    assert "look stuffed" not in ignored.err
    assert pd.read_parquet(next((tmp_path / "b").rglob("items.parquet")))["item_id"].tolist()[-2:] == list(
        new["item_id"]
    )
