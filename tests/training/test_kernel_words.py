from __future__ import annotations

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.kernel_words import KernelWords

World = tuple[Split, Features]


@pytest.fixture(scope="module")
def factors(world: World) -> Factors:
    return ials_factors(world[0], 6, penalty=2.0, seed=0)


def test_coefficients_solve_the_ridge_equation(world: World, factors: Factors) -> None:
    words = KernelWords(*world, factors, 1000)
    kernels = words.solve(1.0, 0.5)
    landmarks, coefficients = kernels["text"]
    gram = np.exp(-((landmarks[:, None] - landmarks[None]) ** 2).sum(-1)) + 0.5 * np.eye(len(landmarks))
    taught = np.concatenate([factors.outputs[words.taught], factors.inputs[words.taught]], axis=1)

    np.testing.assert_allclose(gram @ coefficients, taught, atol=1e-4)


def test_most_known_items_teach_where_not_all_can(world: World, factors: Factors) -> None:
    split = world[0]
    words = KernelWords(*world, factors, 10)
    counts = np.bincount(split.dataset.item_rows[split.train], minlength=len(split.warm_items))
    rest = np.setdiff1d(np.flatnonzero(split.warm_items), words.taught)

    assert len(words.taught) == 10
    assert counts[words.taught].min() >= counts[rest].max()


def test_model_predicts_what_the_regression_does(world: World, given: Settings) -> None:
    """A cold item's candidate vector is the scaled prediction from its words, through layers as through NumPy."""
    split, features = world
    ials = {"epochs": 0, "teacher": "ials", "ials_penalty": 20.0, "ials_alpha": 20.0}
    trained = fit(split, features, given.with_(**ials, kernel_gamma=1.0, max_landmarks=1000))
    factors = ials_factors(split, 12, penalty=20.0, alpha=20.0, seed=given.seed)
    words = KernelWords(split, features, factors, 1000)
    cold = np.flatnonzero(~split.warm_items & words.has_words)
    kernel = words.kernel(cold, words.taught, 1.0)
    expected = 4.0 * kernel @ words.solve(1.0, 1.0)["text"][1][:, :12]

    np.testing.assert_allclose(trained.model.candidate_table()[cold, :12], expected, rtol=1e-3, atol=1e-3)
