import itertools

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.evaluation import statistics
from tfcold.evaluation.statistics import bootstrap_interval, bootstrap_means, paired_test


def test_bootstrap_means_of_two_users_take_the_three_possible_values() -> None:
    # drawing 2 of the users with values 0 and 1: means 0, 1/2, 1 with chances 1/4, 1/2, 1/4
    means = bootstrap_means([[0.0], [1.0]], resamples=4000, seed=1)[:, 0]
    values, counts = np.unique(means, return_counts=True)
    np.testing.assert_array_equal(values, [0, 0.5, 1])
    np.testing.assert_allclose(counts / 4000, [0.25, 0.5, 0.25], atol=0.03)


def test_bootstrap_columns_share_their_draws() -> None:
    means = bootstrap_means(np.column_stack([np.arange(9), 2 * np.arange(9) + 1]), resamples=50, seed=2)
    np.testing.assert_allclose(means[:, 1], 2 * means[:, 0] + 1)


def test_bootstrap_repeats_with_its_seed_and_changes_with_another() -> None:
    values = np.random.default_rng(0).normal(size=(30, 1))
    first = bootstrap_means(values, resamples=20, seed=5)
    np.testing.assert_array_equal(first, bootstrap_means(values, resamples=20, seed=5))
    assert (first != bootstrap_means(values, resamples=20, seed=6)).any()


def test_bootstrap_in_blocks_is_as_good_and_holds_few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(40, 1))
    low, high = bootstrap_interval(values, resamples=3000)
    monkeypatch.setattr(statistics, "_BLOCK_CELLS", 100)  # 2 resamples at once
    low_in_blocks, high_in_blocks = bootstrap_interval(values, resamples=3000)
    np.testing.assert_allclose([low_in_blocks, high_in_blocks], [low, high], atol=0.03)


def test_interval_of_a_normal_sample_is_near_two_standard_errors() -> None:
    values = np.random.default_rng(7).normal(3, 1, size=(400, 1))
    low, high = bootstrap_interval(values, resamples=4000)
    error = values.std() / np.sqrt(400)
    np.testing.assert_allclose([low[0], high[0]], values.mean() + np.array([-1.96, 1.96]) * error, atol=0.01)


def test_interval_of_equal_users_is_a_point_and_grows_with_confidence() -> None:
    low, high = bootstrap_interval(np.full((5, 1), 0.25))
    assert low[0] == high[0] == 0.25
    values = np.random.default_rng(1).normal(size=(50, 1))
    narrow, wide = (bootstrap_interval(values, confidence=share) for share in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_paired_test_meets_the_exact_share_of_sign_patterns() -> None:
    differences = np.array([0.3, 0.2, 0.4, -0.1, 0.25])
    # all 32 patterns, written out
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product([-1, 1], repeat=5)]
    exact = np.mean([value >= abs(differences.sum()) - 1e-12 for value in sums])
    assert exact == 4 / 32  # 1.05 and its mirror, and 1.25 with its mirror
    np.testing.assert_allclose(paired_test(differences[:, None], resamples=20_000), [exact], atol=0.01)


def test_paired_test_is_two_sided_and_floored() -> None:
    clear = np.full((40, 1), 0.5)
    assert paired_test(clear, resamples=999)[0] == paired_test(-clear, resamples=999)[0] == 1 / 1000
    assert paired_test(np.zeros((4, 1)))[0] == 1


def test_paired_test_holds_its_level_where_nothing_differs() -> None:
    noise = np.random.default_rng(11).normal(size=(60, 400))  # 400 questions whose answer is no
    assert 0.02 < (paired_test(noise, resamples=400) < 0.05).mean() < 0.09


@pytest.mark.parametrize("function", [bootstrap_means, bootstrap_interval, paired_test])
def test_statistics_refuse_no_users_and_no_resamples(function) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"at least one user; received shape \[0, 2\]"):
        function(np.zeros((0, 2)))
    with pytest.raises(InputError, match="`resamples` must be at least 1; received 0"):
        function(np.zeros((3, 1)), resamples=0)


def test_interval_refuses_a_percentage() -> None:
    with pytest.raises(InputError, match="`confidence` must lie between 0 and 1; received 95"):
        bootstrap_interval(np.zeros((3, 1)), confidence=95)
