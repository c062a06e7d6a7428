from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import ConcatFusion

ID = np.array([[1.0, 2.0], [1.0, 2.0]], np.float32)
TEXT = {"text": np.array([[1.0], [1.0]], np.float32)}
PRESENT = {"text": np.array([True, True])}
COLD = np.array([False, True])
KERNELS = {"id_kernel": np.array([[1.0, 0.0], [0.0, 10.0]]), "block_kernels": {"text": np.array([[3.0, 5.0]])}}


def concat(**options: Any) -> ConcatFusion:
    fusion = ConcatFusion(2, {"text": 1}, seed=1, **options)
    fusion.build([None, 2])
    fusion.set_linear(**KERNELS)
    return fusion


def test_closed_form_is_exact_at_the_start() -> None:
    fusion = concat(hidden_units=[4])

    # warm: [1, 20] + [3, 5]; cold: [3, 5]
    np.testing.assert_array_equal(fusion(ID, TEXT, PRESENT, COLD), [[4, 25], [3, 5]])


def test_scales_of_cold_and_of_warm_rows() -> None:
    fusion = concat(initial_cold_scale=6.0, initial_warm_text_scale=0.0)

    # warm: [1, 20] + 0 [3, 5]; cold: 6 [3, 5]
    np.testing.assert_array_equal(fusion(ID, TEXT, PRESENT, COLD), [[1, 20], [18, 30]])
    assert {weight.name.split("/")[-1] for weight in fusion.trainable_weights} >= {"cold_scale:0", "warm_text_scale:0"}


def test_identity_id_adds_the_embedding_unchanged() -> None:
    fusion = ConcatFusion(2, {"text": 1}, identity_id=True)
    fusion.set_linear(block_kernels=KERNELS["block_kernels"])

    np.testing.assert_array_equal(fusion(ID, TEXT, PRESENT, COLD), [[4, 7], [3, 5]])


def test_branch_adds_once_its_last_kernel_is_not_zero() -> None:
    fusion = concat(hidden_units=[4])
    before = fusion(ID, TEXT, PRESENT, COLD).numpy()
    last = next(weight for weight in fusion.trainable_weights if "last" in weight.name)
    last.assign(np.ones(last.shape))
    after = fusion(ID, TEXT, PRESENT, COLD).numpy()

    assert np.abs(after - before).max() > 0.1


def test_anchor_pulls_back_to_what_was_set() -> None:
    fusion = concat(anchor_l2=0.5)
    assert float(sum(fusion.losses)) == 0
    kernel = next(weight for weight in fusion.trainable_weights if "block/text" in weight.name)
    kernel.assign([[3.0, 7.0]])

    assert float(sum(fusion.losses)) == pytest.approx(0.5 * (7 - 5) ** 2)


def test_losses_do_not_grow_with_calls() -> None:
    fusion = ConcatFusion(2, {"text": 1}, anchor_l2=1.0, seed=1)
    for _ in range(3):
        fusion(ID, TEXT, PRESENT, COLD)
    expected = sum(float((weight.numpy() ** 2).sum()) for weight in fusion.trainable_weights if "kernel" in weight.name)

    assert float(sum(fusion.losses)) == pytest.approx(expected)


def test_dropout_in_training_only() -> None:
    fusion = concat(hidden_units=[32], dropout=0.5)
    last = next(weight for weight in fusion.trainable_weights if "last" in weight.name)
    last.assign(np.ones(last.shape))
    arguments = (ID, TEXT, PRESENT, COLD)

    np.testing.assert_array_equal(fusion(*arguments), fusion(*arguments))
    assert not np.array_equal(fusion(*arguments, training=True), fusion(*arguments))


def test_kernel_of_another_shape_sets_nothing() -> None:
    fusion = concat()
    before = [weight.numpy() for weight in fusion.weights]

    with pytest.raises(InputError, match=r"'block/text' must have shape \[1, 2\]; received \[2, 2\]"):
        fusion.set_linear(id_kernel=np.zeros((2, 2)), block_kernels={"text": np.eye(2)})
    for weight, value in zip(fusion.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_kernel_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="no linear kernel 'block/audio' to set"):
        concat().set_linear(block_kernels={"audio": np.eye(2)})
    with pytest.raises(InputError, match="no linear kernel 'id' to set"):
        ConcatFusion(2, {}, identity_id=True).set_linear(id_kernel=np.eye(2))


def test_set_linear_before_the_width_is_known() -> None:
    with pytest.raises(InputError, match=r"Call `build\(\[None, E\]\)` first"):
        ConcatFusion(2, {"text": 1}).set_linear(block_kernels=KERNELS["block_kernels"])


def test_identity_of_another_width() -> None:
    with pytest.raises(InputError, match=r"must have shape \[B, 2\]"):
        ConcatFusion(2, {}, identity_id=True).build([None, 3])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"anchor_l2": -1.0}, "received -1.0"), ({"dropout": 1.0}, "received 1.0"), ({"hidden_units": [0]}, "received 0")],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ConcatFusion(2, {}, **options)
