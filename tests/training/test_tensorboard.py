from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfcold.data import Dataset, synthetic_world
from tfcold.evaluation import evaluate
from tfcold.splits import cold_item
from tfcold.training import Settings, fit
from tfcold.training.tensorboard import text_shares, write_figures, write_item_map
from tfcold.workflow import Words, build_features


def events(folder: Path) -> dict[str, dict[int, Any]]:
    """Tag -> step -> value of every event in a folder."""
    found: dict[str, dict[int, Any]] = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = tf.make_ndarray(value.tensor)
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    interactions, items, _ = synthetic_world(num_users=60, num_items=40, seed=2)
    split = cold_item(Dataset.from_tables(interactions, items))
    features = build_features(split, Words(encoders=["lexical"])).features
    log_dir = tmp_path_factory.mktemp("logs")
    settings = Settings(epochs=2, patience=2, warm_text_scale=0.2, text_penalty=1.0, max_landmarks=0)
    return log_dir, fit(split, features, settings, log_dir=log_dir), split


def test_scalars_begin_with_the_closed_form_start(run: Any) -> None:
    log_dir, trained, _ = run
    found = events(log_dir)

    for regime in ("warm", "cold_item", "all"):
        assert sorted(found[f"ndcg_at_20/{regime}"]) == [0, 1, 2]
        assert sorted(found[f"recall_at_20/{regime}"]) == [0, 1, 2]
    assert sorted(found["train/loss"]) == [1, 2]
    start = trained.log["val_warm_ndcg_at_20"][0]
    assert found["ndcg_at_20/warm"][0] == pytest.approx(start, abs=1e-6)


def test_text_share_is_one_for_cold_items_and_between_for_warm_ones(run: Any) -> None:
    log_dir, trained, _ = run
    shares = text_shares(trained)

    assert shares["cold"] == pytest.approx(1.0)
    assert 0.0 < shares["warm"] < 1.0
    assert events(log_dir)["text_share/cold"][0] == pytest.approx(1.0)


def test_item_map_has_a_point_a_line_and_a_colour(run: Any, tmp_path: Path) -> None:
    _, trained, split = run
    write_item_map(tmp_path, trained, split, limit=25)
    head, *lines = (tmp_path / "items.tsv").read_text().splitlines()
    table = tf.train.load_checkpoint(str(tmp_path / "items.ckpt-1")).get_tensor("items/.ATTRIBUTES/VARIABLE_VALUE")
    titles = split.dataset.items.frame.set_index("item_id")["title"]

    assert head == "title\tstate\titem_id"
    assert len(lines) == len(table) == 25
    for line, point in zip(lines, table, strict=True):
        title, state, item_id = line.split("\t")
        row = trained.item_ids.rows([item_id])[0]
        assert title == titles[item_id]
        assert state == ("warm" if trained.warm_items[row] else "cold")
        np.testing.assert_array_equal(point, trained.candidate_table[row, :-1])
    assert 'metadata_path: "items.tsv"' in (tmp_path / "projector_config.pbtxt").read_text()


def test_figures_are_images_and_tables(run: Any, tmp_path: Path) -> None:
    _, trained, split = run
    write_figures(tmp_path, [evaluate(trained, split)])
    found = events(tmp_path)

    assert found["figures/ndcg"]  # the picture and the table share a tag, in two plugins
    assert found["figures/recall"]
