import numpy as np
import pytest

from tfcold._keras import keras
from tfcold.blocks import VectorBlock
from tfcold.models import FeatureTable

VECTORS = np.array([[0, 0], [3, 1], [1, 3], [5, 2], [0, 0]], np.float32)
MASK = np.array([False, True, True, True, False])
FIT = np.array([False, True, True, False, False])  # row 3 must not be looked at
HALF = np.sqrt(0.5)


def adapted(**options: object) -> FeatureTable:
    table = FeatureTable(4, {"text": 2}, **options)
    table.adapt({"text": VectorBlock("text", VECTORS, MASK)}, fit_rows=FIT, seed=0)
    return table


def test_features_are_centred_on_the_rows_that_may_be_seen() -> None:
    features, masks = adapted().lookup(np.array([1, 2, 3, 4, 0], np.int32))
    # the mean is [2, 2]: [1, -1], [-1, 1] and [3, 0] at unit length; zeros where there is no vector
    expected = [[HALF, -HALF], [-HALF, HALF], [1, 0], [0, 0], [0, 0]]
    np.testing.assert_allclose(features["text"], expected, atol=1e-6)
    assert masks["text"].numpy().tolist() == [True, True, True, False, False]


def test_features_of_landmarks_have_the_kernel_as_their_product() -> None:
    table = adapted(num_landmarks={"text": 2}, gamma=0.5)
    features = table.lookup(np.arange(5, dtype=np.int32))[0]["text"].numpy()
    # the landmarks are rows 1 and 2, opposite each other: |a - b|^2 = 4, exp(-0.5 * 4)
    np.testing.assert_allclose(features[1:3] @ features[1:3].T, [[1, np.exp(-2)], [np.exp(-2), 1]], atol=1e-3)
    assert table.any_mask().tolist() == MASK.tolist()


def test_encode_is_the_lookup_of_raw_vectors() -> None:
    table = adapted(num_landmarks={"text": 2})
    features, masks = table.encode({"text": VECTORS[1:4]}, {})
    np.testing.assert_allclose(
        features["text"], table.lookup(np.arange(1, 4, dtype=np.int32))[0]["text"], rtol=1e-5, atol=1e-6
    )
    assert masks["text"].numpy().all()


def test_encode_takes_a_block_that_is_not_given_as_missing() -> None:
    table = FeatureTable(4, {"text": 2, "image": 3})
    features, masks = table.encode({"text": VECTORS[1:3]}, {})
    assert features["image"].shape == (2, 3)
    assert not features["image"].numpy().any()
    assert masks["image"].numpy().tolist() == [False, False]


def test_table_without_blocks_knows_nothing() -> None:
    table = FeatureTable(2, {})
    table.adapt({}, fit_rows=np.ones(3, bool))
    assert table.any_mask().tolist() == [False, False, False]
    assert table.lookup(np.array([1], np.int32)) == ({}, {})


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_tables_stay_float32_and_lookups_are_half(policy: str) -> None:
    table = adapted(dtype=keras.mixed_precision.Policy(policy))
    features, _ = table.lookup(np.array([3], np.int32))
    assert {weight.dtype.name for weight in table.weights} == {"float32", "bool"}
    assert features["text"].dtype.name == policy.removeprefix("mixed_")
