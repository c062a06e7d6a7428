from __future__ import annotations

import numpy as np

from tfcold.ops import full_softmax_loss, rows_mask

LOGITS = np.array([[50.0, 1.0, 2.0, 3.0], [50.0, 0.0, 0.0, 0.0]])  # column 0 must not count, high as it is
NORMALISER = np.log(np.exp(1) + np.exp(2) + np.exp(3))  # row 0


def test_mean_over_targets_padding_left_out() -> None:
    received = full_softmax_loss(LOGITS, np.array([[1, 3], [2, 0]]))

    # row 0: targets 1 and 3; row 1: one target of three equal items
    np.testing.assert_allclose(received, [NORMALISER - (1 + 3) / 2, np.log(3)])


def test_row_without_target_has_loss_zero() -> None:
    np.testing.assert_allclose(full_softmax_loss(LOGITS, np.array([[0, 0], [2, 0]])), [0, np.log(3)])


def test_mask_leaves_out_all_but_targets() -> None:
    mask = np.array([[True, False, False, True], [True, True, True, False]])
    received = full_softmax_loss(LOGITS, np.array([[2, 0], [1, 0]]), mask)

    # row 0: item 1 is out, item 2 is a target: log(e^2 + e^3) - 2; row 1: items 1 and 2: log 2
    np.testing.assert_allclose(received, [np.log(np.exp(2) + np.exp(3)) - 2, np.log(2)])


def test_rows_mask() -> None:
    received = rows_mask(np.array([[2, 0, 2], [0, 0, 1]]), 4)

    np.testing.assert_array_equal(received, [[False, False, True, False], [False, True, False, False]])


def test_rows_mask_of_empty_lists() -> None:
    np.testing.assert_array_equal(rows_mask(np.zeros((2, 0), np.int32), 3), np.zeros((2, 3), bool))
