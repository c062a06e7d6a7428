from __future__ import annotations

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import Settings, fit, known_users
from tfcold.training.known_users import beyond_the_sum, choose_fold_in_share
from tfcold.training.teacher import factors_of

SETTLED = Settings(teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0)


def test_of_the_length_of_the_sum_by_the_scores_of_warm_items(world: tuple[Split, object]) -> None:
    split = world[0]
    factors = factors_of(split, SETTLED, 8)
    asked = split.warm_users.copy()
    asked[np.flatnonzero(asked)[:3]] = False
    beyond = beyond_the_sum(split, factors, asked)
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
    beyond = beyond_the_sum(split, factors, split.warm_users)
    largest = {share: np.abs(share * beyond).max() for share in (0.0, *known_users.SHARES)}

    def quality(scorer, sample, regime):
        share = min(largest, key=lambda one: abs(largest[one] - np.abs(scorer.extra).max()))
        return 0.5 if share != 0.5 else 0.5 * (loss if regime == "warm" else gain * (2 if loss < 1 else 1))

    monkeypatch.setattr(known_users, "beyond_the_sum", lambda *_: beyond)
    monkeypatch.setattr(known_users.choose, "quality", quality)
    assert choose_fold_in_share(split, factors, factors.outputs, SETTLED).fold_in_share == expected


def test_a_share_that_is_named_stays(world: tuple[Split, object]) -> None:
    named = SETTLED.with_(fold_in_share=0.3)
    factors = factors_of(world[0], SETTLED, 8)
    assert choose_fold_in_share(world[0], factors, factors.outputs, named) is named
