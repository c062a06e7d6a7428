from __future__ import annotations

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.training import Settings, fit, similar_users
from tfcold.training.newcomers import Newcomers, newcomers_of
from tfcold.training.similar_users import choose_similar, landmarks_of

SETTLED = Settings(
    teacher="ials", dim=8, ials_penalty=2.0, ials_alpha=10.0, shrinkage=0.0, shrinkage_decay=0.0, prior_strength=0.0,
    prior_decay=1.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def newcomers(world: tuple[Split, object]) -> Newcomers:
    found = newcomers_of(world[0], SETTLED)
    assert found is not None
    return found


def test_landmarks_are_histories_of_training_users(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    split = world[0]
    inputs = np.random.default_rng(0).standard_normal((len(split.warm_items), 5)).astype(np.float32)
    monkeypatch.setattr(similar_users, "MOST", 7)
    found = landmarks_of(split, inputs, seed=1)
    everybody = split.train_matrix()[split.warm_users] @ inputs

    assert found.shape == (7, 5)
    assert np.abs(found[:, None] - everybody[None]).max(axis=2).min(axis=1).max() < 1e-5
    np.testing.assert_array_equal(found, landmarks_of(split, inputs, seed=1))


def test_the_best_on_newcomers_or_nothing(newcomers: Newcomers, monkeypatch: pytest.MonkeyPatch) -> None:
    prior = np.zeros(len(newcomers.rest.warm_items), np.float32)
    for gain, expected in ((1.02, (1.0, 10.0)), (1.004, similar_users.NOBODY)):
        monkeypatch.setattr(
            similar_users, "_along", lambda *args, gain=gain: [gain if one == (1.0, 10.0) else 1.0 for one in args[-1]]
        )
        chosen = choose_similar(newcomers, prior, SETTLED)
        assert (chosen.similar_strength, chosen.similar_sharpness) == expected
        named = choose_similar(newcomers, prior, SETTLED.with_(similar_strength=1.0))
        assert (named.similar_strength, named.similar_sharpness) == (1.0, 10.0)
    assert choose_similar(None, prior, SETTLED).similar_strength == 0


def test_what_is_measured_is_what_the_tower_does(newcomers: Newcomers) -> None:
    asked = newcomers.asked[3]
    prior = np.zeros(len(newcomers.rest.warm_items), np.float32)
    landmarks = landmarks_of(newcomers.rest, newcomers.factors.inputs, 0)
    found = similar_users._along(newcomers, asked, landmarks, prior, SETTLED, [similar_users.NOBODY, (2.0, 5.0)])
    pooled = asked.histories @ newcomers.factors.inputs
    plain = (pooled @ newcomers.factors.outputs[newcomers.listed].T).astype(np.float32)

    assert found[0] == pytest.approx(asked.ndcg(plain, newcomers.listed).mean(), abs=1e-6)
    assert found[1] != found[0]


def test_newcomers_alone_lean(world: tuple[Split, Features], given: Settings) -> None:
    split, features = world
    settings = given.with_(epochs=0, shrinkage=0.0, shrinkage_decay=0.0, similar_sharpness=5.0)
    without, leaning = (fit(split, features, settings.with_(similar_strength=value)) for value in (0.0, 1.0))
    users = np.flatnonzero(split.warm_users)[:5].astype(np.int32)
    histories = split.train_matrix().tocsr()[users]
    known, new = Queries(users, histories), Queries(np.zeros(5, np.int32), histories)

    assert without.model.user_tower.similar.num_users == 0
    np.testing.assert_allclose(leaning.query_vectors(known), without.query_vectors(known), atol=1e-5)
    moved = leaning.query_vectors(new) - without.query_vectors(new)
    lengths = np.linalg.norm(without.query_vectors(new)[:, :-1], axis=1)
    np.testing.assert_allclose(np.linalg.norm(moved[:, :-1], axis=1), lengths, rtol=1e-4)  # strength 1
