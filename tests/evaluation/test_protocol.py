import numpy as np
import pytest

from tfcold import ranking
from tfcold.errors import InputError
from tfcold.evaluation import evaluate, lists_of
from tfcold.evaluation.candidates import candidates_of, regimes_of

# discounts of ranks 1 to 4: 1, 0.630930, 0.5, 0.430677


def per_user(evaluation, regime, name):  # type: ignore[no-untyped-def]
    result = evaluation.regime(regime)
    return dict(zip(result.user_ids, result.metrics[name].round(5).tolist(), strict=True))


def test_warm_ranks_warm_items_without_what_was_seen(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=(1, 2))
    # candidates a b c d. u1 saw a b: list d c, target c at rank 2. u2 saw a c: list d b, both targets
    assert per_user(found, "warm", "ndcg@2") == {"u1": 0.63093, "u2": 1}
    assert per_user(found, "warm", "ndcg@1") == {"u1": 0, "u2": 1}
    assert per_user(found, "warm", "recall@1") == {"u1": 0, "u2": 0.5}
    assert per_user(found, "warm", "recall@2") == {"u1": 1, "u2": 1}
    assert per_user(found, "warm", "hit@1") == {"u1": 0, "u2": 1}
    assert per_user(found, "warm", "mrr@2") == {"u1": 0.5, "u2": 1}
    assert found.mean("warm", "ndcg@2") == pytest.approx((0.63093 + 1) / 2, abs=1e-5)
    assert found.regime("warm").num_targets.tolist() == [1, 2]


def test_cold_item_ranks_the_cold_items_of_the_part(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=2)
    # candidates x y, list x y for both: x is u1's target, y at rank 2 is u3's
    assert per_user(found, "cold_item", "ndcg@2") == {"u1": 1, "u3": 0.63093}
    assert found.regime("cold_item").num_candidates == 2


def test_all_ranks_warm_and_cold_together_and_hides_validation_rows(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=4)
    # u1: list x d c y, targets x c: (1 + 0.5) / 1.63093. u2: list x d b y, targets d b: (0.63093 + 0.5) / 1.63093.
    # u3 saw d in training and a in validation: list x c b y, target y at rank 4. With a in the list it would be fifth
    assert per_user(found, "all", "ndcg@4") == {"u1": 0.91972, "u2": 0.69343, "u3": 0.43068}


def test_all_counts_the_cold_share_of_lists_and_targets(scorer, split) -> None:  # type: ignore[no-untyped-def]
    lists = evaluate(scorer, split, k=(1, 4), regimes=["all"]).regime("all").lists
    assert lists["cold_share@1"] == 1  # x stands first in all three lists
    assert lists["cold_share@4"] == 0.5  # x and y are 6 of the 12 entries
    assert lists["cold_target_share@1"] == lists["cold_target_share@4"] == 2 / 5  # x and y among c b d x y


def test_lists_have_coverage_gini_and_novelty(scorer, split) -> None:  # type: ignore[no-untyped-def]
    lists = evaluate(scorer, split, k=1, regimes=["warm"]).regime("warm").lists
    assert lists["coverage@1"] == 1 / 4  # both lists are d
    assert lists["gini@1"] == 3 / 4  # counts 0 0 0 2: weight 3 times 2, over 4 times 2
    assert lists["novelty@1"] == pytest.approx(np.log2(3))  # d has 1 row among 3 users
    assert "cold_share@1" not in lists


def test_cold_user_is_asked_about_as_row_zero_with_the_revealed_rows(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=4, regimes=["cold_user"])
    # n1 was seen with b: list a d c, target c at rank 3
    assert per_user(found, "cold_user", "ndcg@4") == {"n1": 0.5}
    (queries,) = scorer.queries
    assert queries.user_rows.tolist() == [0]
    history = split.dataset.item_ids.ids_of(queries.histories.indices)
    assert list(history) == ["b"]


def test_warm_users_are_asked_about_with_their_training_rows_alone(scorer, split) -> None:  # type: ignore[no-untyped-def]
    evaluate(scorer, split, regimes=["cold_item"])  # u1 and u3; u3's validation row a is no history
    (queries,) = scorer.queries
    assert list(split.dataset.user_ids.ids_of(queries.user_rows)) == ["u1", "u3"]
    histories = [list(split.dataset.item_ids.ids_of(row.indices)) for row in queries.histories]
    assert [sorted(history) for history in histories] == [["a", "b"], ["d"]]


