from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold import splits
from tfcold.blocks import Features
from tfcold.data import Dataset, synthetic_world
from tfcold.splits.split import Split
from tfcold.training import Settings, fit, norms
from tfcold.training.factors import ials_factors, seen_from
from tfcold.training.gains import Evidence, Gains
from tfcold.training.kernel_words import KernelWords
from tfcold.training.norms import choose_norms, with_norms
from tfcold.training.word_maps import WordMaps

World = tuple[Split, Features]


@pytest.fixture(scope="module")
def maps(world: World) -> WordMaps:
    factors = ials_factors(world[0], 6, penalty=2.0, seed=0)
    return KernelWords(*world, 1000).maps(factors, 1.0, 0.5, {}, 1000, seed=0, known=6)


def test_lengths_go_towards_the_mean_of_warm_items(world: World, maps: WordMaps) -> None:
    split = world[0]
    lengths = np.linalg.norm(maps.candidates, axis=1)
    told = lengths > 0
    mean = lengths[split.warm_items & told].mean()
    shrunk = with_norms(maps, split, Settings(norm_shrinkage=0.75))

    assert shrunk.norm == pytest.approx(mean, rel=1e-5)
    found = np.linalg.norm(shrunk.candidates, axis=1)
    np.testing.assert_allclose(found[told], 0.25 * lengths[told] + 0.75 * mean, rtol=1e-4)
    assert not found[~told].any()
    np.testing.assert_array_equal(shrunk.history, maps.history)
    np.testing.assert_array_equal(shrunk.beside, maps.left_out)
    for leave_out, said in ((True, maps.left_out), (False, maps.candidates)):
        beside = with_norms(maps, split, Settings(leave_out=leave_out, warm_norm_shrinkage=0.75))
        before = np.linalg.norm(said, axis=1)
        expected = 0.25 * before + 0.75 * before[split.warm_items & told].mean()
        np.testing.assert_allclose(np.linalg.norm(beside.beside, axis=1)[told], expected[told], rtol=1e-4)
        np.testing.assert_array_equal(beside.candidates, maps.candidates)


def test_chosen_where_lengths_mislead_and_not_where_they_tell() -> None:
    """Lengths drawn at random bury items; lengths by the rows to be found lift those that are asked for."""
    interactions, items, users = synthetic_world(300, 900, seed=0, num_topics=4)
    split = splits.cold_item(Dataset.from_tables(interactions, items, users), validation=0.3, seed=1)
    factors = ials_factors(split, 6, penalty=2.0, seed=0)
    draw = np.random.default_rng(0)
    everything = replace(split, train=np.arange(len(split.dataset)), validation={}, test={})
    said = seen_from(factors, ials_factors(everything, 6, penalty=2.0, seed=0), split.train_matrix())
    units = said / np.maximum(np.linalg.norm(said, axis=1, keepdims=True), 1e-9)

    def chosen(lengths: np.ndarray, left_out: np.ndarray | float = 1.0) -> float | None:
        told, left = ((units * one).astype(np.float32) for one in (lengths[:, None], np.reshape(left_out, (-1, 1))))
        maps = WordMaps(told, left, left, told, ({}, {}), known=told.shape[1])
        return choose_norms(split, factors, maps, Settings()).norm_shrinkage

    rows = np.concatenate([split.validation["cold_item"], split.validation["warm"]])
    wanted = 1.0 + np.bincount(split.dataset.item_rows[rows], minlength=len(units))
    drawn = np.exp(2 * draw.standard_normal(len(units)))
    assert chosen(drawn) >= 0.5
    assert chosen(wanted) == 0.0
    assert chosen(np.ones(len(units)), drawn) >= 0.5  # known items that are left out have a say
    assert chosen(np.ones(len(units)), wanted) == 0.0


