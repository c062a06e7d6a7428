import numpy as np
import pytest
import scipy.sparse as sp

from tfcold.evaluation.metrics import coverage, gini, hit, hits_of, mrr, ndcg, novelty, recall

# four users: hits at ranks 1 and 3; at rank 2; none; an early hit with more targets than the list is long
HITS = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]], np.bool_)
TARGETS = np.array([2, 1, 3, 5])


def test_hits_of_marks_targets_and_never_the_padding() -> None:
    targets = sp.csr_matrix((np.ones(3, np.float32), np.array([3, 1, 2]), np.array([0, 2, 2, 3])), shape=(3, 4))
    listed = np.array([[1, 2, 3], [1, 2, 3], [2, 0, 0]], np.int32)
    np.testing.assert_array_equal(hits_of(listed, targets), [[1, 0, 1], [0, 0, 0], [1, 0, 0]])


def test_hits_of_counts_a_stored_zero_as_target_and_takes_no_targets_at_all() -> None:
    listed = np.array([[2, 1]], np.int32)
    stored = sp.csr_matrix((np.zeros(1, np.float32), np.array([1]), np.array([0, 1])), shape=(1, 3))
    np.testing.assert_array_equal(hits_of(listed, stored), [[False, True]])
    np.testing.assert_array_equal(hits_of(listed, sp.csr_matrix((1, 3), dtype=np.float32)), [[False, False]])


def test_ndcg_by_hand() -> None:
    # discounts 1, 0.63093, 0.5. User 0: (1 + 0.5) / (1 + 0.63093). User 1: 0.63093 / 1.
    # User 3: (1 + 0.63093) / (1 + 0.63093 + 0.5), five targets cut to three
    np.testing.assert_allclose(ndcg(HITS, TARGETS, 3), [0.919721, 0.630930, 0, 0.765361], atol=1e-6)
    # cut at 1: user 0 has its first hit and one place to fill
    np.testing.assert_allclose(ndcg(HITS, TARGETS, 1), [1, 0, 0, 1])


def test_ndcg_of_a_list_shorter_than_k_is_held_to_the_full_ideal() -> None:
    # three candidates only, k = 10, five targets: 1.63093 / (1 + 0.63093 + 0.5 + 0.430677 + 0.386853)
    np.testing.assert_allclose(ndcg(HITS[3:], TARGETS[3:], 10), [0.553147], atol=1e-6)


def test_recall_divides_by_all_targets() -> None:
    np.testing.assert_allclose(recall(HITS, TARGETS, 3), [1, 1, 0, 2 / 5])
    np.testing.assert_allclose(recall(HITS, TARGETS, 1), [1 / 2, 0, 0, 1 / 5])


def test_hit_and_mrr_by_hand() -> None:
    np.testing.assert_array_equal(hit(HITS, TARGETS, 1), [1, 0, 0, 1])
    np.testing.assert_array_equal(hit(HITS, TARGETS, 3), [1, 1, 0, 1])
    np.testing.assert_array_equal(mrr(HITS, TARGETS, 3), [1, 1 / 2, 0, 1])
    np.testing.assert_array_equal(mrr(HITS, TARGETS, 1), [1, 0, 0, 1])


@pytest.mark.parametrize("metric", [ndcg, recall, hit, mrr])
def test_metrics_of_empty_lists_are_zero(metric) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(metric(np.zeros((2, 0), np.bool_), np.array([1, 4]), 5), [0, 0])


def test_coverage_counts_candidates_listed_at_least_once() -> None:
    assert coverage(np.array([0, 3, 1, 0])) == 0.5
    assert coverage(np.zeros(0, np.int64)) == 0


def test_gini_by_hand() -> None:
    assert gini(np.array([2, 2, 2])) == 0
    # counts 0, 0, 0, 8: weights -3, -1, 1, 3; 24 / (4 * 8)
    assert gini(np.array([0, 8, 0, 0])) == 0.75
    # counts 1, 3: weights -1, 1; 2 / (2 * 4)
    assert gini(np.array([3, 1])) == 0.25
    assert gini(np.zeros(3, np.int64)) == 0


def test_novelty_counts_a_cold_item_like_the_rarest_warm_one() -> None:
    # 8 users; items with 4, 1 and 0 rows: 1, 3 and 3 bits; listed 2, 1 and 1 times: (2 + 3 + 3) / 4
    assert novelty(np.array([2, 1, 1]), np.array([4, 1, 0]), 8) == pytest.approx(2)
    assert np.isnan(novelty(np.zeros(2, np.int64), np.array([1, 1]), 8))
