import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tfcold.blocks import Features, VectorBlock
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import Settings, build_model, trained_model
from tfcold.training.trained import TrainedModel


@pytest.fixture(scope="module")
def trained(toy_split: Split) -> TrainedModel:
    """Items u, v, w, x are warm, e is cold with words, f is cold without."""
    vectors = np.zeros((7, 2), np.float32)
    vectors[[1, 2, 5]] = [[1, 0], [0, 1], [1, 1]]
    block = VectorBlock("text", vectors, vectors.any(1))
    model = build_model(toy_split, Features(items={"text": block}), Settings(dim=4, seed=1))
    model.prior.set_weights_of(0.3, 0.5)
    return trained_model(model, toy_split, Settings(dim=4))


def queries_of(split: Split) -> Queries:
    users = np.array([1, 2, 0], np.int32)
    return Queries(users, sp.csr_matrix(split.history_matrix()[users]))


def test_scores_are_the_call_of_the_model(trained: TrainedModel, toy_split: Split) -> None:
    queries = queries_of(toy_split)
    scores = trained.scores(queries, np.arange(1, 6))
    history = np.zeros((3, 3), np.int32)
    for row in range(3):
        done = queries.histories[row].indices
        history[row, : len(done)] = done
    for item in range(1, 6):
        batch = {"user_row": queries.user_rows, "history": history, "item_row": np.full(3, item, np.int32)}
        np.testing.assert_allclose(scores[:, item - 1], trained.model(batch), rtol=1e-4, atol=1e-5)


def test_unknown_items_have_no_score(trained: TrainedModel, toy_split: Split) -> None:
    scores = trained.scores(queries_of(toy_split), np.arange(7))
    assert np.isneginf(scores[:, [0, 6]]).all()
    assert np.isfinite(scores[:, 1:6]).all()
    assert not trained.candidate_table[6].any()
    assert not trained.history_table[6].any()


def test_refresh_forgets_tables_of_weights_that_changed(trained: TrainedModel) -> None:
    before = trained.candidate_table
    weight = trained.model.candidate_tower.embedding.embeddings
    weight.assign_add(tf_ones_like(weight))
    try:
        assert np.array_equal(trained.candidate_table, before)
        trained.refresh()
        assert np.abs(trained.candidate_table[1] - before[1]).max() > 0.5
        np.testing.assert_array_equal(trained.candidate_table[5], before[5])  # cold
    finally:
        weight.assign_sub(tf_ones_like(weight))
        trained.refresh()


def tf_ones_like(weight: object) -> np.ndarray:
    return np.ones(weight.shape, np.float32)


def test_recommend_leaves_out_what_was_done(trained: TrainedModel) -> None:
    listed = trained.recommend(["a", "nobody"], k=10)
    assert listed.columns.tolist() == ["user_id", "item_id", "rank", "score"]
    # a did u, v, w in training: x and the cold e are left; f has no words
    assert sorted(listed.loc[listed["user_id"] == "a", "item_id"]) == ["e", "x"]
    assert sorted(listed.loc[listed["user_id"] == "nobody", "item_id"]) == ["e", "u", "v", "w", "x"]


def test_somebody_of_whom_nothing_is_known_gets_what_is_popular(trained: TrainedModel) -> None:
    listed = trained.recommend(pd.Series(["nobody"]), k=1)
    assert listed["item_id"].tolist() == ["u"]  # three training rows, the others have two
