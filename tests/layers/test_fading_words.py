from __future__ import annotations

import numpy as np

from tfcold.layers import FadingWords


def test_words_stand_back_as_the_history_grows() -> None:
    layer = FadingWords()
    layer.set_weights_of(strength=3.0, decay=0.5)
    received = layer(np.array([[1.0, -2.0]] * 3, np.float32), np.array([0.0, 3.0, 8.0])).numpy()

    np.testing.assert_allclose(received, [[3, -6], [1.5, -3], [1, -2]], rtol=1e-6)


def test_nothing_changes_until_something_is_chosen() -> None:
    words = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    np.testing.assert_array_equal(FadingWords()(words, np.array([0.0, 1.0, 50.0])), words)


def test_the_curve_is_float32_in_half_precision() -> None:
    layer = FadingWords(dtype="mixed_float16")
    layer.set_weights_of(strength=1 / 3, decay=0.0)

    assert layer.strength.numpy() == np.float32(1 / 3)
    assert layer(np.ones((1, 2), np.float16), np.zeros(1)).dtype == np.float16
