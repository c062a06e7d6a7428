from __future__ import annotations

import numpy as np
import pytest

from tfcold.baselines.kernel import leverages, own_part, rbf_of_units, ridge_factor, ridge_solution
from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.kernel_words import TEACHING, KernelWords
from tfcold.training.trained import TrainedModel
from tfcold.training.word_maps import WordMaps

World = tuple[Split, Features]
CLOSE = {"rtol": 1e-3, "atol": 1e-3}
TWINS = ((2.0, 1.0), (1.0, 0.5))  # weight and penalty, scaled together


@pytest.fixture(scope="module")
def factors(world: World) -> Factors:
    return ials_factors(world[0], 6, penalty=2.0, seed=0)


def test_coefficients_solve_the_ridge_equation(world: World, factors: Factors) -> None:
    words = KernelWords(*world, 1000)
    landmarks, coefficients = words.solve(factors, 1.0, 0.5, {})[0]["text"]
    gram = np.exp(-((landmarks[:, None] - landmarks[None]) ** 2).sum(-1)) + 0.5 * np.eye(len(landmarks))
    taught = np.concatenate([factors.outputs[words.taught], factors.inputs[words.taught]], axis=1)

    np.testing.assert_allclose(gram @ coefficients, taught, atol=1e-4)


def test_weight_of_a_block_is_a_factor_of_its_kernel(world: World, factors: Factors) -> None:
    """Twice the weight is twice the kernel, so that half the penalty at weight 1 says the same."""
    words = KernelWords(*world, 1000)
    rows = words.taught[:5]
    twice = words.kernel(rows, words.taught, 1.0, {"text": 2.0})

    np.testing.assert_allclose(twice, 2 * words.kernel(rows, words.taught, 1.0, {}), rtol=1e-6)
    heavy, light = (words.solve(factors, 1.0, penalty, {"text": weight})[0]["text"][1] for weight, penalty in TWINS)
    np.testing.assert_allclose(heavy, light, atol=1e-4)


def test_maps_with_all_rows_are_what_the_coefficients_say(world: World, factors: Factors) -> None:
    words = KernelWords(*world, 1000)
    maps = words.maps(factors, 1.0, 0.5, {}, 1000, seed=0, known=factors.dim)
    asked = np.flatnonzero(words.has_words)
    told = words.kernel(asked, words.taught, 1.0, {}) @ words.solve(factors, 1.0, 0.5, {})[0]["text"][1]

    np.testing.assert_allclose(maps.candidates[asked], told[:, : factors.dim], atol=1e-4)
    np.testing.assert_allclose(maps.history[asked], told[:, factors.dim :], atol=1e-4)
    assert not maps.history[~words.has_words].any()


def test_where_not_all_can_be_landmarks_more_items_teach_than_are_kept(world: World, factors: Factors) -> None:
    words = KernelWords(*world, 6)
    kernels, own = words.solve(factors, 1.0, 0.5, {})
    landmarks, coefficients = kernels["text"]
    gram, crossed = (words.kernel(words.landmarks, rows, 1.0, {}) for rows in (words.landmarks, words.taught))
    sides = np.concatenate([factors.outputs[words.taught], factors.inputs[words.taught]], axis=1)

    assert len(landmarks) == len(words.landmarks) == 6
    assert len(words.taught) == min(TEACHING * 6, len(KernelWords(*world, 1000).taught))
    assert set(words.landmarks) < set(words.taught)
    shifted = crossed @ crossed.T + 0.5 * gram
    np.testing.assert_allclose(shifted @ coefficients, crossed @ sides, atol=1e-3)
    counts = np.einsum("mp,mp->p", crossed, np.linalg.solve(shifted.astype(np.float64), crossed))
    errors = sides - crossed.T @ coefficients
    expected = (errors * (counts / (1 - counts))[:, None])[:, : factors.dim]
    np.testing.assert_allclose(own[words.taught], expected, atol=1e-3)
    assert not np.delete(own, words.taught, axis=0).any()
    assert list(KernelWords(*world, 6, seed=1).landmarks) != list(words.landmarks)


def test_left_out_is_right_where_words_are_nearly_the_same() -> None:
    """A small penalty and a heavy kernel: what is left out is the small difference of large numbers."""
    rng = np.random.default_rng(0)
    units = rng.normal(size=(60, 8))
    units = np.concatenate([units, units + 1e-3 * rng.normal(size=units.shape)])
    units = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype(np.float32)
    targets = rng.normal(size=(120, 3)).astype(np.float32)
    kernel = 10 * rbf_of_units(units, units, 0.5)
    factor = ridge_factor(kernel.copy(), 0.1)
    errors = np.float32(0.1) * ridge_solution(factor, targets)
    found = targets - errors - own_part(errors, leverages(factor, 0.1))
    exact = np.asarray(kernel, np.float64)
    for left in range(120):
        others = np.delete(np.arange(120), left)
        solved = np.linalg.solve(exact[np.ix_(others, others)] + 0.1 * np.eye(119), targets[others])
        np.testing.assert_allclose(found[left], exact[left, others] @ solved, atol=0.02)


