import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import ConcatFusion
from tfcold.towers import ItemTower

EMBEDDING = np.array([[9, 9], [1, 2], [3, 4]], np.float32)
FEATURES = {"text": np.array([[1, 0], [0, 1]], np.float32)}
MASKS = {"text": np.array([True, True])}
ROWS = np.array([1, 2], np.int32)
COLD = np.array([False, True])


def make_tower(**options: float) -> ItemTower:
    tower = ItemTower(2, 2, ConcatFusion(2, {"text": 2}, identity_id=True), seed=0, **options)
    tower.fusion.set_linear(block_kernels={"text": [[10, 20], [30, 40]]})
    tower.build()
    tower.embedding.set_weights([EMBEDDING])
    return tower


def test_warm_is_id_plus_words_and_cold_is_words() -> None:
    # row 1: [1, 2] + [10, 20]; row 2 is cold: [30, 40], not [33, 44]
    np.testing.assert_allclose(make_tower()(ROWS, FEATURES, MASKS, COLD), [[11, 22], [30, 40]])


def test_from_features_is_a_cold_row() -> None:
    np.testing.assert_allclose(make_tower().from_features(FEATURES, MASKS), [[10, 20], [30, 40]])


def test_id_dropout_shows_warm_rows_as_cold_in_training_only() -> None:
    tower = make_tower(id_dropout=0.5)
    rows = np.ones(200, np.int32)
    features, masks = {"text": np.tile([[1, 0]], (200, 1))}, {"text": np.ones(200, bool)}
    cold = np.zeros(200, bool)
    trained = tower(rows, features, masks, cold, training=True).numpy()
    assert {tuple(row) for row in trained} == {(11, 22), (10, 20)}
    assert 60 < (trained[:, 0] == 10).sum() < 140  # 100 expected, deviation 7
    assert (tower(rows, features, masks, cold).numpy() == [11, 22]).all()


@pytest.mark.parametrize(
    ("num_items", "dim", "message"),
    [
        (0, 2, "`num_items` must be at least 1; received 0"),
        (2, 0, "`dim` must be at least 1; received 0"),
        (2, 3, "`fusion` must have width `dim` = 3; its `dim` is 2"),
    ],
)
def test_bad_arguments_name_what_came(num_items: int, dim: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ItemTower(num_items, dim, ConcatFusion(2, {"text": 2}))
