from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.layers import IdDropout

ONES = np.ones((4000, 2), np.float32)
WARM = np.zeros(4000, bool)


def test_share_of_rows_plays_cold() -> None:
    embedding, is_cold = IdDropout(0.25, seed=1)(ONES, WARM, training=True)

    np.testing.assert_array_equal(embedding.numpy() == 0, np.stack([is_cold, is_cold], axis=1))
    # 4000 draws: standard deviation 0.0068, so 0.03 is more than four of them
    assert np.mean(is_cold) == pytest.approx(0.25, abs=0.03)


def test_nothing_is_dropped_outside_training() -> None:
    embedding, is_cold = IdDropout(0.9, seed=1)(ONES, WARM)

    np.testing.assert_array_equal(embedding, ONES)
    assert not np.any(is_cold)


def test_cold_rows_stay_cold_and_read_nothing() -> None:
    embedding, is_cold = IdDropout(0.0)(np.array([[np.nan], [2.0]], np.float32), np.array([True, False]))

    np.testing.assert_array_equal(embedding, [[0], [2]])
    np.testing.assert_array_equal(is_cold, [True, False])


def test_draws_repeat_by_seed_and_differ_by_call() -> None:
    def two_calls(seed: int) -> list[np.ndarray]:
        layer = IdDropout(0.5, seed=seed)
        return [layer(ONES, WARM, training=True)[1].numpy() for _ in range(2)]

    first, again, other = two_calls(1), two_calls(1), two_calls(2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


def test_checkpoint_resumes_the_draws(tmp_path: object) -> None:
    layer = IdDropout(0.5, seed=1)
    layer(ONES, WARM, training=True)
    path = tf.train.Checkpoint(layer=layer).save(f"{tmp_path}/checkpoint")
    expected = layer(ONES, WARM, training=True)[1]
    resumed = IdDropout(0.5, seed=1)
    tf.train.Checkpoint(layer=resumed).restore(path).assert_consumed()

    np.testing.assert_array_equal(resumed(ONES, WARM, training=True)[1], expected)


def test_training_may_be_a_tensor() -> None:
    layer = IdDropout(0.5, seed=1)
    traced = tf.function(lambda training: layer(ONES, WARM, training=training)[1])

    assert not np.any(traced(tf.constant(False)))
    assert np.any(traced(tf.constant(True)))


def test_rate_out_of_range() -> None:
    with pytest.raises(InputError, match=r"`rate` must be in \[0, 1\); received 1.0"):
        IdDropout(1.0)
