import numpy as np

from tfcold.baselines import EASE, IALS
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training.factors import Factors, ease_factors, ials_factors, joined


def queries_of(split: Split) -> Queries:
    users = np.flatnonzero(split.warm_users).astype(np.int32)
    return Queries(users, split.train_matrix().tocsr()[users])


def test_ease_factors_of_full_rank_are_ease(world: tuple[Split, object]) -> None:
    split = world[0]
    warm = np.flatnonzero(split.warm_items)
    queries = queries_of(split)
    factors = ease_factors(split, len(warm), penalty=30.0, seed=0)
    expected = EASE(30.0).fit(split).scores(queries, warm)

    np.testing.assert_allclose(queries.histories @ factors.inputs @ factors.outputs[warm].T, expected, atol=1e-3)
    assert np.abs(expected).max() > 0.1


def test_ease_factors_of_more_users_than_items_and_of_less_are_ease(toy_split: Split) -> None:
    queries, warm = queries_of(toy_split), np.flatnonzero(toy_split.warm_items)
    factors = ease_factors(toy_split, 4, penalty=1.0, seed=0)
    # by hand, dense: B = -P / diag(P), P = (X'X + I)^-1
    matrix = queries.histories[:, warm].toarray()
    inverse = np.linalg.inv(matrix.T @ matrix + np.eye(4))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)

    received = queries.histories @ factors.inputs @ factors.outputs[warm].T
    np.testing.assert_allclose(received, matrix @ weights, atol=1e-4)


def test_ease_factors_are_the_best_of_their_rank(world: tuple[Split, object]) -> None:
    split = world[0]
    warm = np.flatnonzero(split.warm_items)
    queries = queries_of(split)
    scores = EASE(30.0).fit(split).scores(queries, warm).astype(np.float64)
    factors = ease_factors(split, 5, penalty=30.0, seed=0)
    left = np.linalg.norm(scores - queries.histories @ factors.inputs @ factors.outputs[warm].T)
    best = np.sqrt((np.linalg.svd(scores, compute_uv=False)[5:] ** 2).sum())  # Eckart-Young

    assert best <= left < 1.01 * best


def test_factors_of_cold_items_and_beyond_the_rank_are_zeros(toy_split: Split) -> None:
    factors = ease_factors(toy_split, 9, penalty=1.0, seed=0)
    assert factors.inputs.shape == factors.outputs.shape == (7, 9)
    for table in (factors.inputs, factors.outputs):
        assert not table[~toy_split.warm_items].any()
        assert not table[:, 4:].any()


def test_ials_factors_are_the_fold_in_without_the_history_term(world: tuple[Split, object]) -> None:
    split = world[0]
    factors = ials_factors(split, 6, penalty=2.0, seed=0)
    teacher = IALS(factors=6, penalty=2.0, iterations=10, seed=0).fit(split)
    v = teacher.item_factors.astype(np.float64)
    done = split.train_matrix().tocsr()[np.flatnonzero(split.warm_users)[:3]]
    # (V'V + penalty I)^-1 (1 + alpha) sum of the history
    expected = np.linalg.solve(v.T @ v + 2.0 * np.eye(6), (1 + teacher.alpha) * (done @ v).T).T

    scores = done @ factors.inputs @ factors.outputs.T  # whichever way the axes are turned
    np.testing.assert_allclose(scores, expected @ v.T, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(factors.outputs @ factors.outputs.T, v @ v.T, rtol=1e-3, atol=1e-4)


def test_spectrum_is_what_the_histories_hold_along_each_output(world: tuple[Split, object]) -> None:
    split = world[0]
    done = split.train_matrix().toarray()
    for factors in (ials_factors(split, 6, penalty=2.0, seed=0), ease_factors(split, 6, penalty=30.0, seed=0)):
        units = factors.outputs / np.linalg.norm(factors.outputs, axis=0)
        np.testing.assert_allclose(units.T @ units, np.eye(6), atol=1e-3)
        np.testing.assert_allclose(factors.spectrum, ((done @ units) ** 2).sum(axis=0), rtol=1e-3)


def test_joined_teachers_add_up_once_they_have_one_spread() -> None:
    """Scores of one click: [[2]] has norm 2, [[3, 0]] norm 3; with one item each becomes 1 x weight."""
    one = Factors(np.array([[2.0]], np.float32), np.array([[1.0]], np.float32), np.ones(1))
    two = Factors(np.array([[3.0, 0.0]], np.float32), np.array([[1.0, 0.0]], np.float32), np.array([3.0, 2.0]))
    both = joined(one, two, 0.5)

    assert both.dim == 3
    assert both.spectrum.tolist() == [1, 3, 2]
    np.testing.assert_allclose(both.inputs @ both.outputs.T, [[1 + 0.5]], rtol=1e-6)
