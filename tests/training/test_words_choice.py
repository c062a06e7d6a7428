from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, gains, words_choice
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors, ials_factors, seen_from
from tfcold.training.gains import Evidence, Gains, gains_of
from tfcold.training.ials_fits import IalsFits
from tfcold.training.kernel_words import KernelWords
from tfcold.training.words_choice import Lesson, choose_words, cold_quality, targets_of

World = tuple[Split, Features]
NAMED = Settings(kernel_gamma=2.0, text_penalty=0.7, block_weights={"text": 1.0}, words_ials_penalty=0.0)


@pytest.fixture(scope="module")
def factors(world: World) -> Factors:
    return ials_factors(world[0], 8, penalty=20.0, alpha=20.0, seed=0)


def test_what_settings_name_stays(world: World, factors: Factors) -> None:
    chosen = choose_words(world[0], IalsFits(world[0], 0), KernelWords(*world, 1000), factors, NAMED)

    assert chosen == NAMED.with_(words_ials_alpha=0.0)


def test_without_cold_validation_rows_nothing_is_measured(world: World, factors: Factors) -> None:
    split = replace(world[0], validation={})
    chosen = choose_words(split, IalsFits(split, 0), KernelWords(*world, 1000), factors, Settings())

    assert (chosen.kernel_gamma, chosen.text_penalty) == (words_choice.GAMMA, words_choice.PENALTY)
    assert (chosen.block_weights, chosen.words_ials_penalty) == ({}, 0.0)


def test_the_search_ends_no_lower_than_where_it_started(world: World, factors: Factors) -> None:
    split, features = world
    noise = np.random.default_rng(0).standard_normal((len(split.warm_items), 24)).astype(np.float32)
    both = Features({**features.items, "noise": replace(features.items["text"], name="noise", vectors=noise)})
    search = words_choice._Search(IalsFits(split, 0), split, KernelWords(split, both, 1000), factors, 1000)
    start = Lesson(words_choice.GAMMA, words_choice.PENALTIES[1])
    best = search.best(start, Settings())

    assert set(dict(best.weights)) <= {"noise"}
    assert search.measured(best).mean >= max(
        search.measured(replace(start, gamma=gamma, penalty=penalty)).mean
        for gamma in words_choice.GAMMAS
        for penalty in words_choice.PENALTIES
    )


def test_all_rows_may_ask_for_the_next_lower_penalty_and_no_other(
    world: World, factors: Factors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_choice, "SEARCH_ROWS", 10)
    tried: list[Lesson] = []
    measured = words_choice._Search.measured

    def spied(search: words_choice._Search, lesson: Lesson) -> Evidence:
        if len(search._drawn) > 10:
            tried.append(lesson)
        return measured(search, lesson)

    monkeypatch.setattr(words_choice._Search, "measured", spied)
    chosen = choose_words(
        world[0], IalsFits(world[0], 0), KernelWords(*world, 1000), factors, Settings(kernel_gamma=1.0)
    )
    low, high = sorted({lesson.penalty for lesson in tried})

    assert words_choice.PENALTIES.index(high) - words_choice.PENALTIES.index(low) == 1
    assert chosen.text_penalty in (low, high)


