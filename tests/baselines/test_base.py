"""Laws that every baseline keeps."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tfcold.baselines import (
    EASE,
    IALS,
    Baseline,
    Joined,
    KernelRidge,
    LexicalProfile,
    Popularity,
    Ridge,
    SemanticProfile,
    UserKNN,
)
from tfcold.blocks import Features
from tfcold.errors import InputError
from tfcold.ranking import Queries, Scorer, recommend_rows
from tfcold.splits.split import Split

MAKERS: dict[str, Callable[[], Baseline]] = {
    "popularity": Popularity,
    "lexical": LexicalProfile,
    "semantic": SemanticProfile,
    "ease": EASE,
    "ials": lambda: IALS(factors=8, iterations=3),
    "user_knn": lambda: UserKNN(neighbours=10),
    "ridge_rows": Ridge,
    "ridge_ials": lambda: Ridge(IALS(factors=8, iterations=3)),
    "kernel_ease": lambda: KernelRidge(EASE()),
    "joined": lambda: Joined(EASE(), Ridge(), cold_scale=4.0),
}
READS_VECTORS = {"semantic", "ridge_rows", "ridge_ials", "kernel_ease", "joined"}
SCORES_COLD = READS_VECTORS | {"lexical"}
World = tuple[Split, Features]


@pytest.fixture(scope="module", params=sorted(MAKERS))
def fitted(request: pytest.FixtureRequest, world: World) -> tuple[str, Baseline]:
    return request.param, MAKERS[request.param]().fit(*world)


def queries_of(split: Split, size: int = 12) -> Queries:
    users = np.flatnonzero(split.warm_users)[:size].astype(np.int32)
    return Queries(users, split.history_matrix()[users])


def all_items(split: Split) -> np.ndarray:
    return np.arange(len(split.warm_items), dtype=np.int32)


def test_scores_are_finite_exactly_where_the_method_can_say(fitted: tuple[str, Baseline], world: World) -> None:
    (name, baseline), (split, features) = fitted, world
    scores = baseline.scores(queries_of(split), all_items(split))
    assert isinstance(baseline, Scorer)
    assert scores.shape == (12, len(split.warm_items))
    assert scores.dtype == np.float32
    known = split.warm_items.copy()
    if name in SCORES_COLD:
        vectors = features.items["text"].mask
        known = split.warm_items | vectors if name == "joined" else vectors.copy()
    if name == "lexical":  # reads the table, so every item with words counts
        known = np.arange(len(known)) > 0
    assert (np.isfinite(scores) == known[None]).all()


def test_scores_of_a_part_are_a_part_of_the_scores(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    queries, rows = queries_of(split), all_items(split)
    whole = baseline.scores(queries, rows)
    part = baseline.scores(queries[slice(3, 5)], rows[[9, 4, 30]])
    np.testing.assert_allclose(part, whole[3:5][:, [9, 4, 30]], rtol=2e-4, atol=1e-5)


def test_scores_tell_users_apart(fitted: tuple[str, Baseline], world: World) -> None:
    (name, baseline), (split, _) = fitted, world
    scores = baseline.scores(queries_of(split), np.flatnonzero(split.warm_items))
    finite = scores[:, np.isfinite(scores).all(axis=0)]
    assert (np.ptp(finite, axis=0) > 1e-6).any() == (name != "popularity")


def test_scores_of_a_new_user_come_from_their_history_alone(fitted: tuple[str, Baseline], world: World) -> None:
    (name, baseline), (split, _) = fitted, world
    queries = queries_of(split)
    new = Queries(np.zeros_like(queries.user_rows), queries.histories)
    same = np.array_equal(baseline.scores(queries, all_items(split)), baseline.scores(new, all_items(split)))
    assert same == (name != "user_knn")  # a training user is not their own neighbour, their double is


def test_scores_without_history_are_popularity(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    width = len(split.warm_items)
    nobody = Queries(np.zeros(2, np.int32), sp.csr_matrix((2, width), dtype=np.float32))
    scores = baseline.scores(nobody, all_items(split))
    counts = np.asarray(split.train_matrix().sum(axis=0)).ravel()
    known = baseline.can_score
    assert np.array_equal(scores[:, known], np.tile(counts[known], (2, 1)))


def test_scores_repeat_after_a_second_fit(fitted: tuple[str, Baseline], world: World) -> None:
    (name, baseline), (split, features) = fitted, world
    again = MAKERS[name]().fit(split, features)
    queries = queries_of(split)
    assert np.array_equal(again.scores(queries, all_items(split)), baseline.scores(queries, all_items(split)))


def test_recommend_leaves_out_history_and_excluded_pairs(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    dataset = split.dataset
    users = dataset.user_ids.ids_of(np.flatnonzero(split.warm_users)[:5])
    first = baseline.recommend(users, k=4)
    assert list(first.columns) == ["user_id", "item_id", "rank", "score"]
    assert first["rank"].tolist() == [1, 2, 3, 4] * 5
    assert first["user_id"].tolist() == np.repeat(users, 4).tolist()
    assert (first.groupby("user_id")["score"].diff().dropna() <= 0).all()
    history = split.history_matrix()[dataset.user_ids.rows(first["user_id"]), dataset.item_ids.rows(first["item_id"])]
    assert np.asarray(history).sum() == 0

    top = first[first["rank"] == 1]
    second = baseline.recommend(users, k=3, exclude=top[["user_id", "item_id"]])
    # what was second to fourth moves up one place
    assert second["item_id"].tolist() == first[first["rank"] > 1]["item_id"].tolist()


def test_recommend_takes_an_empty_exclude_and_repeated_users(make_split: Callable[..., Split]) -> None:
    baseline = Popularity().fit(make_split({"1": "x", "2": "x y"}, {"x": "one", "y": "two", "z": "three"}))
    nothing = pd.DataFrame({"user_id": [], "item_id": []})
    assert baseline.recommend([1, "new", 1], exclude=nothing)["item_id"].tolist() == ["y", "x", "y", "y"]
    one = pd.DataFrame({"user_id": [1, 9, 1], "item_id": ["y", "x", "unknown"]})
    assert baseline.recommend([1, "new", 1], exclude=one)["user_id"].tolist() == ["new", "new"]


def test_recommend_keeps_to_the_candidates(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    user = split.dataset.user_ids.ids_of(np.flatnonzero(split.warm_users)[:1])
    history = split.history_matrix()[np.flatnonzero(split.warm_users)[0]].indices
    rows = np.setdiff1d(np.flatnonzero(baseline.can_score), history)[:3]
    wanted = split.dataset.item_ids.ids_of(rows)
    listed = baseline.recommend(user, k=20, candidates=[*wanted, wanted[0]])
    assert sorted(listed["item_id"]) == sorted(wanted)


def test_recommend_gives_an_unknown_user_what_is_popular(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    listed = baseline.recommend(["never seen"], k=3)
    counts = np.where(baseline.can_score, np.asarray(split.train_matrix().sum(axis=0)).ravel(), -1)
    expected = np.argsort(-counts, kind="stable")[:3]
    assert listed["item_id"].tolist() == split.dataset.item_ids.ids_of(expected).tolist()


def test_recommend_serves_a_new_user_from_what_they_did(fitted: tuple[str, Baseline], world: World) -> None:
    (_, baseline), (split, _) = fitted, world
    queries = queries_of(split, 1)
    done = split.dataset.item_ids.ids_of(queries.histories.indices)
    history = pd.DataFrame({"user_id": "new", "item_id": [*done, done[0]]})
    listed = baseline.recommend(["new"], k=5, history=history)
    new = Queries(np.zeros(1, np.int32), queries.histories)
    rows, scores = recommend_rows(baseline, new, np.flatnonzero(baseline.can_score), 5, queries.histories)
    assert listed["item_id"].tolist() == split.dataset.item_ids.ids_of(rows[0]).tolist()
    np.testing.assert_allclose(listed["score"], scores[0], rtol=1e-5)


def test_names_are_distinct() -> None:
    names = [make().name for make in MAKERS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", sorted(READS_VECTORS))
def test_fit_names_the_missing_block(name: str, world: World) -> None:
    with pytest.raises(InputError, match=r"block 'text' .*it has \[\]"):
        MAKERS[name]().fit(world[0])


@pytest.mark.parametrize("name", sorted(SCORES_COLD))
def test_words_find_cold_items_better_than_chance(name: str, world: World) -> None:
    split, features = world
    baseline = MAKERS[name]().fit(split, features)
    rows = split.dataset.item_rows[split.test["cold_item"]]
    users = split.dataset.user_rows[split.test["cold_item"]]
    cold = np.unique(rows)
    cold = cold[baseline.can_score[cold]]
    kept = np.isin(rows, cold)
    rows, users = rows[kept], users[kept]
    scores = baseline.scores(Queries(users.astype(np.int32), split.history_matrix()[users]), cold)
    own = scores[np.arange(len(rows)), np.searchsorted(cold, rows)]
    # share of cold items that a target beats: half by chance
    beaten = (scores < own[:, None]).mean() + ((scores == own[:, None]).mean() - 1 / len(cold)) / 2
    assert beaten > 0.6


def test_unfitted_baseline_says_so(world: World) -> None:
    with pytest.raises(InputError, match="'popularity' is not fitted"):
        Popularity().scores(queries_of(world[0]), all_items(world[0]))
    with pytest.raises(InputError, match="'popularity' is not fitted"):
        Popularity().recommend(["ann"])


def test_bad_arguments_name_what_came(make_split: Callable[..., Split]) -> None:
    baseline = Popularity().fit(make_split({"ann": "x"}, {"x": "one", "y": "two"}))
    with pytest.raises(InputError, match="`k` must be at least 1; received 0"):
        baseline.recommend(["ann"], k=0)
    with pytest.raises(InputError, match="holds 1 of 2 ids that no item has: 'z'"):
        baseline.recommend(["ann"], candidates=["x", "z"])
    with pytest.raises(InputError, match=r"`exclude` must have columns user_id, item_id; received \['user_id'\]"):
        baseline.recommend(["ann"], exclude=pd.DataFrame({"user_id": ["ann"]}))
    with pytest.raises(InputError, match=r"must have shape \[1, 3\]; received \[1, 7\]"):
        baseline.scores(Queries(np.zeros(1, np.int32), sp.csr_matrix((1, 7))), np.array([1]))
