from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.export.module import ServingModule
from tfcold.export.parts import Parts
from tfcold.export.search import LOWEST
from tfcold.export.tables import tables_of_model
from tfcold.ranking import Queries


def ids_of(answer):
    return [[name.decode() for name in line] for line in answer["item_id"].numpy()]


def best(world, scores, k):
    """Names and scores of the best k of one row of scores."""
    order = np.argsort(-scores, kind="stable")[:k]
    return world.trained.item_ids.ids[order].tolist(), scores[order]


def ask(loaded, signature, **inputs):
    return loaded.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})


def no_ids(*shape):
    return tf.zeros(shape, tf.string)


def test_signatures_are_the_contract(loaded):
    inputs = {
        name: {spec.name: spec.dtype.name for spec in function.structured_input_signature[1].values()}
        for name, function in loaded.signatures.items()
    }

    assert inputs == {
        "serving_default": {"user_id": "string"},
        "recommend": {"user_id": "string", "k": "int32", "exclude": "string"},
        "recommend_from_history": {"item_id": "string", "k": "int32"},
        "recommend_from_vector": {"vector": "float32", "k": "int32"},
        "score": {"user_id": "string", "item_id": "string"},
        "similar_items": {"item_id": "string", "k": "int32"},
        "recommend_among": {"user_id": "string", "include": "string", "k": "int32", "exclude": "string"},
        "audience": {"item_id": "string", "k": "int32"},
    }


def test_serving_default_lists_twenty_without_what_was_done(world, loaded):
    answer = ask(loaded, "serving_default", user_id=["u3", "u0"])
    expected = world.expected(["u3", "u0"])

    assert answer["score"].shape == (2, 20)
    for row in range(2):
        names, scores = best(world, expected[row], 20)
        assert ids_of(answer)[row] == names
        np.testing.assert_allclose(answer["score"][row], scores, atol=1e-5)


def test_excluded_items_make_room(world, loaded):
    first = ids_of(ask(loaded, "recommend", user_id=["u3"], k=3, exclude=no_ids(1, 0)))[0]
    second = ids_of(ask(loaded, "recommend", user_id=["u3"], k=3, exclude=[[first[1], "", "no such item"]]))[0]

    assert second[:2] == [first[0], first[2]]
    assert len(set(second)) == 3


def test_unknown_user_and_empty_history_get_one_list(loaded):
    unknown = ask(loaded, "recommend", user_id=["nobody", ""], k=5, exclude=no_ids(2, 0))
    blank = ask(loaded, "recommend_from_history", item_id=[["", ""], ["no such item", ""]], k=5)
    none = ask(loaded, "recommend_from_history", item_id=no_ids(1, 0), k=5)

    assert ids_of(unknown) == ids_of(blank) == ids_of(none) * 2


def test_nobody_known_ranks_by_popularity_when_only_the_prior_speaks(toys):
    world = toys.make_world()
    for weight in world.trained.model.user_tower.fusion.weights:
        weight.assign(tf.zeros_like(weight))
    tables, parts = tables_of_model(world.trained), Parts.of_model(world.trained.model)
    module = ServingModule(tables, parts)
    rows, _ = module.search(module.queries[:1], [], tf.constant([0, 0], tf.int64), 5)

    counts = np.asarray(world.trained.histories.sum(axis=0)).ravel()
    # cold items count as the average one: five warm items above it are listed, most popular first
    assert counts[rows.numpy()[0]].tolist() == np.sort(counts)[::-1][:5].tolist()


def test_history_gives_what_the_model_gives_a_new_user(world, loaded):
    done = ["i2", toy_cold(world), "i5"]
    answer = ask(loaded, "recommend_from_history", item_id=[[*done, "i2", "no such item", ""]], k=4)
    history = world.trained.histories[:1].tolil()
    history[0, world.trained.item_ids.rows(done)] = 1
    names, scores = best(world, world.expected(["nobody"], history.tocsr())[0], 4)

    assert ids_of(answer)[0] == names
    np.testing.assert_allclose(answer["score"][0], scores, atol=1e-5)


def toy_cold(world):
    return world.vectors["text"].ids[-1]


def test_vector_is_a_history_of_one_cold_item_known_by_its_first_block(world, loaded):
    model = world.trained.model
    vector = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32)
    vector[1] = 0  # says nothing
    answer = ask(loaded, "recommend_from_vector", vector=vector, k=4)

    yes, no = tf.constant([True]), tf.constant([False])
    _, history = model.from_vectors(
        {"text": vector[:1], "lexical": tf.zeros([1, world.lexical.dim])}, {"text": yes, "lexical": no}
    )
    # as long as the median click on a warm item, and worth ten of them to the prior
    clicks = np.linalg.norm(world.trained.history_table[world.trained.can_score & world.trained.warm_items], axis=1)
    click = np.median(clicks) * history / np.linalg.norm(history) * 10**model.pooling_alpha
    query = world.not_compared(click, 10.0)
    scores = (query @ world.trained.candidate_table.T)[0]
    scores[~world.trained.can_score] = -np.inf
    names, values = best(world, scores[1:], 4)
    assert ids_of(answer)[0] == names
    np.testing.assert_allclose(answer["score"][0], values, atol=1e-5)
    assert ids_of(answer)[1] == ids_of(ask(loaded, "recommend_from_history", item_id=[[""]], k=4))[0]


