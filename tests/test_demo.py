"""The demo on a toy world through the very code that runs on MovieLens; the real one fetches assets."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tfcold.cli import main
from tfcold.cli.demo import check_out, show
from tfcold.data import synthetic_world
from tfcold.demo import Demo, run_demo, verdict
from tfcold.errors import InputError
from tfcold.serving import Recommender
from tfcold.showcase import NEW, Showcase
from tfcold.training import Settings
from tfcold.workflow import Tables, Words


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    interactions, items, _ = synthetic_world(num_users=80, num_items=50, seed=1)
    out = tmp_path_factory.mktemp("demo") / "out"
    return run_demo(Tables(interactions, items), out, words=Words(encoders=["lexical"]), settings=Settings(epochs=1))


def test_demo_judges_baselines_and_tfcold_by_regime(demo: Demo) -> None:
    systems = [evaluation.system for evaluation in demo.evaluations]

    assert systems[0] == "popularity"
    assert systems[-1] == "tfcold"
    assert {"lexical profile", "EASE", "iALS", "EASE + kernel ridge"} <= set(systems)
    assert set(demo.table["regime"]) == {"warm", "cold_item", "all"}
    rows = demo.table[(demo.table["metric"] == "ndcg") & (demo.table["system"] != "tfcold")]
    assert rows["p_value"].notna().all()  # every baseline is tested against tfcold


def test_demo_learns_what_words_are_worth(demo: Demo) -> None:
    reached = {evaluation.system: evaluation.mean("cold_item", "ndcg@20") for evaluation in demo.evaluations}

    assert reached["popularity"] < 0.5 * reached["tfcold"]  # nobody touched these items: only words tell them apart


def test_demo_leaves_bundle_report_and_logs(demo: Demo) -> None:
    content = json.loads(demo.report["json"].read_text())

    assert [one["system"] for one in content["evaluations"]][-1] == "tfcold"
    assert demo.report["png"].read_bytes().startswith(b"\x89PNG")
    assert list(demo.log_dir.glob("events.out.tfevents.*"))
    assert (demo.log_dir / "items.tsv").read_text().startswith("title\tstate\titem_id\n")
    assert Recommender(demo.bundle).manifest.metrics["evaluations"][0]["part"] == "test"


def test_show_prints_lists_table_verdict_and_paths(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    show(demo, "a galaxy and an astronaut")
    said = capsys.readouterr().out

    assert "What a few users did last" in said
    assert NEW in said
    assert "expected by chance" in said
    assert '"a galaxy and an astronaut"' in said
    assert "Cold items: tfcold" in said
    assert str(demo.report["png"]) in said
    assert f"tensorboard --logdir {demo.log_dir.parent}" in said


def test_showcase_counts_who_chose_a_new_item(demo: Demo) -> None:
    """The most chosen item of the cold test rows comes first, with the number expected by chance."""
    dataset, rows = demo.split.dataset, demo.split.test["cold_item"]
    most, count = pd.Series(dataset.item_ids.ids_of(dataset.item_rows[rows])).value_counts().iloc[:1].items().__next__()
    recommender = Recommender(demo.bundle)

    first = Showcase(recommender, demo.split, people=1).audience()[1]

    assert str(recommender.titles([most])["title"][0]) in first
    assert f"({20 * count / len(recommender.user_ids):.1f} expected by chance)" in first


def test_verdict_names_who_is_not_beaten() -> None:
    rows = [  # system, value, difference to tfcold, p-value
        ("a", 0.10, -0.10, 0.001),
        ("b", 0.19, -0.01, 0.400),
        ("c", 0.25, 0.05, 0.010),
        ("tfcold", 0.20, float("nan"), float("nan")),
    ]
    table = pd.DataFrame(rows, columns=["system", "value", "difference", "p_value"])
    table = table.assign(regime="warm", metric="ndcg", k=20)

    assert verdict(table) == [
        "Warm items: tfcold 0.200 does NOT beat c (0.250, p = 0.010); its lead over b (0.190, p = 0.400) may be chance."
    ]
    assert verdict(table[table["system"].isin(["a", "tfcold"])]) == [
        "Warm items: tfcold 0.200 is ahead of all 1 baselines."
    ]


def test_out_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(InputError, match="no folder of an earlier demo"):
        check_out(str(tmp_path))
    check_out(str(tmp_path / "new"))


@pytest.mark.asset
@pytest.mark.slow
def test_demo_on_movielens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo"), "--epochs", "0", "--quiet"]) == 0
    said = capsys.readouterr().out

    assert "EASE + kernel ridge" in said
    assert "bundle" in said
    assert (tmp_path / "demo" / "model" / "1" / "saved_model.pb").is_file()
