import json

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.evaluation import Evaluation, RegimeResult, compare, markdown_table, report_dict, save_report, text_table


def of(system, **regimes):  # type: ignore[no-untyped-def]
    results = {}
    for regime, value in regimes.items():
        values = np.full(20, value, np.float64)
        ids = np.array([f"u{row}" for row in range(20)], object)
        novelty = {"novelty@5": float("nan"), "novelty@9": 1.5}
        metrics = {"ndcg@5": values, "ndcg@9": values / 2}
        results[regime] = RegimeResult(regime, ids, np.ones(20, np.int64), metrics, novelty, 9)
    about = {"fingerprint": "abc", "protocol": "warm", "seed": 0, "parameters": {}}
    return Evaluation(system, "test", (5, 9), results, about)


@pytest.fixture
def three():  # type: ignore[no-untyped-def]
    return [of("popularity", warm=0.25), of("EASE", warm=0.5, cold_item=0.125), of("tfcold", warm=0.5, cold_item=0.75)]


def test_text_table_is_aligned_and_marks_what_differs(three) -> None:  # type: ignore[no-untyped-def]
    text = text_table(compare(three, baseline="EASE"), k=5)
    assert text.splitlines() == [
        "NDCG@5, 95% intervals over users; + or -: better or worse than EASE, p < 0.05",
        "",
        "system      Warm items              Cold items",
        "----------  ----------------------  ----------------------",
        "popularity  0.250 [0.250, 0.250] -",
        "EASE        0.500 [0.500, 0.500]    0.125 [0.125, 0.125]",
        "tfcold      0.500 [0.500, 0.500]    0.750 [0.750, 0.750] +",
    ]


def test_text_table_takes_the_largest_cut_off_by_default(three) -> None:  # type: ignore[no-untyped-def]
    assert "NDCG@9" in text_table(compare(three))
    assert "0.375" in text_table(compare(three))  # 0.75 / 2


def test_text_table_of_a_measure_of_lists_has_no_intervals(three) -> None:  # type: ignore[no-untyped-def]
    lines = text_table(compare(three, baseline="EASE"), metric="novelty").splitlines()
    assert lines[0] == "Novelty@9"
    assert lines[-1].split() == ["tfcold", "1.500", "1.500"]


def test_an_evaluation_prints_its_values_within_80_columns() -> None:
    regimes = dict.fromkeys(["warm", "cold_item", "all", "cold_user", "cold_both"], 0.25)
    lines = str(of("tfcold", **regimes)).splitlines()
    assert lines[:4] == [
        "tfcold on test rows, 95% intervals over users",
        "",
        "regime     NDCG@9                users  candidates",
        "---------  --------------------  -----  ----------",
    ]
    assert lines[5] == "cold_item  0.125 [0.125, 0.125]  20     9"  # 0.25 / 2 at the largest cut-off
    assert len(lines) == 4 + 5


def test_markdown_table_sets_the_best_in_bold(three) -> None:  # type: ignore[no-untyped-def]
    lines = markdown_table(compare(three), k=5, decimals=2).splitlines()
    assert lines[2:] == [
        "| system | Warm items | Cold items |",
        "| --- | --- | --- |",
        "| popularity | 0.25 [0.25, 0.25] |  |",
        "| EASE | **0.50 [0.50, 0.50]** | 0.12 [0.12, 0.12] |",
        "| tfcold | **0.50 [0.50, 0.50]** | **0.75 [0.75, 0.75]** |",
    ]


def test_tables_refuse_unknown_metrics_and_cut_offs(three) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="`metric` must be one of ndcg, novelty; received 'map'"):
        text_table(compare(three), metric="map")
    with pytest.raises(InputError, match="`k` must be one of 5, 9; received 20"):
        text_table(compare(three), k=20)


def test_report_is_strict_json(three) -> None:  # type: ignore[no-untyped-def]
    content = json.loads(json.dumps(report_dict(three, baseline="EASE"), allow_nan=False))
    assert [evaluation["system"] for evaluation in content["evaluations"]] == ["popularity", "EASE", "tfcold"]
    rows = [row for row in content["comparison"] if (row["system"], row["regime"], row["k"]) == ("tfcold", "warm", 5)]
    assert {row["metric"]: row["value"] for row in rows} == {"ndcg": 0.5, "novelty": None}
    assert content["evaluations"][2]["regimes"]["warm"]["metrics"]["novelty@5"]["value"] is None


def test_save_report_writes_three_files_and_leaves_others(three, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "other.txt").write_text("stays")
    paths = save_report(tmp_path, three, baseline="EASE")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.txt", "report.json", "report.md", "report.png"]
    assert json.loads(paths["json"].read_text(encoding="utf-8"))["baseline"] == "EASE"
    assert paths["markdown"].read_text(encoding="utf-8").startswith("NDCG@9")
    assert paths["png"].read_bytes().startswith(b"\x89PNG")
