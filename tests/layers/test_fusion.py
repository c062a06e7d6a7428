"""What holds for every child of `Fusion`; the formulas of the children stand in files of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.layers import AdapterFusion, ConcatFusion, Fusion, GatedFusion, HeadsFusion

CHILDREN = [
    pytest.param(lambda **k: AdapterFusion(3, {"text": 2, "image": 1}, seed=1, **k), id="adapter"),
    pytest.param(lambda **k: ConcatFusion(3, {"text": 2, "image": 1}, hidden_units=[4], seed=1, **k), id="concat"),
    pytest.param(lambda **k: GatedFusion(3, {"text": 2, "image": 1}, seed=1, **k), id="gated"),
    pytest.param(lambda **k: HeadsFusion(3, {"text": 2, "image": 1}, seed=1, **k), id="heads"),
]
# rows: warm with both, cold with both, warm without any, cold without any
MASK = np.array([True, True, False, False])
COLD = np.array([False, True, False, True])


def fed(value: float = 1.0) -> tuple[Any, ...]:
    """Row b of each part is `value`; what a row lacks is NaN."""
    identity = np.where(COLD[:, None], np.nan, np.full((4, 3), value)).astype(np.float32)
    blocks = {
        name: np.where(MASK[:, None], np.full((4, width), value), np.nan).astype(np.float32)
        for name, width in (("text", 2), ("image", 1))
    }
    return identity, blocks, {"text": MASK, "image": MASK}, COLD


def random_weights(fusion: Fusion) -> Fusion:
    fusion.build([None, 3])
    rng = np.random.default_rng(0)
    for weight in fusion.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return fusion


@pytest.mark.parametrize("make", CHILDREN)
def test_absent_parts_are_never_read(make: Any) -> None:
    fusion = random_weights(make())

    assert np.isfinite(fusion(*fed())).all()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(fusion(*fed()))
    gradients = tape.gradient(loss, fusion.trainable_weights)
    assert all(np.isfinite(tf.convert_to_tensor(gradient)).all() for gradient in gradients)


@pytest.mark.parametrize("make", CHILDREN)
def test_text_share(make: Any) -> None:
    both, cold, without, unknown = random_weights(make()).text_share(*fed()).numpy()

    assert 0 < both < 1
    assert (cold, without, unknown) == (1, 0, 0)


@pytest.mark.parametrize("make", CHILDREN)
def test_prior_reaches_unknown_rows_alone(make: Any) -> None:
    fusion = random_weights(make())
    fusion.prior.assign(np.zeros(3))
    before = fusion(*fed()).numpy()
    fusion.prior.assign([1.0, 2.0, 3.0])
    moved = fusion(*fed()).numpy() - before

    np.testing.assert_allclose(moved, [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 2, 3]], atol=1e-6)


@pytest.mark.parametrize("make", CHILDREN)
def test_output_depends_on_id_when_warm_and_on_each_block(make: Any) -> None:
    fusion = random_weights(make())
    identity, blocks, masks, cold = fed()
    before = fusion(identity, blocks, masks, cold).numpy()
    other_id = fusion(2 * identity, blocks, masks, cold).numpy()
    moved = np.abs(other_id - before).max(axis=1) > 1e-4
    np.testing.assert_array_equal(moved, [True, False, True, False])
    for name in blocks:
        other_block = fusion(identity, {**blocks, name: 2 * blocks[name]}, masks, cold).numpy()
        np.testing.assert_array_equal(np.abs(other_block - before).max(axis=1) > 1e-4, MASK)


@pytest.mark.parametrize("make", CHILDREN)
def test_blocks_with_other_names(make: Any) -> None:
    identity, blocks, masks, cold = fed()

    with pytest.raises(InputError, match=r"must have the blocks \['image', 'text'\]; received \['text'\]"):
        random_weights(make())(identity, {"text": blocks["text"]}, masks, cold)


@pytest.mark.parametrize("make", CHILDREN)
def test_block_of_another_width(make: Any) -> None:
    identity, blocks, masks, cold = fed()

    with pytest.raises(InputError, match=r"`blocks\['text'\]` must have shape \[\.\.\., 2\]; received \[4, 5\]"):
        random_weights(make())(identity, {**blocks, "text": np.ones((4, 5), np.float32)}, masks, cold)


@pytest.mark.parametrize("child", [GatedFusion, HeadsFusion])
def test_id_of_another_width(child: type[Fusion]) -> None:
    with pytest.raises(InputError, match=r"must have shape \[B, 3\].*received \[\.\.\., 4\]"):
        child(3, {}).build([None, 4])


@pytest.mark.parametrize("make", CHILDREN)
def test_names_of_weights_differ(make: Any) -> None:
    names = [weight.name for weight in random_weights(make()).weights]

    assert len(set(names)) == len(names)


def test_width_out_of_range() -> None:
    with pytest.raises(InputError, match=r"`block_dims\['text'\]` must be positive; received 0"):
        ConcatFusion(3, {"text": 0})
