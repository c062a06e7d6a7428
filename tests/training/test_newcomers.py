from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tfcold.splits.split import Split
from tfcold.training import newcomers
from tfcold.training.newcomers import Asked, newcomers_of
from tfcold.training.settings import Settings

SETTLED = Settings(teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0)


def test_users_held_out_leave_no_row_behind(world: tuple[Split, object]) -> None:
    split = world[0]
    found = newcomers._held_out(split, 700, 0)
    assert found is not None
    rest, users = found

    assert len(users) == int(split.warm_users.sum()) // 10
    assert not rest.warm_users[users].any()
    assert (rest.train_matrix().getnnz(axis=1) > 0).sum() == split.warm_users.sum() - len(users)


def test_revealed_rows_and_targets_are_the_users_rows(world: tuple[Split, object]) -> None:
    split = world[0]
    users = np.flatnonzero(split.warm_users)
    rows = split.train_matrix().tocsr()[users]
    asked = newcomers._reveal(rows, users, 3, np.ones(rows.shape[1], bool), 0)
    able = np.flatnonzero(np.diff(rows.indptr) > 3)

    assert set(asked.counts) == {3}
    np.testing.assert_array_equal((asked.histories + asked.targets).toarray(), rows[able].toarray())
    np.testing.assert_array_equal(asked.users, users[able])
    assert np.diff(asked.targets.indptr).min() >= 1


def test_ndcg_hides_what_is_known() -> None:
    shape = (1, 4)
    known, wanted = (sp.csr_matrix(([np.float32(1)], ([0], [item])), shape=shape) for item in (1, 3))
    one = Asked(known, wanted, np.array([7]))

    # among items 1, 2, 3: item 1 is known, item 2 comes first, item 3 second: 1 / log2(3)
    found = one.ndcg(np.array([[9.0, 5.0, 3.0]], np.float32), np.array([1, 2, 3], np.int32))
    assert found == pytest.approx([1 / np.log2(3)])


def test_newcomers_are_unknown_to_their_teacher(world: tuple[Split, object]) -> None:
    split = world[0]
    found = newcomers_of(split, SETTLED)
    assert found is not None

    assert set(found.asked) <= set(newcomers.KNOWN)
    assert not found.unknown.histories.nnz
    assert not found.rest.warm_users[found.unknown.users].any()
    np.testing.assert_array_equal(
        found.unknown.targets.toarray(),
        split.train_matrix()[found.unknown.users].multiply(found.rest.warm_items).toarray(),
    )
    assert found.factors.dim == 8
    assert not found.factors.outputs[~found.rest.warm_items].any()
    assert len(found.rest.train) < len(split.train)
