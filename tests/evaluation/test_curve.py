import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.evaluation import Evaluation, RegimeResult, learning_curve


def of(system, **regimes):  # type: ignore[no-untyped-def]
    results = {}
    for regime, value in regimes.items():
        ids = np.array(["u1", "u2"], object)
        metrics = {"ndcg@5": np.array([0, 2 * value]), "recall@5": np.array([value, value])}
        results[regime] = RegimeResult(regime, ids, np.ones(2, np.int64), metrics, {"gini@5": 0.1}, 9)
    about = {"fingerprint": "abc", "protocol": "k_shot_items", "seed": 0, "parameters": {}}
    return Evaluation(system, "test", (5,), results, about)


def test_curve_follows_the_known_interactions_as_numbers() -> None:
    them = [of("new", items_16=0.4, items_2=0.25, items_0=0.125, warm=0.9), of("EASE", items_0=0.0, items_16=0.375)]
    curve = learning_curve(them)
    assert list(zip(curve["system"], curve["known"], curve["value"], strict=True)) == [
        ("new", 0, 0.125),
        ("new", 2, 0.25),  # 2 before 16: numbers, not words
        ("new", 16, 0.4),
        ("EASE", 0, 0.0),
        ("EASE", 16, 0.375),
    ]
    # two users with 0 and 0.25: means of two draws lie between them
    assert curve["low"].iloc[0] == 0
    assert curve["high"].iloc[0] == 0.25


def test_curve_of_users_and_of_another_metric() -> None:
    one = of("new", users_1=0.25, users_0=0.125, items_0=0.75)
    curve = learning_curve(one, side="users", metric="recall")
    assert curve["known"].tolist() == [0, 1]
    assert curve["value"].tolist() == [0.125, 0.25]
    assert set(curve["side"]) == {"users"}


def test_curve_refuses_evaluations_without_such_regimes() -> None:
    with pytest.raises(InputError, match=r"there are warm. Split with `tfcold.splits.k_shot_users`"):
        learning_curve(of("new", warm=0.5), side="users")
    with pytest.raises(InputError, match="`side` must be one of items, users; received 'item'"):
        learning_curve(of("new", items_0=0.5), side="item")
