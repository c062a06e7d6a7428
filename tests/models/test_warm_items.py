import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.models.warm_items import WarmItems


def test_places_point_into_a_table_after_row_zero() -> None:
    warm = WarmItems.of(np.array([0, 0, 3, 0, 1], np.float32))
    assert warm.rows.numpy().tolist() == [2, 4]
    assert warm.place.numpy().tolist() == [0, 0, 1, 0, 2]
    assert warm.share.numpy().tolist() == [0, 0, 0.75, 0, 0.25]
    assert warm.count == 2


def test_nothing_warm_is_refused() -> None:
    with pytest.raises(InputError, match="no warm item to learn from"):
        WarmItems.of(np.zeros(3, np.float32))
