from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, gains
from tfcold.training.choose import DotScorer
from tfcold.training.content_profile import ContentProfile, content_profile
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.gains import Gains
from tfcold.training.kernel_words import KernelWords
from tfcold.training.norms import with_norms
from tfcold.training.profile_choice import choose_profile, weighed_kernels, weighed_maps
from tfcold.training.word_maps import maps_of
from tfcold.training.worded import towers_of

World = tuple[Split, Features]
SETTINGS = Settings(
    kernel_gamma=1.0, block_weights={}, profile_dim=5, cold_scale=2.0, warm_text_scale=0.1, text_halfway=0.0,
    history_text_scale=0.0, norm_shrinkage=0.0, warm_norm_shrinkage=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def words(world: World) -> KernelWords:
    return KernelWords(*world, 1000)


def _blind(factors: Factors, seed: int = 0) -> Factors:
    """A teacher of as long vectors that knows nothing."""
    noise = np.random.default_rng(seed).standard_normal((2, *factors.outputs.shape)).astype(np.float32)
    inputs, outputs = (np.where(factors.outputs.any(axis=1)[:, None], one, 0) for one in noise)
    return replace(factors, inputs=inputs, outputs=outputs)


def _chosen(
    world: World, words: KernelWords, factors: Factors, profile: ContentProfile, settings: Settings, **how: bool
) -> Settings:
    taught = profile.taught(factors)
    kernels, own = words.solve(taught, 1.0, 1.0, {})
    maps = maps_of(words.predicted(kernels, 1.0), own, factors.dim)
    return choose_profile(world[0], factors, profile, maps, settings, **how)


def test_taken_beside_a_teacher_that_knows_nothing(world: World, words: KernelWords) -> None:
    factors = _blind(ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0))
    profile = content_profile(world[0], words, factors, SETTINGS)
    chosen = _chosen(world, words, factors, profile, SETTINGS)

    assert chosen.profile_weight > 0
    assert (chosen.profile_columns, chosen.width) == (5, Settings().max_dim + 5)
    assert chosen.profile_penalty == 10.0


def test_a_scale_that_was_named_stays(world: World, words: KernelWords) -> None:
    factors = _blind(ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0))
    profile = content_profile(world[0], words, factors, SETTINGS)
    asked = SETTINGS.with_(cold_scale=0.5)  # too low: it would not stay

    assert _chosen(world, words, factors, profile, asked).cold_scale != 0.5
    kept = _chosen(world, words, factors, profile, asked, rescale=False)
    assert kept.profile_weight > 0
    assert kept.cold_scale == 0.5


def test_left_where_it_misleads(world: World, words: KernelWords) -> None:
    """What a history says of others' words is turned round: new items with alike words come last."""
    factors = _blind(ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0))
    profile = content_profile(world[0], words, factors, SETTINGS)
    chosen = _chosen(world, words, factors, replace(profile, inputs=-profile.inputs), SETTINGS)

    assert (chosen.profile_weight, chosen.width, chosen.cold_scale) == (0.0, Settings().max_dim, 2.0)


def test_left_where_nothing_can_be_measured_and_kept_where_it_is_named(world: World, words: KernelWords) -> None:
    factors = ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0)
    profile = content_profile(world[0], words, factors, SETTINGS)
    blank = (replace(world[0], validation={}), world[1])

    assert _chosen(blank, words, factors, profile, SETTINGS).profile_weight == 0.0
    named = _chosen(blank, words, factors, profile, SETTINGS.with_(profile_weight=0.5, profile_dim=None))
    assert (named.profile_weight, named.profile_dim) == (0.5, 5)


def test_weight_is_a_factor_of_the_scores_of_its_columns(world: World, words: KernelWords) -> None:
    factors = ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0)
    profile = content_profile(world[0], words, factors, SETTINGS)
    taught, weighed = profile.taught(factors), profile.weighed(0.25).taught(factors)
    kernels, own = words.solve(taught, 1.0, 1.0, {})
    maps = maps_of(words.predicted(kernels, 1.0), own, 8)
    solved, own_half = words.solve(weighed, 1.0, 1.0, {})
    half = maps_of(words.predicted(weighed_kernels(kernels, 8, 0.25), 1.0), own_half, 8)
    again = weighed_maps(maps, 0.25)

    np.testing.assert_allclose(half.candidates, again.candidates, atol=1e-5)
    np.testing.assert_allclose(half.history, again.history, atol=1e-5)
    np.testing.assert_allclose(half.candidates[:, 8:], 0.5 * maps.candidates[:, 8:], atol=1e-5)
    np.testing.assert_array_equal(again.candidates[:, :8], maps.candidates[:, :8])
    np.testing.assert_allclose(half.left_out, again.left_out, atol=1e-5)
    assert weighed_maps(maps, 0.0).history.shape[1] == 8
    np.testing.assert_allclose(weighed_kernels(kernels, 8, 0.25)["text"][1], solved["text"][1], atol=1e-4)


@pytest.mark.parametrize("leave_out", [True, False])
def test_known_items_say_as_much_as_before(world: World, words: KernelWords, leave_out: bool) -> None:
    """Whatever the weight, a warm candidate has nothing in the columns of the profile."""
    factors = ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0)
    profile = content_profile(world[0], words, factors, SETTINGS)
    kernels, own = words.solve(profile.taught(factors), 1.0, 1.0, {})
    maps = maps_of(words.predicted(kernels, 1.0), own, 8)
    asked = SETTINGS.with_(leave_out=leave_out)
    told, without = (
        towers_of(
            world[0],
            profile.weighed(weight).beside(factors),
            with_norms(weighed_maps(maps, weight), world[0], asked),
            asked,
        )
        for weight in (0.5, 0.0)
    )
    warm = world[0].warm_items

    assert np.abs(maps.left_out[warm, 8:]).max() > 0
    assert not told.candidates[warm, 8:].any()
    np.testing.assert_allclose(told.candidates[warm, :8], without.candidates[warm], atol=1e-6)
    assert np.abs(told.candidates[~warm, 8:]).max() > 0


def test_cold_rows_and_known_items_decide_together(
    world: World, words: KernelWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that gains among cold items is left out where known items, left out of the lesson, lose as clearly."""
    factors = _blind(ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0))
    profile = content_profile(world[0], words, factors, SETTINGS)
    whole, asked = gains.gains_of, []

    def losing(scorer: DotScorer, split: Split, regime: str, k: int, among: np.ndarray | None = None) -> Gains:
        found = whole(scorer, split, regime, k, among)
        if regime != "warm":
            return found
        asked.append((scorer.candidates, among))
        share = 0.001 if scorer.candidates.shape[1] > 8 else 1.0
        return Gains(found.by_user * share, found.by_item * share)

    assert _chosen(world, words, factors, profile, SETTINGS).profile_weight > 0
    monkeypatch.setattr(gains, "gains_of", losing)
    assert _chosen(world, words, factors, profile, SETTINGS).profile_weight == 0.0
    kernels, own = words.solve(profile.taught(factors), 1.0, 1.0, {})
    maps = maps_of(words.predicted(kernels, 1.0), own, 8)
    for candidates, among in asked:  # each as what the others say of it, at its weight
        np.testing.assert_allclose(candidates[:, :8], maps.left_out[:, :8], atol=1e-5)
        np.testing.assert_array_equal(among, maps.left_out.any(axis=1))
