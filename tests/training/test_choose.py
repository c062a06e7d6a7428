import numpy as np
import pytest
import scipy.sparse as sp

from tfcold.baselines import EASE
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import choose
from tfcold.training.choose import DotScorer, best_of


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (0.0, 4.0),  # 0.50 is the highest
        (0.02, 2.0),  # 0.49 is the first that reaches 0.98 * 0.50
        (0.1, 1.0),  # 0.45 reaches 0.90 * 0.50
    ],
)
def test_best_of_takes_the_first_within_the_tolerance(tolerance: float, expected: float) -> None:
    measured = {1.0: 0.45, 2.0: 0.49, 4.0: 0.50, 8.0: 0.2}
    assert best_of("width", measured, measured.__getitem__, tolerance=tolerance) == expected


def test_best_of_a_tie_is_the_first() -> None:
    assert best_of("scale", [3.0, 1.0], lambda _: 0.0) == 3.0


def test_dot_scorer_sums_the_history() -> None:
    history = np.array([[0, 0], [1, 0], [0, 2]], np.float32)
    candidates = np.array([[0, 0], [1, 1], [3, 5]], np.float32)
    queries = Queries(np.array([1, 0], np.int32), sp.csr_matrix(np.array([[0, 1, 1], [0, 0, 0]], np.float32)))
    extra = np.array([[0, 0], [10, 0]], np.float32)
    scorer = DotScorer(history, candidates, extra, np.array([0, 1, 2], np.float32), lambda n: 1 / (1 + n))
    # user 1: [1, 0] + [0, 2] + [10, 0] = [11, 2]: 13 + 1/3 and 33 + 10 + 2/3; nobody: the prior alone
    np.testing.assert_allclose(scorer.scores(queries, np.array([1, 2])), [[13 + 1 / 3, 43 + 2 / 3], [1, 2]], rtol=1e-6)


def test_validation_sample_keeps_whole_users(world: tuple[Split, object]) -> None:
    split = world[0]
    users = split.dataset.user_rows
    sample = choose.validation_sample(split, max_users=10, seed=0)
    for regime in ("warm", "cold_item"):
        kept = sample.validation[regime]
        chosen = np.unique(users[kept])
        assert len(chosen) == 10
        whole = split.validation[regime]
        assert kept.tolist() == whole[np.isin(users[whole], chosen)].tolist()
    assert not any(len(rows) for rows in sample.test.values())
    assert sample.train.tolist() == split.train.tolist()


def test_has_says_what_validation_can_tell(world: tuple[Split, object], toy_split: Split) -> None:
    assert [choose.has(world[0], regime) for regime in ("warm", "cold_item", "all")] == [True, True, True]
    assert [choose.has(toy_split, regime) for regime in ("warm", "cold_item", "all")] == [False, False, False]


def test_ease_is_tuned_on_a_sample_of_items(world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "MAX_SIDE", 40)
    penalty, dropout = choose.ease_choice(world[0], (10.0, 1000.0), (0.0, 0.5), seed=0)
    assert penalty in (10.0, 1000.0)
    assert dropout in (0.0, 0.5)


def test_ease_is_tuned_by_the_rows_of_validation(world: tuple[Split, object]) -> None:
    split = world[0]
    measured = {
        (penalty, dropout): choose.quality(EASE(penalty, dropout=dropout).fit(split), split, "warm")
        for penalty in (1.0, 100.0, 10_000.0)
        for dropout in (0.0, 0.5)
    }
    assert len(set(measured.values())) > 1
    chosen = choose.ease_choice(split, (1.0, 100.0, 10_000.0), (0.0, 0.5), seed=0)
    assert measured[chosen] == max(measured.values())
