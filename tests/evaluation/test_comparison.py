from dataclasses import replace

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.evaluation import Evaluation, RegimeResult, compare, evaluate


def of(system, values, regime="warm", fingerprint="abc"):  # type: ignore[no-untyped-def]
    values = np.array(values, np.float64)
    ids = np.array([f"u{row}" for row in range(len(values))], object)
    result = RegimeResult(regime, ids, np.ones(len(values), np.int64), {"ndcg@5": values}, {"gini@5": 0.5}, 9)
    about = {"fingerprint": fingerprint, "protocol": "warm", "seed": 0, "parameters": {}}
    return Evaluation(system, "test", (5,), {regime: result}, about)


def row_of(table, system, metric="ndcg"):  # type: ignore[no-untyped-def]
    return table[(table["system"] == system) & (table["metric"] == metric)].iloc[0]


def test_difference_is_paired_by_user() -> None:
    spread = np.linspace(0, 0.9, 30)
    table = compare([of("old", spread), of("new", spread + 0.01)], baseline="old", resamples=500)
    row = row_of(table, "new")
    # every user gains 0.01: far less than the spread between users, and yet certain
    assert row["difference"] == pytest.approx(0.01)
    assert row["difference_low"] == pytest.approx(0.01)
    assert row["difference_high"] == pytest.approx(0.01)
    assert row["p_value"] == pytest.approx(1 / 501)
    assert row["high"] - row["low"] > 0.1


def test_no_difference_where_systems_agree_or_nothing_is_compared() -> None:
    table = compare([of("old", [0.1, 0.5]), of("same", [0.1, 0.5])], baseline="old")
    assert row_of(table, "same")["p_value"] == 1
    assert np.isnan(row_of(table, "old")["p_value"])
    assert np.isnan(row_of(table, "same", "gini")["difference"])
    without = compare([of("old", [0.1, 0.5]), of("same", [0.1, 0.5])])
    assert without[["difference", "p_value"]].isna().all(axis=None)


def test_compare_keeps_regimes_that_the_baseline_lacks() -> None:
    table = compare([of("old", [0.1, 0.5]), of("new", [0.3], regime="cold_item")], baseline="old")
    assert row_of(table, "new")["value"] == 0.3
    assert np.isnan(row_of(table, "new")["difference"])


def test_compare_over_the_protocol(scorer, backwards, split) -> None:  # type: ignore[no-untyped-def]
    table = compare([evaluate(scorer, split, k=2), evaluate(backwards, split, k=2)], baseline="by order")
    row = table[(table["system"] == "backwards") & (table["regime"] == "cold_item") & (table["metric"] == "ndcg")].iloc[
        0
    ]
    # by order: x y for both, so 1 for u1 and 0.63093 for u3; backwards the other way round
    assert row["difference"] == pytest.approx(0, abs=1e-12)
    assert row["difference_low"] == pytest.approx(-0.36907, abs=1e-5)


def test_compare_refuses_what_does_not_match() -> None:
    with pytest.raises(InputError, match="must hold at least one; received none"):
        compare([])
    with pytest.raises(InputError, match="1 come twice: 'old'"):
        compare([of("old", [0.1]), of("old", [0.2])])
    with pytest.raises(InputError, match=r"'old' is of abc .test., 'new' of xyz .test."):
        compare([of("old", [0.1]), of("new", [0.2], fingerprint="xyz")])
    with pytest.raises(InputError, match=r"'new' of abc .validation."):
        compare([of("old", [0.1]), replace(of("new", [0.2]), part="validation")])
    with pytest.raises(InputError, match="`baseline` must be one of old, new; received 'EASE'"):
        compare([of("old", [0.1]), of("new", [0.2])], baseline="EASE")
