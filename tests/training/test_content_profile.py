from __future__ import annotations

import numpy as np
import pytest

from tfcold.baselines.kernel import ridge_factor, ridge_solution
from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training.content_profile import components, content_profile, nothing, profile_of
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.kernel_words import KernelWords
from tfcold.training.trained import TrainedModel

World = tuple[Split, Features]


@pytest.fixture(scope="module")
def factors(world: World) -> Factors:
    return ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0)


def test_components_multiply_to_the_kernel(world: World) -> None:
    split, words = world[0], KernelWords(*world, 1000)
    found = components(words, split.warm_items, 1.0, {}, len(words.taught))

    own = words.kernel(words.taught, words.taught, 1.0, {})
    np.testing.assert_allclose(found[words.taught] @ found[words.taught].T, own, atol=2e-3)
    assert not found[~split.warm_items].any()
    np.testing.assert_allclose(components(words, split.warm_items, 1.0, {}, 5), found[:, :5], atol=1e-4)
    wide = components(words, split.warm_items, 1.0, {}, len(words.taught) + 3)
    assert wide.shape[1] == len(words.taught) + 3
    assert not wide[:, -3:].any()


def test_with_all_components_it_is_kernel_ridge_regression_on_the_rows(world: World, factors: Factors) -> None:
    split, words = world[0], KernelWords(*world, 1000)
    taught = words.taught
    found = components(words, split.warm_items, 1.0, {}, len(taught))
    profile = profile_of(split, found, factors, penalty=3.0)

    own = words.kernel(taught, taught, 1.0, {})
    expected = ridge_solution(ridge_factor(own.copy(), 3.0), own)
    scores = profile.inputs[taught] @ profile.outputs[taught].T
    np.testing.assert_allclose(scores / np.linalg.norm(scores), expected / np.linalg.norm(expected), atol=2e-4)


def test_its_weight_is_its_spread_over_training_users(world: World, factors: Factors) -> None:
    split, words = world[0], KernelWords(*world, 1000)
    found = components(words, split.warm_items, 1.0, {}, 6)
    profile = profile_of(split, found, factors, penalty=3.0).weighed(0.2)
    train = split.train_matrix()

    teacher = (train @ factors.inputs) @ factors.outputs.T
    own = (train @ profile.inputs) @ profile.outputs.T
    assert np.sqrt((own**2).mean() / (teacher**2).mean()) == pytest.approx(0.2, rel=1e-3)
    shares = [np.linalg.norm(mine) / np.linalg.norm(theirs) for mine, theirs in (
        (profile.inputs, factors.inputs), (profile.outputs, factors.outputs))]  # fmt: skip
    assert shares[0] == pytest.approx(shares[1], rel=1e-4)


def test_warm_candidates_are_the_teachers_alone(world: World, factors: Factors) -> None:
    split, words = world[0], KernelWords(*world, 1000)
    settings = Settings(kernel_gamma=1.0, block_weights={}, profile_dim=4, profile_weight=0.1, profile_penalty=3.0)
    profile = content_profile(split, words, factors, settings).weighed(0.1)
    beside, taught = profile.beside(factors), profile.taught(factors)

    assert beside.dim == taught.dim == len(beside.spectrum) == factors.dim + 4
    np.testing.assert_array_equal(beside.outputs[:, : factors.dim], factors.outputs)
    assert not beside.outputs[:, factors.dim :].any()
    np.testing.assert_array_equal(taught.outputs[:, factors.dim :], profile.outputs)
    np.testing.assert_array_equal(beside.inputs, taught.inputs)
    assert content_profile(split, words, factors, Settings(profile_weight=0.0)).inputs.shape[1] == 0
    assert profile.weighed(0.0).inputs.shape[1] == 0
    assert nothing(3).beside(Factors(*(np.ones((3, 2), np.float32),) * 2, np.ones(2, np.float32))).dim == 2


def test_a_fit_with_a_profile_is_wider_and_tells_new_items_of_alike_words(world: World, given: Settings) -> None:
    """A heavy profile: of new items, those whose words are nearest to a history come first."""
    split, features = world
    asked = given.with_(epochs=0, profile_dim=20, profile_weight=100.0, profile_penalty=1.0, kernel_gamma=1.0)
    trained = fit(split, features, asked)

    assert trained.model.dim == asked.width == given.dim + 20
    cold = np.flatnonzero(~split.warm_items & features.items["text"].mask)
    words = KernelWords(*world, 1000)
    warm = np.flatnonzero(split.warm_items & features.items["text"].mask)
    for user in np.flatnonzero(split.warm_users)[:5]:
        scores = trained.scores(_query(trained, user), cold)[0]
        near = np.asarray(split.train_matrix()[user][:, warm] @ words.kernel(warm, cold, 1.0, {}))[0]
        assert np.corrcoef(scores, near)[0, 1] > 0.5


def _query(trained: TrainedModel, user: int) -> Queries:
    rows = np.array([user], np.int32)
    return Queries(rows, trained.histories[rows], rows)
