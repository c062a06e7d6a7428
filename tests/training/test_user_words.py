from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold import evaluate, splits
from tfcold.baselines import Popularity
from tfcold.blocks import Features
from tfcold.data import Dataset, synthetic_world
from tfcold.splits.split import Split
from tfcold.text.encoders import LexicalEncoder
from tfcold.text.vectors import TextVectors
from tfcold.training import Settings, fit, user_words
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.fold_in import WARM, spread_of
from tfcold.training.kernel_words import KernelWords
from tfcold.training.newcomers import Newcomers, newcomers_of
from tfcold.training.user_words import UNTOLD, WEIGHTS, choose_user_words, lesson_of

SETTLED = Settings(
    teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0, shrinkage=0.0, shrinkage_decay=0.0, prior_strength=0.1,
    prior_decay=1.0, similar_strength=0.0, similar_sharpness=1.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def described() -> tuple[Split, Features]:
    """Users of one or two topics who say which; the vectors of their words."""
    interactions, items, users = synthetic_world(220, 80, seed=3, num_topics=4, focus=4.0)
    dataset = Dataset.from_tables(interactions, items, users)
    split = splits.cold_user(dataset, reveal=0, seed=2)
    ids = users.frame["user_id"]
    warm = split.warm_users[dataset.user_ids.rows(ids)]
    encoder = LexicalEncoder(24).fit(users.frame[warm])
    vectors = TextVectors(ids.to_numpy(object), encoder.encode_frame(users.frame), {"encoder": "lexical"})
    return split, Features(users={"about": vectors.block("about", dataset.user_ids)})


@pytest.fixture(scope="module")
def factors(described: tuple[Split, Features]) -> Factors:
    return ials_factors(described[0], 8, penalty=2.0, seed=0)


@pytest.fixture(scope="module")
def newcomers(described: tuple[Split, Features]) -> Newcomers:
    found = newcomers_of(described[0], SETTLED)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def words(described: tuple[Split, Features]) -> KernelWords:
    return KernelWords(*described, user_words.LANDMARKS, side="users")


def test_a_lesson_is_the_ridge_fit_of_what_a_user_did(described: tuple[Split, Features], factors: Factors) -> None:
    split = described[0]
    taught = np.flatnonzero(split.warm_users)[3:]
    received = lesson_of(split, factors.outputs, taught).outputs
    candidates = factors.outputs[split.warm_items].astype(np.float64)
    penalty = np.trace(candidates.T @ candidates) / 8
    user = np.flatnonzero(split.warm_users)[5]
    row = split.train_matrix()[user].toarray()[0, split.warm_items]
    stacked = np.concatenate([candidates, np.sqrt(penalty) * np.eye(8)])
    expected = np.linalg.lstsq(stacked, np.concatenate([row / np.linalg.norm(row), np.zeros(8)]), rcond=None)[0]

    np.testing.assert_allclose(received[user], expected, atol=1e-5)
    assert set(np.flatnonzero(received.any(axis=1))) == set(taught)


def test_of_users_who_do_not_teach_words_say_what_is_spread_as_one_click(
    described: tuple[Split, Features], factors: Factors, words: KernelWords
) -> None:
    split = described[0]
    settled = SETTLED.with_(user_words_penalty=1.0, user_words_strength=1.0, user_words_decay=1.0)
    kernels, settings = choose_user_words(words, split, factors, None, settled)
    warm = np.flatnonzero(split.warm_items).astype(np.int32)
    one_click = spread_of(factors, split.train_matrix(), warm)
    said = words.predicted(kernels, user_words.GAMMA, words.taught) @ factors.outputs[warm].T
    new = words.predicted(kernels, user_words.GAMMA, np.flatnonzero(~split.warm_users & words.has_words))

    assert settings == settled
    assert (new @ factors.outputs[warm].T).std() == pytest.approx(one_click, rel=0.2)
    assert said.std() > 1.02 * one_click


def test_where_nobody_can_be_asked_words_count_as_one_click(
    described: tuple[Split, Features], factors: Factors, words: KernelWords
) -> None:
    _, settings = choose_user_words(words, described[0], factors, None, SETTLED)
    assert (settings.user_words_strength, settings.user_words_decay) == UNTOLD
    _, settings = choose_user_words(words, described[0], factors, None, SETTLED.with_(user_words_strength=0.3))
    assert (settings.user_words_strength, settings.user_words_decay) == (0.3, UNTOLD[1])


def test_newcomers_choose_words_that_tell_something(
    described: tuple[Split, Features], factors: Factors, words: KernelWords, newcomers: Newcomers
) -> None:
    split = described[0]
    _, settings = choose_user_words(words, split, factors, newcomers, SETTLED)
    assert settings.user_words_strength > 0
    penalty, tables = user_words._tables(words, split, factors, newcomers, SETTLED)
    assert penalty == settings.user_words_penalty
    assert list(tables) == [f"{known} known" for known in (0, *newcomers.asked)]
    unknown = tables["0 known"][1].mean(axis=0)
    assert unknown.max() > 1.1 * unknown[0]

    block = described[1].users["about"]
    mixed = np.random.default_rng(0).permutation(len(block.mask) - 1) + 1
    shuffled = replace(block, vectors=np.concatenate([block.vectors[:1], block.vectors[mixed]]))
    nonsense = KernelWords(split, Features(users={"about": shuffled}), user_words.LANDMARKS, side="users")
    _, settings = choose_user_words(nonsense, split, factors, newcomers, SETTLED)
    assert (settings.user_words_strength or 0) < 1


def table_of(*gains: float) -> np.ndarray:
    """Three users with the same quality at each of `WEIGHTS`."""
    return np.repeat(np.array([gains]), 3, axis=0)


def test_curves_are_read_between_the_weights_of_the_table() -> None:
    table = table_of(*np.arange(len(WEIGHTS)))
    counts = np.array([0.0, 1.0, 3.0])
    place = WEIGHTS.index(1.0)

    assert user_words._along(counts, table, 1.0, 0.0) == pytest.approx([place] * 3)
    assert user_words._along(counts[:2], table[:2], 2.0, 1.0)[1] == pytest.approx(place)
    assert user_words._along(counts[:1], table[:1], 3.0, 2.0) == pytest.approx([place + 1])
    assert not user_words._along(counts, table, 0.0, 1.0).any()


def test_the_best_curve_gains_half_a_percent_and_costs_warm_users_nothing() -> None:
    level, curves = [1.0] * len(WEIGHTS), [(1.0, 0.0), (1.0, 2.0)]
    better = [1.0 + 0.5 * (weight == 1.0) for weight in WEIGHTS]
    worse = [1.0 - 0.5 * (weight == 1.0) for weight in WEIGHTS]
    hardly = [1.0 + 0.003 * (weight == 1.0) for weight in WEIGHTS]
    unknown, known = np.zeros(3), np.full(3, 40.0)

    def chosen(first: list[float], warm: list[float]) -> tuple[float, float]:
        tables = {"0 known": (unknown, table_of(*first)), WARM: (known, table_of(*warm))}
        return user_words._best_curve(tables, curves, named=named)[:2]

    named = False
    assert chosen(better, level) == (1.0, 0.0)
    assert chosen(better, worse) == (1.0, 2.0)
    assert chosen(hardly, level)[0] == 0
    assert chosen(worse, level)[0] == 0
    curves.append(UNTOLD)  # is taken where it gains at all
    assert chosen(hardly, level) == UNTOLD
    assert chosen(worse, level)[0] == 0
    named = True
    assert chosen(worse, level) == (1.0, 0.0)


def test_a_gain_of_few_users_that_may_be_chance_is_none() -> None:
    table = table_of(*([1.0] * len(WEIGHTS)))
    table[0, WEIGHTS.index(1.0)] = 1.2
    for number, expected in ((1, 0.0), (40, 1.0)):  # the more users are like these, the less is it chance
        tables = {"0 known": (np.zeros(3 * number), np.concatenate([table] * number))}
        assert user_words._best_curve(tables, [(1.0, 0.0), (0.0, 0.0)], named=False)[0] == expected


def test_words_that_count_nothing_leave_no_regression(
    described: tuple[Split, Features], factors: Factors, words: KernelWords, newcomers: Newcomers
) -> None:
    off = SETTLED.with_(user_words_strength=0.0)
    assert user_words.is_settled(off)
    assert choose_user_words(words, described[0], factors, newcomers, off) == (None, off)


def test_where_no_newcomer_can_be_asked_warm_users_may_object(
    described: tuple[Split, Features], factors: Factors, words: KernelWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_words.choose, "has", lambda *_: True)
    for last, expected in ((1.0, UNTOLD[0]), (0.5, 0.0)):
        table = table_of(*np.linspace(1.0, last, len(WEIGHTS)))
        monkeypatch.setattr(user_words, "_warm_table", lambda *_, table=table: {WARM: (np.full(3, 9.0), table)})
        kernels, settings = choose_user_words(words, described[0], factors, None, SETTLED)
        assert settings.user_words_strength == expected
        assert (kernels is None) == (expected == 0)


def test_users_of_whom_only_words_are_known_get_what_they_ask_for(described: tuple[Split, Features]) -> None:
    split, features = described
    settings = SETTLED.with_(
        penalty=30.0, max_dim=8, confidence_spread=0.0, fold_in_share=0.0, epochs=0, seed=0,
        prior_strength=None, prior_decay=None,
    )  # fmt: skip
    found = {
        name: evaluate(model, split, k=20).mean("cold_user", "ndcg@20")
        for name, model in (
            ("words", fit(split, features, settings)),
            ("no words", fit(split, Features(), settings)),
            ("popularity", Popularity().fit(split)),
        )
    }
    assert found["words"] > 1.15 * found["no words"]
    assert found["words"] > 1.15 * found["popularity"]