def test_k_above_the_catalogue_pads(world, loaded, toys):
    answer = ask(loaded, "recommend", user_id=["nobody"], k=1000, exclude=no_ids(1, 0))

    assert answer["score"].shape == (1, 30)  # the catalogue; one item is unknown
    assert ids_of(answer)[0][-1] == ""
    assert answer["score"].numpy()[0, -1] == LOWEST
    assert toys.UNKNOWN not in ids_of(answer)[0]
    assert sorted(ids_of(answer)[0][:-1]) == sorted(set(world.trained.item_ids.ids) - {toys.UNKNOWN})


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        ("serving_default", {"user_id": no_ids(0)}),
        ("recommend", {"user_id": no_ids(0), "k": 3, "exclude": no_ids(0, 0)}),
        ("recommend_from_history", {"item_id": no_ids(0, 4), "k": 3}),
        ("recommend_from_vector", {"vector": tf.zeros([0, 5]), "k": 3}),
        ("similar_items", {"item_id": no_ids(0), "k": 3}),
    ],
)
def test_nobody_asks(loaded, signature, inputs):
    answer = ask(loaded, signature, **inputs)

    assert answer["item_id"].shape == answer["score"].shape == (0, inputs.get("k", 20))


@pytest.mark.parametrize("k", [0, -2])
def test_k_below_one_is_named(loaded, k):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"`k` must be at least 1; received.*\n?.*{k}"):
        ask(loaded, "recommend", user_id=["u0"], k=k, exclude=no_ids(1, 0))


def test_vector_with_nan_is_named(loaded):
    with pytest.raises(tf.errors.InvalidArgumentError, match="`vector` must be finite"):
        ask(loaded, "recommend_from_vector", vector=[[0.0, 1.0, np.nan, 0.0, 0.0]], k=3)


def test_score_of_pairs(world, loaded, toys):
    answer = ask(loaded, "score", user_id=["u1", "u1", "nobody"], item_id=["i4", toys.UNKNOWN, toys.COLD])
    rows = world.trained.item_ids.rows(["i4", toys.COLD])
    queries = Queries(world.trained.user_ids.rows(["u1", "nobody"]), world.trained.histories[[2, 0]])
    expected = world.trained.scores(queries, rows)

    assert world.trained.user_ids.rows(["u1"])[0] == 2
    np.testing.assert_allclose(answer["score"], [expected[0, 0], LOWEST, expected[1, 1]], rtol=1e-5)


def test_similar_items_are_those_that_the_same_users_score_high(world, loaded, toys):
    answer = ask(loaded, "similar_items", item_id=["i4", toys.UNKNOWN, "no such item"], k=3)
    tables = tables_of_model(world.trained)
    vectors, covariance = tables.candidates[1:, :-1].astype(np.float64), tables.query_covariance
    spread = np.sqrt(np.einsum("nd,de,ne->n", vectors, covariance, vectors))
    row = world.trained.item_ids.rows(["i4"])[0] - 1
    alike = vectors @ covariance @ vectors[row] / np.maximum(spread * spread[row], 1e-9)
    alike[~world.trained.can_score[1:]] = -np.inf
    alike[row] = -np.inf
    names, values = best(world, alike, 3)

    assert ids_of(answer) == [names, [""] * 3, [""] * 3]
    np.testing.assert_allclose(answer["score"][0], values, atol=1e-5)


def test_blocks_give_what_one_pass_gives(world, monkeypatch):
    tables, parts = tables_of_model(world.trained), Parts.of_model(world.trained.model)
    splits = tables.done_splits
    whole = ServingModule(tables, parts).search(tables.queries, tables.done_rows, splits, 7)
    monkeypatch.setattr("tfcold.export.search.BLOCK_CELLS", 64 * 4)
    monkeypatch.setattr("tfcold.export.search.BLOCK_QUERIES", 4)
    blocked = ServingModule(tables, parts).search(tables.queries, tables.done_rows, splits, 7)

    np.testing.assert_array_equal(whole[0], blocked[0])
    np.testing.assert_allclose(whole[1], blocked[1], atol=1e-6)


def test_no_training_table_is_tracked(world):
    module = ServingModule(tables_of_model(world.trained), Parts.of_model(world.trained.model))
    tracked = {id(variable) for variable in module.variables}
    model = world.trained.model

    assert not tracked & {id(weight) for weight in model.weights}
    shapes = [tuple(variable.numpy().shape) for variable in module.variables]
    # [I + 1, D] once: the history table, and not the two embedding tables of items; [U + 1, D]: none
    assert shapes.count((31, 6)) == 1
    assert shapes.count((25, 6)) == 0
