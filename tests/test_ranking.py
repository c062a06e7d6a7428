import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfcold import ranking
from tfcold.ranking import Queries, blocks_of, recommend_rows, top_k

INF = np.inf


def plain_top_k(scores: npt.NDArray[np.float32], k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The rule in one line: a stable sort by falling score, NaN as -inf, -1 where nothing may be listed."""
    scores = np.where(np.isnan(scores), -INF, scores)
    positions = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(scores, positions, axis=1)
    return np.where(np.isneginf(values), -1, positions), values


def test_top_k_is_best_first() -> None:
    positions, values = top_k(np.array([[0.1, 0.9, 0.5], [3.0, 1.0, 2.0]], np.float32), 2)
    np.testing.assert_array_equal(positions, [[1, 2], [0, 2]])
    np.testing.assert_array_equal(values, np.array([[0.9, 0.5], [3.0, 2.0]], np.float32))


def test_top_k_ties_go_to_the_lower_position_on_both_sides_of_zero() -> None:
    scores = np.array([[1, 2, 2, 1, 1], [-2, -1, -1, -2, -3], [0.0, -0.0, 0.0, -0.0, -1]], np.float32)
    positions, _ = top_k(scores, 4)
    np.testing.assert_array_equal(positions, [[1, 2, 0, 3], [1, 2, 0, 3], [0, 1, 2, 3]])


def test_top_k_ends_in_minus_one_when_a_row_runs_out() -> None:
    scores = np.array([[-INF, 4, np.nan, -INF], [-INF] * 4, [np.nan] * 4], np.float32)
    positions, values = top_k(scores, 3)
    np.testing.assert_array_equal(positions, [[1, -1, -1], [-1, -1, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(values, [[4, -INF, -INF], [-INF] * 3, [-INF] * 3])


def test_top_k_lists_plus_infinity_first_and_the_lowest_float_last() -> None:
    lowest = np.finfo(np.float32).min
    positions, _ = top_k(np.array([[lowest, INF, 0, -INF]], np.float32), 4)
    np.testing.assert_array_equal(positions, [[1, 2, 0, -1]])


def test_top_k_when_k_exceeds_the_width_or_there_are_no_rows() -> None:
    assert top_k(np.ones((2, 3), np.float32), 9)[0].tolist() == [[0, 1, 2], [0, 1, 2]]
    assert top_k(np.ones((0, 3), np.float32), 2)[0].shape == (0, 2)
    assert top_k(np.ones((2, 0), np.float32), 2)[0].shape == (2, 0)


# few distinct values make ties; widths beyond 16 k make `top_k` group the columns, the rest below that does not
scores_with_ties = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70),
    elements=st.sampled_from([-INF, -2.5, -1.0, -0.0, 0.0, 1e-30, 1.0, 2.5, INF, np.nan]),
)
any_scores = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)


@settings(max_examples=150, deadline=None)
@given(scores=st.one_of(scores_with_ties, any_scores), k=st.integers(1, 25))
def test_top_k_equals_a_plain_stable_sort(scores: npt.NDArray[np.float32], k: int) -> None:
    positions, values = top_k(scores, k)
    expected_positions, expected_values = plain_top_k(scores, k)
    np.testing.assert_array_equal(positions, expected_positions)
    np.testing.assert_array_equal(values, expected_values)
    assert positions.dtype == np.int64
    assert values.dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), k=st.integers(1, 8), step=st.integers(1, 900))
def test_top_k_does_not_depend_on_the_parts_it_works_in(seed: int, k: int, step: int) -> None:
    scores = np.random.default_rng(seed).integers(-40, 40, (23, 200)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_CACHE_CELLS", step)
        positions, _ = top_k(scores, k)
    np.testing.assert_array_equal(positions, plain_top_k(scores, k)[0])


def test_top_k_leaves_its_input_alone() -> None:
    scores = np.array([[1, np.nan, 3]], np.float32)
    top_k(scores, 2)
    np.testing.assert_array_equal(scores, np.array([[1, np.nan, 3]], np.float32))


class Table:
    """Answers from a table [B, I + 1], by the column of the item row; the query's place stands in `user_rows`."""

    name = "table"

    def __init__(self, table: npt.ArrayLike) -> None:
        self.table = np.asarray(table, np.float32)
        self.asked: list[int] = []

    def scores(self, queries: Queries, item_rows: ranking.Rows) -> ranking.Scores:
        self.asked.append(len(queries))
        return self.table[queries.user_rows][:, item_rows]


def queries_of(num: int, num_items: int) -> Queries:
    return Queries(np.arange(num, dtype=np.int32), sp.csr_matrix((num, num_items + 1), dtype=np.float32))


def test_recommend_rows_ranks_only_candidates_and_leaves_out_the_excluded() -> None:
    scorer = Table([[9, 1, 2, 3, 4], [9, 4, 3, 2, 1]])
    # user 0 saw item 4, user 1 saw item 2; a stored zero counts as seen
    exclude = sp.csr_matrix((np.array([1, 0], np.float32), np.array([4, 2]), np.array([0, 1, 2])), shape=(2, 5))
    rows, scores = recommend_rows(scorer, queries_of(2, 4), np.array([4, 2, 3], np.int32), 2, exclude)
    np.testing.assert_array_equal(rows, [[3, 2], [3, 4]])  # 4 and 2 would have come first
    np.testing.assert_array_equal(scores, [[3, 2], [2, 1]])


def test_recommend_rows_ends_in_row_zero_when_everything_is_excluded() -> None:
    exclude = sp.csr_matrix(np.array([[0, 1, 1]], np.float32))
    rows, scores = recommend_rows(Table([[0, 5, 6]]), queries_of(1, 2), np.array([1, 2], np.int32), 5, exclude)
    np.testing.assert_array_equal(rows, [[0, 0]])
    assert np.isneginf(scores).all()


def test_recommend_rows_does_not_write_into_the_scorers_own_array() -> None:
    kept = np.array([[5, 6]], np.float32)

    class Keeper:
        name = "keeper"

        def scores(self, queries: Queries, item_rows: ranking.Rows) -> ranking.Scores:
            return kept

    exclude = sp.csr_matrix(np.array([[0, 0, 1]], np.float32))
    recommend_rows(Keeper(), queries_of(1, 2), np.array([1, 2], np.int32), 1, exclude)
    np.testing.assert_array_equal(kept, [[5, 6]])


def test_recommend_rows_in_blocks_equals_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(3).normal(size=(10, 8))
    exclude = sp.csr_matrix((table > 1).astype(np.float32))
    candidates = np.arange(1, 8, dtype=np.int32)
    whole = recommend_rows(Table(table), queries_of(10, 7), candidates, 3, exclude)
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 21)  # 21 // 7 candidates = 3 queries at once
    scorer = Table(table)
    parts = recommend_rows(scorer, queries_of(10, 7), candidates, 3, exclude)
    assert scorer.asked == [3, 3, 3, 1]
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_array_equal(parts[1], whole[1])


def test_recommend_rows_without_candidates_is_empty() -> None:
    rows, scores = recommend_rows(Table([[1, 2]]), queries_of(1, 1), np.zeros(0, np.int32), 3)
    assert rows.shape == scores.shape == (1, 0)


def test_recommend_rows_refuses_scores_of_another_shape() -> None:
    class Narrow:
        name = "narrow"

        def scores(self, queries: Queries, item_rows: ranking.Rows) -> ranking.Scores:
            return np.zeros((len(queries), 1), np.float32)

    with pytest.raises(ValueError, match=r"'narrow' must be \[B, N\] = \[2, 3\]; received \[2, 1\]"):
        recommend_rows(Narrow(), queries_of(2, 3), np.array([1, 2, 3], np.int32), 2)


def test_blocks_of_hold_one_query_even_when_it_exceeds_the_limit() -> None:
    assert list(blocks_of(2, 10**9)) == [slice(0, 1), slice(1, 2)]
    assert list(blocks_of(0, 5)) == []
