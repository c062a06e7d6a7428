from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.objectives import FullSoftmax, Objective


def test_mean_of_nothing_is_zero() -> None:
    assert float(Objective.mean(tf.zeros([0]))) == 0
    assert float(Objective.mean(tf.ones([2]), tf.zeros([2]))) == 0


def test_weighted_mean() -> None:
    assert float(Objective.mean(tf.constant([1.0, 5.0]), tf.constant([3.0, 1.0]))) == pytest.approx(2)


def test_half_precision_inputs_are_summed_in_float32() -> None:
    # 3000 equal items: log 3000 = 8.006; their exponentials sum beyond float16 at logits of 11
    query, candidates = tf.fill([1, 1], tf.constant(11.0, tf.float16)), tf.ones([3001, 1], tf.float16)
    loss = FullSoftmax()(query, candidates, tf.constant([[1]]))

    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(np.log(3000), rel=1e-5)
