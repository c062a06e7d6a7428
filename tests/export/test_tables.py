"""How queries vary over users, by which items are alike."""

import numpy as np
import pytest

from tfcold.export.stored import stored_inverse_norms
from tfcold.export.tables import query_covariance_of, tables_of_model


def correlations(queries, vectors):
    return np.corrcoef(queries @ vectors.T, rowvar=False)


def test_with_many_users_items_are_as_alike_as_their_scores_correlate():
    random = np.random.default_rng(0)
    queries = (random.normal(size=(20_000, 4)) @ random.normal(size=(4, 4)) + 3).astype(np.float32)
    vectors = random.normal(size=(6, 5)).astype(np.float32)  # the last column is the prior
    covariance = query_covariance_of(queries)
    inverse = stored_inverse_norms(vectors, covariance, "float32")
    alike = inverse[:, None] * (vectors[:, :-1] @ covariance @ vectors[:, :-1].T) * inverse[None]

    assert np.trace(covariance) == pytest.approx(4, rel=1e-5)
    np.testing.assert_allclose(alike, correlations(queries, vectors[:, :-1]), atol=0.01)


def test_with_many_users_a_change_of_axes_that_changes_no_score_hardly_changes_likeness():
    random = np.random.default_rng(1)
    queries, vectors = random.normal(size=(5_000, 3)), random.normal(size=(4, 3))
    axes = random.normal(size=(3, 3))
    turned = np.linalg.solve(axes, queries.T).T, vectors @ axes  # the same products
    found = []
    for query, vector in ((queries, vectors), turned):
        shared = vector @ query_covariance_of(query.astype(np.float32)) @ vector.T
        found.append(shared / np.sqrt(np.outer(np.diag(shared), np.diag(shared))))
    np.testing.assert_allclose(*found, atol=0.03)


def test_few_users_say_little():
    random = np.random.default_rng(2)
    few, many = (random.normal(size=(num, 40)).astype(np.float32) for num in (5, 5_000))
    own = np.cov(few, rowvar=False, bias=True)  # of rank 4
    drawn = query_covariance_of(few)
    assert np.linalg.eigvalsh(drawn).min() > 0.1
    assert np.abs(drawn - np.eye(40)).sum() < 0.8 * np.abs(own / np.trace(own) * 40 - np.eye(40)).sum()
    np.testing.assert_allclose(query_covariance_of(many), np.eye(40), atol=0.15)


@pytest.mark.parametrize(
    "queries", [np.zeros((0, 3)), np.ones((1, 3)), np.ones((9, 3))], ids=["nobody", "one", "alike"]
)
def test_users_who_tell_nothing_leave_cosines(queries):
    np.testing.assert_array_equal(query_covariance_of(queries.astype(np.float32)), np.eye(3))


def test_only_users_who_did_something_count(world):
    trained = world.trained
    tables = tables_of_model(trained)
    did = np.diff(tables.done_splits) > 0
    assert not did[0]
    np.testing.assert_array_equal(tables.query_covariance, query_covariance_of(tables.queries[did, :-1]))
