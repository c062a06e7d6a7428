from __future__ import annotations

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import Settings, fit, known_users
from tfcold.training.known_users import beyond_the_sum, choose_known
from tfcold.training.teacher import factors_of

SETTLED = Settings(teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0)


def test_of_the_length_of_the_sum_by_the_scores_of_warm_items(world: tuple[Split, object]) -> None:
    split = world[0]
    factors = factors_of(split, SETTLED, 8)
    asked = split.warm_users.copy()
    asked[np.flatnonzero(asked)[:3]] = False
    beyond = beyond_the_sum(split, factors, asked, SETTLED)
    summed = split.train_matrix() @ factors.inputs
    outputs = factors.outputs[split.warm_items].T

    assert not beyond[~asked].any()
    assert np.abs(beyond[asked]).max() > 1e-3
    lengths = [np.linalg.norm(one[asked] @ outputs, axis=1) for one in (summed, summed + beyond)]
    np.testing.assert_allclose(*lengths, rtol=1e-3)


def test_the_share_is_the_way_to_the_solution(world: tuple[Split, Features], given: Settings) -> None:
    split, features = world
    without, whole = (fit(split, features, given.with_(epochs=0, fold_in_share=share)) for share in (0.0, 1.0))
    users = np.flatnonzero(split.warm_users)[:5]
    histories = split.train_matrix().tocsr()[users]
    queries = Queries(users.astype(np.int32), histories)
    moved = whole.query_vectors(queries) - without.query_vectors(queries)
    ids = whole.model.user_tower.embedding.get_weights()[0]

    np.testing.assert_allclose(moved[:, :-1], ids[users], atol=1e-4)
    assert np.abs(ids[users]).max() > 1e-3
    assert not ids[0].any()
    newcomers = Queries(np.zeros(5, np.int32), histories)
    np.testing.assert_array_equal(whole.query_vectors(newcomers), without.query_vectors(newcomers))


@pytest.mark.parametrize(("gain", "loss", "expected"), [(1.05, 1.0, 0.5), (1.001, 1.0, 0.0), (1.05, 0.98, 0.0)])
def test_chosen_where_it_gains_and_warm_rows_do_not_lose(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch, gain: float, loss: float, expected: float
) -> None:
    split = world[0]
    factors = factors_of(split, SETTLED, 8)
    beyond = beyond_the_sum(split, factors, split.warm_users, SETTLED)
    largest = {share: np.abs(share * beyond).max() for share in (0.0, *known_users.SHARES)}

    def quality(scorer, sample, regime):
        reached = 0.0 if scorer.extra is None else np.abs(scorer.extra).max()
        share = min(largest, key=lambda one: abs(largest[one] - reached))
        return 0.5 if share != 0.5 else 0.5 * (loss if regime == "warm" else gain * (2 if loss < 1 else 1))

    monkeypatch.setattr(known_users, "beyond_the_sum", lambda *_: beyond)
    monkeypatch.setattr(known_users.choose, "quality", quality)
    assert choose_known(split, factors, factors.outputs, SETTLED).fold_in_share == expected


def test_a_share_that_is_named_stays(world: tuple[Split, object]) -> None:
    named = SETTLED.with_(fold_in_share=0.3)
    factors = factors_of(world[0], SETTLED, 8)
    assert choose_known(world[0], factors, factors.outputs, named) is named


@pytest.mark.parametrize("with_ease", [False, True])
def test_columns_of_ease_stay_sums_unless_they_are_asked_for(world: tuple[Split, object], with_ease: bool) -> None:
    halves = SETTLED.with_(teacher="both", ease_dim=3, ease_weight=1.0, penalty=30.0, fold_in_ease=with_ease)
    factors = factors_of(world[0], halves, 8)
    beyond = beyond_the_sum(world[0], factors, world[0].warm_users, halves)
    assert np.abs(beyond[:, :5]).max() > 1e-4
    assert bool(beyond[:, 5:].any()) is with_ease


def test_the_better_columns_and_penalty_are_chosen(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = SETTLED.with_(teacher="both", ease_dim=3, ease_weight=1.0, penalty=30.0)
    factors = factors_of(world[0], halves, 8)
    found: list[tuple[float | None, bool | None]] = []

    def beyond(split, told, users, settings):
        found.append((settings.fold_in_penalty, settings.fold_in_ease))
        return np.full((len(users), told.dim), 1.0, np.float32)

    def quality(scorer, sample, regime):
        wanted = scorer.extra is not None and found[-1] == (3.0, True) and scorer.extra.max() == 0.75
        return 0.6 if wanted else 0.5 if scorer.extra is None or found[-1] != (3.0, True) else 0.55

    monkeypatch.setattr(known_users, "beyond_the_sum", beyond)
    monkeypatch.setattr(known_users.choose, "quality", quality)
    chosen = choose_known(world[0], factors, factors.outputs, halves)
    assert (chosen.fold_in_share, chosen.fold_in_penalty, chosen.fold_in_ease) == (0.75, 3.0, True)
    assert set(found) == {(penalty, ease) for ease, some in known_users.PENALTIES.items() for penalty in some}


def test_a_training_user_is_asked_for_by_weighed_rows_and_a_newcomer_by_ones(
    world: tuple[Split, Features], given: Settings
) -> None:
    split, features = world
    model = fit(split, features, given.with_(epochs=0, confidence_spread=0.5))
    users = np.flatnonzero(split.warm_users)[:5]
    rows = split.train_matrix()[users]
    known = model.query_vectors(Queries(users.astype(np.int32), rows))
    new = model.query_vectors(Queries(np.zeros(5, np.int32), rows))
    more = split.weighed(0.5).train_matrix()[users] - rows
    expected = more @ model.model.history_tower.embedding.get_weights()[0]

    np.testing.assert_allclose((known - new)[:, :-1], expected, atol=1e-4)
    assert np.abs(expected).max() > 1e-3


def test_the_solution_of_weighed_rows_is_as_long_as_their_sum(world: tuple[Split, Features], given: Settings) -> None:
    split, features = world
    settings = given.with_(epochs=0, confidence_spread=0.5, fold_in_share=1.0, warm_text_scale=0.0)
    model = fit(split, features, settings).model
    towers = model.user_tower, model.history_tower, model.candidate_tower
    ids, inputs, outputs = (tower.embedding.get_weights()[0] for tower in towers)
    summed = split.weighed(0.5).train_matrix() @ inputs
    solved = split.train_matrix() @ inputs + ids
    lengths = [np.linalg.norm(one[split.warm_users] @ outputs[split.warm_items].T, axis=1) for one in (summed, solved)]

    np.testing.assert_allclose(*lengths, rtol=1e-3)
    assert np.abs(solved - summed).max() > 1e-2