@pytest.mark.parametrize("held", [10, 1000])
def test_known_items_are_measured_as_if_they_were_new(
    world: World, factors: Factors, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the last that were drawn is what all others say, solved once for each of them."""
    monkeypatch.setattr(words_choice, "SEARCH_ROWS", held)
    split, words = world[0], KernelWords(*world, 1000)
    search = words_choice._Search(IalsFits(split, 0), split, words, factors, 1000)
    drawn = words.drawn(1000)
    gram = words.kernel(drawn, drawn, 1.0, {}).astype(np.float64)
    candidates, listed = np.zeros_like(factors.outputs), np.zeros(len(split.warm_items), bool)
    for place, item in list(enumerate(drawn))[-held:]:
        others = np.delete(np.arange(len(drawn)), place)
        shifted = gram[np.ix_(others, others)] + 3.0 * np.eye(len(others))
        candidates[item] = gram[place, others] @ np.linalg.solve(shifted, factors.outputs[drawn[others]])
        listed[item] = True
    found = search.measured(Lesson(1.0, 3.0)).known
    expected = gains_of(DotScorer(factors.inputs, candidates), split, "warm", words_choice.CUT, listed)

    assert found is not None
    assert len(expected.by_item) == listed.sum() == min(held, len(drawn))
    np.testing.assert_allclose(found.by_user, expected.by_user, atol=1e-4)


def test_what_is_kept_of_one_lesson_is_not_taken_for_another(world: World, factors: Factors) -> None:
    split, features = world
    noise = np.random.default_rng(0).standard_normal((len(split.warm_items), 24)).astype(np.float32)
    both = Features({**features.items, "noise": replace(features.items["text"], name="noise", vectors=noise)})
    lessons = [Lesson(0.5, 1.0), Lesson(1.0, 1.0), Lesson(1.0, 3.0), Lesson(1.0, 3.0, (("noise", 0.3),))]

    def search() -> words_choice._Search:
        return words_choice._Search(IalsFits(split, 0), split, KernelWords(split, both, 1000), factors, 1000)

    one = search()
    for lesson in lessons:
        found, alone = one.measured(lesson), search().measured(lesson)
        assert (found.new.mean, found.known.mean) == (alone.new.mean, alone.known.mean)


def test_without_warm_rows_cold_ones_decide_alone(world: World, factors: Factors) -> None:
    split = replace(world[0], validation={"cold_item": world[0].validation["cold_item"]})
    search = words_choice._Search(IalsFits(split, 0), split, KernelWords(*world, 1000), factors, 1000)

    assert search.measured(Lesson(1.0, 3.0)).known is None


def test_teachers_are_compared_by_new_items_alone(
    world: World, factors: Factors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a wider teacher may cost cold items is not made up for by known ones."""
    split, words = world[0], KernelWords(*world, 1000)
    before = cold_quality(IalsFits(split, 0), words, Settings())(factors)
    whole = gains.gains_of

    def no_known(scorer: DotScorer, split: Split, regime: str, *more: object) -> Gains:
        found = whole(scorer, split, regime, *more)
        return found if regime == "cold_item" else Gains(0 * found.by_user, 0 * found.by_item)

    monkeypatch.setattr(gains, "gains_of", no_known)
    assert cold_quality(IalsFits(split, 0), words, Settings())(factors) == before > 0


def test_a_teacher_seen_from_itself_says_what_it_said(world: World, factors: Factors) -> None:
    split = world[0]
    train = split.train_matrix()
    seen = seen_from(factors, factors, train)
    own = train @ factors.inputs @ factors.outputs.T

    np.testing.assert_allclose(train @ factors.inputs @ seen.T, own, atol=0.03 * np.abs(own).max())


def test_another_teacher_is_said_as_well_as_queries_can(world: World, factors: Factors) -> None:
    """Least squares: no other row of outputs, here one moved at random, comes nearer to the other's scores."""
    split = world[0]
    train = split.train_matrix()
    other = ials_factors(split, 8, penalty=60.0, alpha=5.0, seed=1)
    queries, wanted = train @ factors.inputs, train @ other.inputs @ other.outputs.T
    seen = seen_from(factors, other, train)
    scale = float((wanted * (queries @ seen.T)).sum() / ((queries @ seen.T) ** 2).sum())
    moved = seen + 0.05 * seen.std() * np.random.default_rng(0).standard_normal(seen.shape)

    assert np.square(queries @ (scale * seen).T - wanted).sum() < np.square(queries @ (scale * moved).T - wanted).sum()


def test_targets_are_as_large_as_the_teachers_own(world: World, factors: Factors) -> None:
    split = world[0]
    targets = targets_of(IalsFits(split, 0), factors, Settings(words_ials_penalty=100.0, words_ials_alpha=50.0))
    queries = split.train_matrix() @ factors.inputs
    own, new = (np.square(queries @ outputs.T).sum() for outputs in (factors.outputs, targets.outputs))

    assert new == pytest.approx(own, rel=0.02)
    np.testing.assert_array_equal(targets.inputs, factors.inputs)
    assert targets_of(IalsFits(split, 0), factors, Settings(words_ials_penalty=0.0)).outputs is factors.outputs
