from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.objectives import Alignment

ID = tf.constant([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
TEXT = tf.constant([[1.0, 0.0], [1.0, 0.0], [5.0, 0.0]])


def test_mean_over_the_rows_that_take_part() -> None:
    # cosines [[1, 1], [0, 0]]: forth log 2, log 2; back log(e^1 + e^0) - 1 and log(e^1 + e^0) - 0
    forth, back = np.log(2), np.log(1 + np.exp(1))
    received = Alignment(temperature=1.0)(ID, TEXT, mask=tf.constant([True, True, False]))

    assert float(received) == pytest.approx((2 * forth + 2 * back - 1) / 4, rel=1e-5)


def test_nobody_takes_part() -> None:
    assert float(Alignment()(ID, TEXT, mask=tf.zeros(3, tf.bool))) == 0


def test_gradient_stops_at_the_id_when_asked() -> None:
    def moves_id(**options: bool) -> bool:
        with tf.GradientTape() as tape:
            tape.watch([ID, TEXT])
            loss = Alignment(**options)(ID, TEXT)
        to_id, to_text = tape.gradient(loss, [ID, TEXT])
        assert np.abs(to_text).max() > 0
        return to_id is not None

    assert moves_id()
    assert not moves_id(stop_id_gradient=True)


def test_equal_items_are_no_negatives() -> None:
    assert float(Alignment()(ID, TEXT, rows=tf.constant([4, 4, 4]))) == pytest.approx(0, abs=1e-6)


def test_temperature_out_of_range() -> None:
    with pytest.raises(InputError, match="received 0"):
        Alignment(temperature=0)