def test_a_share_that_gains_for_sure_goes_before_one_that_gains_more_by_chance(
    world: World, maps: WordMaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = np.full(50, 0.3)
    lucky = level + 0.5 * (np.arange(50) == 7)  # all of its gain is one user's
    said = iter([level, level + 0.003, level + 0.005, lucky, level])
    monkeypatch.setattr(
        norms, "evidence_of", lambda *_: Evidence(Gains(one := next(said), np.full(10, one.mean() / 10)))
    )
    factors = ials_factors(world[0], 6, penalty=2.0, seed=0)
    settings = Settings(leave_out=True, warm_norm_shrinkage=0.0, warm_text_scale=0.1)
    assert choose_norms(world[0], factors, maps, settings).norm_shrinkage == 0.5


def test_what_is_named_stays(world: World, maps: WordMaps) -> None:
    factors = ials_factors(world[0], 6, penalty=2.0, seed=0)
    assert choose_norms(world[0], factors, maps, Settings(norm_shrinkage=0.3)).norm_shrinkage == 0.3


def test_without_cold_rows_nothing_is_chosen(world: World, maps: WordMaps) -> None:
    split = replace(world[0], validation={"warm": world[0].validation["warm"]})
    factors = ials_factors(split, 6, penalty=2.0, seed=0)

    assert choose_norms(split, factors, maps, Settings()).norm_shrinkage == 0.0


def test_words_of_warm_items_get_one_length_where_it_helps(world: World, maps: WordMaps) -> None:
    """What is known is nothing: words alone rank, and lengths drawn at random bury half of the items."""
    split = world[0]
    factors = ials_factors(split, 6, penalty=2.0, seed=0)
    known = replace(factors, outputs=np.zeros_like(factors.outputs))
    units = factors.outputs / np.maximum(np.linalg.norm(factors.outputs, axis=1, keepdims=True), 1e-9)
    lengths = np.exp(2 * np.random.default_rng(0).standard_normal(len(units)))
    told = replace(maps, left_out=(units * lengths[:, None]).astype(np.float32), candidates=0 * units)

    assert choose_norms(split, known, told, Settings(norm_shrinkage=0.0)).warm_norm_shrinkage == 1.0
    for settled in (Settings(warm_norm_shrinkage=0.3), Settings(warm_text_scale=0.0, warm_norm_shrinkage=None)):
        chosen = choose_norms(split, known, told, settled.with_(norm_shrinkage=0.0))
        assert chosen.warm_norm_shrinkage == (settled.warm_norm_shrinkage or 0.0)


@pytest.mark.parametrize("leave_out", [True, False])
def test_the_words_that_rank_better_stand_beside_what_is_known(world: World, maps: WordMaps, leave_out: bool) -> None:
    split = world[0]
    factors = ials_factors(split, 6, penalty=2.0, seed=0)
    known = replace(factors, outputs=np.zeros_like(factors.outputs))
    noise = np.random.default_rng(0).standard_normal(factors.outputs.shape).astype(np.float32)
    sides = (factors.outputs, noise) if leave_out else (noise, factors.outputs)
    told = replace(maps, left_out=sides[0], candidates=sides[1])

    assert choose_norms(split, known, told, Settings(norm_shrinkage=0.0)).leave_out is leave_out
    named = Settings(norm_shrinkage=0.0, leave_out=not leave_out)
    assert choose_norms(split, known, told, named).leave_out is not leave_out
    blank = replace(split, validation={})
    assert choose_norms(blank, known, told, Settings()).leave_out is True


def test_words_of_warm_items_have_lengths_of_their_own(world: World, given: Settings) -> None:
    split, features = world
    warm = np.flatnonzero(split.warm_items & features.items["text"].mask)
    settled = given.with_(epochs=0, teacher="ials", ials_penalty=2.0, ials_alpha=10.0, kernel_gamma=1.0)
    settled = settled.with_(norm_shrinkage=0.5, warm_norm_shrinkage=1.0, text_halfway=0.0)
    plain, worded = (fit(split, features, settled.with_(warm_text_scale=scale)) for scale in (0.0, 1.5))
    words = np.linalg.norm(worded.candidate_table[warm, :-1] - plain.candidate_table[warm, :-1], axis=1)

    np.testing.assert_allclose(words, words[0], rtol=1e-3)


def test_the_model_serves_the_lengths_that_were_chosen(world: World, given: Settings) -> None:
    split, features = world
    cold = np.flatnonzero(~split.warm_items & features.items["text"].mask)
    settled = given.with_(epochs=0, teacher="ials", ials_penalty=2.0, ials_alpha=10.0, kernel_gamma=1.0)
    plain, level = (fit(split, features, settled.with_(norm_shrinkage=share)) for share in (0.0, 1.0))
    before, after = (np.linalg.norm(one.candidate_table[cold, :-1], axis=1) for one in (plain, level))

    assert np.ptp(before) > 0.01 * before.mean()
    np.testing.assert_allclose(after, after[0], rtol=1e-3)