def test_a_warm_item_is_told_what_the_others_say_of_it(world: World, factors: Factors) -> None:
    """Solved once more without it; and a cold item is told what all say."""
    words = KernelWords(*world, 1000)
    maps = words.maps(factors, 1.0, 0.5, {}, 1000, seed=0, known=factors.dim)
    left = int(words.taught[3])
    others = np.setdiff1d(words.taught, [left])
    gram = words.kernel(others, others, 1.0, {}) + 0.5 * np.eye(len(others))
    expected = words.kernel(np.array([left]), others, 1.0, {})[0] @ np.linalg.solve(gram, factors.outputs[others])
    cold = words.has_words & ~world[0].warm_items

    np.testing.assert_allclose(maps.left_out[left], expected, atol=1e-4)
    assert np.abs(maps.left_out[left] - maps.candidates[left]).max() > 1e-2
    np.testing.assert_array_equal(maps.left_out[cold], maps.candidates[cold])


def test_leverages_of_the_last_rows_need_no_others(world: World) -> None:
    words = KernelWords(*world, 1000)
    gram = words.kernel(words.taught, words.taught, 1.0, {})
    expected = np.diag(gram @ np.linalg.inv(gram.astype(np.float64) + 0.5 * np.eye(len(gram))))

    factor = ridge_factor(gram.copy(), 0.5)
    for number in (1, 7, len(gram), None):  # the last of these may write over it, the others leave it as it is
        found = leverages(factor, 0.5, number)
        np.testing.assert_allclose(found, expected[-(number or len(gram)) :], atol=1e-5)
    assert len(leverages(ridge_factor(np.zeros((0, 0), np.float32), 0.5), 0.5)) == 0


def test_no_landmarks_teach_nothing(world: World) -> None:
    assert len(KernelWords(*world, 0).taught) == 0


def fitted(world: World, given: Settings, **changes: float) -> tuple[TrainedModel, Factors, WordMaps]:
    """A model by iALS and one kernel, its teacher, and what the words of every item predict, through NumPy."""
    ials = {"epochs": 0, "teacher": "ials", "ials_penalty": 20.0, "ials_alpha": 20.0}
    trained = fit(*world, given.with_(**ials, kernel_gamma=1.0, max_landmarks=1000, **changes))
    factors = ials_factors(world[0], 12, penalty=20.0, alpha=20.0, seed=given.seed)
    return trained, factors, KernelWords(*world, 1000).maps(factors, 1.0, 1.0, {}, 1000, seed=0, known=factors.dim)


def test_model_predicts_what_the_regression_does(world: World, given: Settings) -> None:
    """Items get, through layers, what they get through NumPy: cold ones by words alone, warm ones beside their ID."""
    trained, factors, maps = fitted(world, given, history_text_scale=0.5)
    is_warm, has_words = world[0].warm_items, maps.candidates.any(axis=1)
    warm, cold = is_warm & has_words, ~is_warm & has_words
    candidates, history = trained.model.candidate_table()[:, :12], trained.model.history_table()

    np.testing.assert_allclose(candidates[cold], 4.0 * maps.candidates[cold], **CLOSE)
    np.testing.assert_allclose(candidates[warm], (factors.outputs + 0.1 * maps.left_out)[warm], **CLOSE)
    np.testing.assert_allclose(history[cold], 4.5 * maps.history[cold], **CLOSE)
    np.testing.assert_allclose(history[warm], (factors.inputs + 0.5 * maps.history)[warm], **CLOSE)


def test_words_count_as_in_a_cold_item_and_less_with_every_interaction(world: World, given: Settings) -> None:
    """Through layers: out + share x prediction, the share between `cold_scale` and `warm_text_scale`."""
    trained, factors, maps = fitted(world, given, text_halfway=2.0)
    shares = np.where(world[0].warm_items, 0.1 + (4.0 - 0.1) * 2.0 / (world[0].item_counts + 2.0), 4.0)[:, None]
    told = maps.candidates.any(axis=1)
    expected = factors.outputs + shares * maps.left_out

    np.testing.assert_allclose(trained.model.candidate_table()[told, :12], expected[told], **CLOSE)
