from __future__ import annotations

import math

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.layers import GatedFusion

ID = np.array([[8.0], [8.0], [8.0]], np.float32)
BLOCKS = {"text": np.array([[2.0], [2.0], [2.0]], np.float32), "image": np.array([[6.0], [6.0], [6.0]], np.float32)}
MASKS = {"text": np.array([True, True, False]), "image": np.array([True, False, False])}
WARM, COLD = np.zeros(3, bool), np.ones(3, bool)


def gated(initial_gate: float) -> GatedFusion:
    """Blocks are brought to the width by the identity."""
    fusion = GatedFusion(1, {"text": 1, "image": 1}, initial_gate=initial_gate)
    fusion.build([None, 1])
    for weight in fusion.weights:
        if "project" in weight.name:
            weight.assign([[1.0]])
    return fusion


def test_blend_of_id_and_the_mean_of_present_blocks() -> None:
    # text parts (2 + 6) / 2 = 4; 2; none, so the gate is open: 0.75 * 8 + 0.25 * 4 = 7; 0.75 * 8 + 0.25 * 2 = 6.5; 8
    np.testing.assert_allclose(gated(0.75)(ID, BLOCKS, MASKS, WARM), [[7], [6.5], [8]], rtol=1e-6)


def test_cold_rows_are_their_text() -> None:
    np.testing.assert_allclose(gated(0.75)(ID, BLOCKS, MASKS, COLD), [[4], [2], [0]], rtol=1e-6)


def test_gate_is_a_function_of_both() -> None:
    fusion = gated(0.5)
    kernel = next(weight for weight in fusion.weights if "gate/kernel" in weight.name)
    kernel.assign([[0.25], [-0.5]])
    openness = 1 / (1 + math.exp(-(0.25 * 8 - 0.5 * 4)))  # row 0: sigmoid(0) = 0.5
    second = 1 / (1 + math.exp(-(0.25 * 8 - 0.5 * 2)))  # row 1: sigmoid(1)

    expected = [[openness * 8 + (1 - openness) * 4], [second * 8 + (1 - second) * 2], [8]]
    np.testing.assert_allclose(fusion(ID, BLOCKS, MASKS, WARM), expected, rtol=1e-6)


def test_gate_out_of_range() -> None:
    with pytest.raises(InputError, match=r"`initial_gate` must be in \(0, 1\); received 1.0"):
        GatedFusion(1, {}, initial_gate=1.0)
