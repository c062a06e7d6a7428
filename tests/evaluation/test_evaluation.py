import json

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.evaluation import evaluate


@pytest.fixture
def found(scorer, split):  # type: ignore[no-untyped-def]
    return evaluate(scorer, split, k=(1, 4))


def test_summary_has_a_row_a_regime_metric_and_cut_off(found) -> None:  # type: ignore[no-untyped-def]
    table = found.summary()
    # 4 user metrics and 3 list measures in 5 regimes, 2 more for `all`, at 2 cut-offs
    assert len(table) == (7 * 5 + 2) * 2
    row = table[(table["regime"] == "all") & (table["metric"] == "ndcg") & (table["k"] == 4)].iloc[0]
    # users 0.919721, 0.693426, 0.430677
    assert row["value"] == pytest.approx(0.681275, abs=1e-6)
    assert 0.430676 <= row["low"] < row["value"] < row["high"] <= 0.919722
    assert (row["users"], row["candidates"]) == (3, 6)


def test_summary_gives_no_interval_to_measures_of_lists(found) -> None:  # type: ignore[no-untyped-def]
    table = found.summary()
    assert table.loc[table["metric"] == "gini", ["low", "high"]].isna().all(axis=None)
    assert table.loc[table["metric"] == "mrr", ["low", "high"]].notna().all(axis=None)


def test_print_shows_every_regime_within_80_columns(found) -> None:  # type: ignore[no-untyped-def]
    lines = str(found).splitlines()
    assert lines[2].split() == ["regime", "NDCG@4", "Recall@4", "users", "candidates"]
    assert [line.split()[0] for line in lines[4:]] == ["warm", "cold_item", "all", "cold_user", "cold_both"]
    assert "0.681" in lines[6]  # as in the summary
    assert max(map(len, lines)) <= 80


def test_arrays_cannot_be_changed(found) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="read-only"):
        found.regime("warm").metrics["ndcg@4"][0] = 1
    with pytest.raises(AttributeError):
        found.system = "another"


def test_json_goes_to_the_file_and_comes_back(found, tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = found.to_json(tmp_path / "new" / "evaluation.json", per_user=True, resamples=50)
    content = json.loads(text)
    assert json.loads((tmp_path / "new" / "evaluation.json").read_text(encoding="utf-8")) == content
    warm = content["regimes"]["warm"]
    assert (warm["users"], warm["targets"], warm["candidates"]) == (2, 3, 4)
    # list d c: target c at rank 2; list d b: both are targets
    np.testing.assert_allclose(warm["per_user"]["ndcg@4"], [0.630930, 1], atol=1e-6)
    assert warm["per_user"]["user_id"] == ["u1", "u2"]
    assert warm["metrics"]["gini@4"]["low"] is None
    assert content["interval"] == {"confidence": 0.95, "resamples": 50, "seed": 0, "over": "users"}


def test_unknown_regime_or_metric_names_those_there_are(found) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(
        InputError, match=r"'by order' was evaluated in; received 'hot'. There are warm, cold_item, all"
    ):
        found.mean("hot", "ndcg@4")
    with pytest.raises(InputError, match=r"received 'ndcg@7'. There are ndcg@1, ndcg@4"):
        found.mean("warm", "ndcg@7")
