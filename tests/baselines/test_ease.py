"""EASE by hand, and its two routes against the textbook formula."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tfcold.baselines import EASE
from tfcold.data import Dataset
from tfcold.errors import InputError
from tfcold.ranking import Queries
from tfcold.splits.split import Split


def test_weights_by_hand(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "x"}, {"x": "one", "y": "two", "new": "three"})
    users = np.array([1, 2], np.int32)
    scores = EASE(penalty=1.0).fit(split).scores(Queries(users, split.history_matrix()[users]), np.array([1, 2, 3]))
    # X'X + I = [[3, 1], [1, 2]], P = 1/5 [[2, -1], [-1, 3]], B_xy = -P_xy / P_yy = 1/3, B_yx = 1/2, diagonal 0
    np.testing.assert_allclose(scores, [[1 / 2, 1 / 3, -np.inf], [0, 1 / 3, -np.inf]], rtol=1e-6)


def textbook(rows: np.ndarray, penalty: float, dropout: float) -> np.ndarray:
    gram = rows.T @ rows
    inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)) + dropout / (1 - dropout) * np.diag(np.diag(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return rows @ weights


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize(("num_users", "num_items"), [(9, 30), (30, 9)], ids=["users x users", "items x items"])
def test_both_routes_agree_with_the_textbook(
    make_split: Callable[..., Split], num_users: int, num_items: int, dropout: float
) -> None:
    generator = np.random.default_rng(0)
    done = generator.random((num_users, num_items)) < 0.4
    done[0] = done[:, 0] = True  # every item is warm, every user has a history
    histories = {f"u{user}": " ".join(f"i{item}" for item in np.flatnonzero(row)) for user, row in enumerate(done)}
    split = make_split(histories, {f"i{item}": "words" for item in range(num_items)})
    baseline = EASE(penalty=3.0, dropout=dropout).fit(split)
    assert (baseline._train is not None) == (num_users < num_items)
    users = split.dataset.user_ids.rows([f"u{user}" for user in range(num_users)])
    scores = baseline.scores(Queries(users, split.history_matrix()[users]), np.arange(1, num_items + 1))
    expected = textbook(done.astype(float), 3.0, dropout)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    shown = done.astype(np.float32)
    np.testing.assert_allclose(baseline.rmatmul(shown.T).T, expected, rtol=1e-4, atol=1e-5)
    weights = baseline.matmul(np.eye(num_items, dtype=np.float32))
    np.testing.assert_allclose(shown @ weights, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("num_users", "num_items"), [(9, 30), (30, 9)], ids=["users x users", "items x items"])
def test_both_routes_learn_from_rows_that_count_by_their_weight(num_users: int, num_items: int) -> None:
    generator = np.random.default_rng(1)
    done = generator.random((num_users, num_items)) < 0.4
    done[0] = done[:, 0] = True
    users, items = np.nonzero(done)
    rows = pd.DataFrame({"user_id": users, "item_id": items, "weight": generator.integers(1, 9, len(users))})
    words = pd.DataFrame({"item_id": range(num_items), "title": "words"})
    split = Split(Dataset.from_tables(rows, words), np.arange(len(rows))).weighed(0.8)
    taught = split.train_matrix().toarray()[1:, 1:]
    assert taught.min(where=done, initial=9) < 0.5 < 1.5 < taught.max()
    baseline = EASE(penalty=3.0, dropout=0.4).fit(split)
    np.testing.assert_allclose(baseline.rmatmul(taught.T).T, textbook(taught, 3.0, 0.4), rtol=1e-3, atol=1e-5)


def test_inverse_is_symmetric_past_one_block() -> None:
    import scipy.sparse as sp

    from tfcold.baselines.ease import _inverse

    rows = sp.random(40, 1100, density=0.05, random_state=0, format="csr")
    gram = rows.T @ rows
    inverse = _inverse(gram, 2.0)
    assert np.array_equal(inverse, inverse.T)
    np.testing.assert_allclose(inverse @ (gram.toarray() + 2 * np.eye(1100)), np.eye(1100), atol=1e-9)


def test_fit_refuses_more_than_it_can_invert(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x y", "bob": "x", "cat": "y z"}, {"x": "one", "y": "two", "z": "three"})
    with pytest.raises(InputError, match=r"`max_side` = 2 .* 3 users and 3 items.*or use `IALS`"):
        EASE(max_side=2).fit(split)


def test_penalty_must_be_positive() -> None:
    with pytest.raises(InputError, match="`penalty` must be positive; received 0"):
        EASE(0)


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_dropout_must_leave_something(dropout: float) -> None:
    with pytest.raises(InputError, match=r"`dropout` must lie in \[0, 1\); received"):
        EASE(dropout=dropout)
