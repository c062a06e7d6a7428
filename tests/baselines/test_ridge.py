"""Ridge and kernel ridge against the regression written out column by column."""

from collections.abc import Callable

import numpy as np
import pytest

from tfcold.baselines import EASE, IALS, KernelRidge, Ridge
from tfcold.baselines.vectors import centred_unit
from tfcold.blocks import Features, VectorBlock
from tfcold.errors import InputError
from tfcold.ranking import Queries
from tfcold.splits.split import Split

World = tuple[Split, Features]


def pieces(world: World) -> tuple[Queries, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Queries of all warm users, taught rows and their vectors, cold rows and theirs."""
    split, features = world
    block = features.items["text"]
    vectors = centred_unit(block, split.warm_items).astype(np.float64)
    users = np.flatnonzero(split.warm_users).astype(np.int32)
    taught = np.flatnonzero(split.warm_items & block.mask)
    cold = np.flatnonzero(~split.warm_items & block.mask)
    return Queries(users, split.history_matrix()[users]), taught, vectors[taught], cold, vectors[cold]


def test_ridge_on_rows_by_hand(make_split: Callable[..., Split], make_block: Callable[..., VectorBlock]) -> None:
    # x -> 1, y -> -1 after centring, new -> 1. Weights of x and y for new: V (V'V + 1)^-1 v = [1, -1] / 3
    split = make_split({"ann": "x", "bob": "x y"}, {"x": "one", "y": "two", "new": "three"})
    features = Features({"text": make_block("text", [[3], [1], [7]])})
    users = np.array([1, 2], np.int32)
    scores = (
        Ridge(penalty=1.0).fit(split, features).scores(Queries(users, split.history_matrix()[users]), np.array([3]))
    )
    np.testing.assert_allclose(scores, [[1 / 3], [0]], rtol=1e-6, atol=1e-7)


def test_kernel_ridge_on_rows_by_hand(make_split: Callable[..., Split], make_block: Callable[..., VectorBlock]) -> None:
    split = make_split({"ann": "x", "bob": "y"}, {"x": "one", "y": "two", "new": "three"})
    features = Features({"text": make_block("text", [[3], [1], [7]])})
    users = np.array([1, 2], np.int32)
    scores = (
        KernelRidge(gamma=0.25, penalty=1.0)
        .fit(split, features)
        .scores(Queries(users, split.history_matrix()[users]), np.array([3]))
    )
    # |x - y|^2 = 4, so K + I = [[2, 1/e], [1/e, 2]] and k(new) = [1, 1/e]; its inverse is [[2, -1/e], [-1/e, 2]] / det
    near = np.exp(-1)
    determinant = 4 - near**2
    np.testing.assert_allclose(scores[:, 0], [(2 - near**2) / determinant, near / determinant], rtol=1e-5)


def test_ridge_on_ease_is_the_ridge_on_its_columns(world: World) -> None:
    split, features = world
    queries, taught, vectors, cold, cold_vectors = pieces(world)
    rows = split.train_matrix().toarray().astype(np.float64)[:, split.warm_items]
    inverse = np.linalg.inv(rows.T @ rows + 20 * np.eye(rows.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    columns = weights[:, np.isin(np.flatnonzero(split.warm_items), taught)].T  # one row an item: its target
    mapping = np.linalg.solve(vectors.T @ vectors + 2 * np.eye(vectors.shape[1]), vectors.T @ columns)
    expected = queries.histories[:, split.warm_items] @ (cold_vectors @ mapping).T
    found = Ridge(EASE(20.0), penalty=2.0).fit(split, features).scores(queries, cold)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-5)


def test_ridge_on_ials_is_the_ridge_on_its_factors(world: World) -> None:
    split, features = world
    queries, taught, vectors, cold, cold_vectors = pieces(world)
    teacher = IALS(factors=8, iterations=3).fit(split)
    mapping = np.linalg.solve(
        vectors.T @ vectors + np.eye(vectors.shape[1]), vectors.T @ teacher.item_factors[taught].astype(np.float64)
    )
    expected = teacher.user_factors(queries) @ (cold_vectors @ mapping).T
    found = Ridge(teacher).fit(split, features).scores(queries, cold)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-5)


def test_kernel_ridge_solves_the_same_from_either_side(world: World) -> None:
    split, features = world
    queries, taught, vectors, cold, cold_vectors = pieces(world)
    baseline = KernelRidge(EASE()).fit(split, features)

    def kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.exp(-2.0 * ((left[:, None] - right[None]) ** 2).sum(axis=-1))

    solved = np.linalg.solve(kernel(vectors, vectors) + 3 * np.eye(len(vectors)), kernel(vectors, cold_vectors))
    expected = baseline.teacher.scores(queries, taught) @ solved  # type: ignore[union-attr]
    assert len(cold) < len(queries)  # the side of the candidates
    np.testing.assert_allclose(baseline.scores(queries, cold), expected, rtol=2e-3, atol=2e-5)
    few = queries[slice(0, 2)]  # the side of the queries
    np.testing.assert_allclose(baseline.scores(few, cold), expected[:2], rtol=2e-3, atol=2e-5)


def test_a_fitted_teacher_is_not_fitted_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    split, features = world
    teacher = EASE().fit(split)
    monkeypatch.setattr(EASE, "_fit", lambda *_: pytest.fail("fitted twice"))
    Ridge(teacher).fit(split, features)


def test_kernel_ridge_refuses_more_items_than_it_can_hold(world: World) -> None:
    with pytest.raises(InputError, match=r"`max_items` = 5; there are \d+.*or use `Ridge`"):
        KernelRidge(max_items=5).fit(*world)


def test_settings_must_be_positive() -> None:
    with pytest.raises(InputError, match="`penalty` must be positive; received -1"):
        Ridge(penalty=-1)
    with pytest.raises(InputError, match="`gamma` must be positive; received 0"):
        KernelRidge(gamma=0)