def test_cold_both_ranks_all_cold_items_for_new_users(backwards, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(backwards, split, k=2)
    # candidates x (cold_both) and y (cold_item): list y x, target x at rank 2
    assert per_user(found, "cold_both", "ndcg@2") == {"n1": 0.63093}
    assert backwards.queries[-1].user_rows.tolist() == [0]


def test_validation_does_not_hide_its_own_rows(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, part="validation", k=1)
    assert list(found.regimes) == ["warm"]
    assert per_user(found, "warm", "ndcg@1") == {"u3": 1}  # list a; in the test a would be hidden


def test_lists_shorter_than_k_are_held_to_the_full_ideal(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=20, regimes=["warm"])
    assert per_user(found, "warm", "ndcg@20") == {"u1": 0.63093, "u2": 1}


def test_a_scorer_that_cannot_say_scores_zero(split) -> None:  # type: ignore[no-untyped-def]
    class Silent:
        name = "silent"

        def scores(self, queries: ranking.Queries, item_rows: ranking.Rows) -> ranking.Scores:
            return np.full((len(queries), len(item_rows)), -np.inf, np.float32)

    result = evaluate(Silent(), split, k=3, regimes=["all"]).regime("all")
    assert all(not values.any() for values in result.metrics.values())
    assert result.lists["coverage@3"] == result.lists["cold_share@3"] == 0
    assert np.isnan(result.lists["novelty@3"])


def test_evaluate_in_blocks_equals_in_one(scorer, split, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    whole = evaluate(scorer, split, k=(1, 3))
    calls = len(scorer.queries)
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 1)
    parts = evaluate(scorer, split, k=(1, 3))
    assert len(scorer.queries) - calls == 2 + 2 + 3 + 1 + 1  # one query at a time
    for regime, result in whole.regimes.items():
        for name, values in result.metrics.items():
            np.testing.assert_array_equal(values, parts.regime(regime).metrics[name])
        assert result.lists == parts.regime(regime).lists


def test_regimes_come_in_the_order_of_a_report(split) -> None:  # type: ignore[no-untyped-def]
    assert regimes_of(split, "test") == ("warm", "cold_item", "all", "cold_user", "cold_both")
    assert regimes_of(split, "validation") == ("warm",)


def test_candidates_by_regime(split) -> None:  # type: ignore[no-untyped-def]
    listed = {
        regime: "".join(split.dataset.item_ids.ids_of(candidates_of(split, "test", regime)))
        for regime in regimes_of(split, "test")
    }
    assert listed == {"warm": "abcd", "cold_item": "xy", "all": "abcdxy", "cold_user": "abcd", "cold_both": "xy"}


def test_evaluation_says_what_it_was_judged_on(scorer, split) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(scorer, split, k=[5, 1, 5])
    assert (found.system, found.part, found.ks) == ("by order", "test", (1, 5))
    assert found.split["fingerprint"] == split.fingerprint
    assert found.split["protocol"] == "by hand"


@pytest.mark.parametrize("k", [0, -3, (), (5, 0), 2.5, "20"])
def test_evaluate_refuses_cut_offs_that_are_none(scorer, split, k) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="`k` must be one whole number of at least 1, or several; received"):
        evaluate(scorer, split, k=k)


def test_evaluate_refuses_unknown_parts_and_regimes(scorer, split) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="`part` must be one of test, validation; received 'train'"):
        evaluate(scorer, split, part="train")
    with pytest.raises(InputError, match=r"'cold_item' has none. There are warm$"):
        evaluate(scorer, split, part="validation", regimes=["cold_item"])


def test_lists_are_those_that_are_judged(scorer, split) -> None:  # type: ignore[no-untyped-def]
    lists = lists_of(scorer, split, "all", k=4)
    by_user = {user: "".join(group["item_id"]) for user, group in lists.groupby("user_id", sort=False)}
    assert by_user == {"u1": "xdcy", "u2": "xdby", "u3": "xcby"}  # as in the test of `all` above
    assert lists["rank"].tolist() == [1, 2, 3, 4] * 3
    assert (lists.groupby("user_id")["score"].diff().dropna() <= 0).all()


def test_lists_of_new_users_are_there_where_they_are_asked_for(scorer, split) -> None:  # type: ignore[no-untyped-def]
    def whom(regime: str, **options: bool) -> dict[str, str]:
        lists = lists_of(scorer, split, regime, k=2, **options)
        return {user: "".join(group["item_id"]) for user, group in lists.groupby("user_id", sort=False)}

    assert whom("cold_item") == {"u1": "xy", "u3": "xy"}
    assert whom("cold_item", new_users=True) == {"u1": "xy", "u3": "xy", "n1": "xy"}
    assert whom("warm", new_users=True)["n1"] == "ad"  # what was revealed, b, is seen
    assert whom("all", new_users=True)["n1"] == "ax"
    assert whom("cold_user", new_users=True) == {"n1": "ad"}
    assert scorer.queries[-1].user_rows.tolist() == [0]


def test_lists_are_of_one_regime_that_is_there(scorer, split) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="users_7"):
        lists_of(scorer, split, "users_7")
    with pytest.raises(InputError, match="`k` must be"):
        lists_of(scorer, split, "all", k=0)
