"""Users who join a bundle with their words: as the fit would have placed them, on disk and in memory."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.errors import BundleError, EncoderMismatchError, InputError
from tfcold.export import add_users, export
from tfcold.export.parts import Parts
from tfcold.manifest import hashes_of, read_manifest
from tfcold.ranking import Queries
from tfcold.text.vectors import TextVectors

LIKE = {"n1": "u1", "n2": "u2", "n3": "u3"}  # who has the words, and the history if any, of whom
PEOPLE = ["n1", "n2", "n3", "n4"]
USERS = pd.DataFrame({"user_id": ["n2", "n1", "n3"], "about": "not read here"})


def history_like(world, likes):
    rows = [
        (name, world.trained.item_ids.ids[item - 1])
        for name, user in likes.items()
        for item in world.trained.histories[world.trained.user_ids.rows([user])[0]].indices
    ]
    return pd.DataFrame(rows, columns=["user_id", "item_id"])


@pytest.fixture(scope="module")
def world(toys):
    """What words say of users comes from a kernel regression, and fades."""
    return toys.make_world(num_user_landmarks={"about": 7})


@pytest.fixture(scope="module")
def bundle(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("described") / "toy"
    export(world.trained, folder, items=world.items, features=world.features, encoders={"lexical": world.lexical})
    return folder


@pytest.fixture(scope="module")
def history(world):
    """n1 and n4 did what u1 and u4 did; n2 and n3 did nothing."""
    return history_like(world, {"n1": "u1", "n4": "u4"})


@pytest.fixture(scope="module")
def vectors(world):
    about = world.features.users["about"].vectors
    rows = world.trained.user_ids.rows(list(LIKE.values()))
    return {"about": TextVectors(np.array(list(LIKE), object), about[rows], {"encoder": "drawn"})}


@pytest.fixture(scope="module")
def written(bundle, history, vectors, tmp_path_factory):
    out = tmp_path_factory.mktemp("written") / "toy"
    return tfcold.load(add_users(bundle, history, out, users=USERS, vectors=vectors))


@pytest.fixture(scope="module")
def changed(bundle, history, vectors):
    model = tfcold.load(bundle)
    model.add_users(history, USERS, vectors)
    return model


def test_new_user_is_placed_as_one_of_the_fit_without_training_rows(world, written, changed):
    """Row 0 has no ID and a history that is shrunk, as every user of the tables without training rows."""
    trained = world.trained
    words = trained.user_ids.rows(list(LIKE.values()))
    done = trained.histories[np.array([words[0], 0, 0])]
    items = np.arange(1, len(trained.item_ids) + 1, dtype=np.int32)
    expected = trained.scores(Queries(np.zeros(3, np.int32), done, words.astype(np.int32)), items)
    without = trained.scores(Queries(np.zeros(3, np.int32), done), items)
    pairs = pd.DataFrame({"user_id": np.repeat(list(LIKE), len(items)), "item_id": np.tile(trained.item_ids.ids, 3)})

    for model in (written, changed):
        scores = model.score(pairs)["score"].to_numpy().reshape(3, -1)
        np.testing.assert_allclose(scores, expected, atol=1e-5)
    there = np.isfinite(expected)
    assert np.abs(expected[there] - without[there]).max() > 1e-2  # and words say something


QUESTIONS = {
    "recommend": lambda model: model.recommend([*PEOPLE, "u1", "nobody"], k=99),
    "audience": lambda model: model.audience(["i3", "i28"], k=99),
    "audience of vectors": lambda model: model.audience(vectors=np.ones((1, 5), np.float32), k=99),
    "users": lambda model: pd.DataFrame({"user_id": model.user_ids}),
    "explain": lambda model: model.explain_lists(
        pd.DataFrame({"user_id": PEOPLE, "item_id": ["i5", "i6", "i7", "i8"]})
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_in_memory_is_what_a_written_bundle_answers(written, changed, name):
    ours, theirs = QUESTIONS[name](changed), QUESTIONS[name](written)

    assert len(ours) > 0
    assert ours.columns.tolist() == theirs.columns.tolist()
    for column in ours.columns:
        if column in ("score", "value"):
            np.testing.assert_allclose(ours[column].to_numpy(float), theirs[column].to_numpy(float), atol=1e-5)
        else:
            assert ours[column].tolist() == theirs[column].tolist(), column


def test_who_has_no_words_goes_by_history_and_who_has_neither_gets_what_is_popular(bundle, written, changed, history):
    told = tfcold.load(bundle).recommend_from_history(history[history["user_id"] == "n4"], k=99)
    for model in (written, changed):
        known = model.recommend(["n4"], k=99)
        assert known["item_id"].tolist() == told["item_id"].tolist()
        np.testing.assert_allclose(known["score"], told["score"], atol=1e-5)
        assert model.user_ids.tolist()[-4:] == ["n1", "n4", "n2", "n3"]  # those with a history first
    changed_more = changed._pinned(changed._now)
    changed_more.add_users(users=pd.DataFrame({"user_id": ["mute"]}), vectors={})
    assert changed_more.recommend(["mute"], k=9)["item_id"].tolist() == (
        changed.recommend(["nobody"], k=9)["item_id"].tolist()
    )
    assert written.manifest.added[-1]["users"] == 4


@pytest.mark.parametrize(
    ("error", "match", "asked"),
    [
        (InputError, "`history` or `users` must be given; received neither", {}),
        (InputError, "`users` must have at least one row; received 0", {"users": USERS.iloc[:0]}),
        (InputError, "must have a column 'user_id'; its columns are \\['about'\\]", {"users": USERS[["about"]]}),
        (InputError, "1 of 2 are empty, 0 come again", {"users": pd.DataFrame({"user_id": ["n", None]})}),
        (InputError, "0 of 2 are empty, 1 come again", {"users": pd.DataFrame({"user_id": ["n", "n"]})}),
        (InputError, "`users` must be of users new to the bundle; it knows 1 of 2 already: 'u1'",
         {"users": pd.DataFrame({"user_id": ["n", "u1"]})}),
        (BundleError, "does not say what encodes block 'about'.*Pass vectors instead", {"users": USERS}),
        (InputError, "must name blocks of the bundle, \\['about'\\]; received \\['text'\\]",
         {"users": USERS, "vectors": {"text": TextVectors(np.array(["n1"], object), np.ones((1, 3), np.float32))}}),
        (EncoderMismatchError, "must be 3 wide .* received 2",
         {"users": USERS, "vectors": {"about": TextVectors(np.array(["n1"], object), np.ones((1, 2), np.float32))}}),
    ],
)  # fmt: skip
def test_what_cannot_join_is_named_and_changes_nothing(bundle, changed, tmp_path, error, match, asked):
    asked = {"histories": None, **asked}
    model = changed._pinned(changed._now)
    with pytest.raises(error, match=match):
        model.add_users(**{**asked, "users": _others(asked.get("users"))})
    assert model._now is changed._now
    with pytest.raises(error, match=match):
        add_users(bundle, asked.pop("histories"), tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def _others(users):
    """The same table under names that did not join in memory before."""
    if users is None or "user_id" not in users:
        return users
    return users.assign(user_id=[f"m{name}" if name in LIKE else name for name in users["user_id"]])


def test_model_without_words_of_users_refuses_them(bundle, vectors, tmp_path):
    """Also a bundle of before bundles kept the layers that read them: then the card names blocks that are not there."""
    old = tmp_path / "old"
    shutil.copytree(bundle, old)
    version = old / "1"
    parts = version / "assets.extra" / "parts.npz"
    with np.load(parts) as arrays:
        kept = {name: value for name, value in arrays.items() if not name.startswith("user_block/")}
        assert len(kept) < len(arrays.files)
    np.savez(parts, **kept)
    path = version / "assets.extra" / "manifest.json"
    card = json.loads(path.read_text())
    card["parts"]["layers"].pop("user_block/about")
    del card["user_text"], card["sha256"]
    for schema, error, match in (
        (card["schema"], BundleError, "`users` must be left out: .*written without the layers.*blocks about"),
        (
            {**card["schema"], "user_vectors": {}},
            InputError,
            "fitted without words of users.*received words of 3 users",
        ),
    ):
        path.write_text(json.dumps({**card, "schema": schema, "files": hashes_of(version)}))
        assert read_manifest(version).user_text == {}
        with pytest.raises(error, match=match):
            add_users(old, None, tmp_path / "out", users=USERS, vectors=vectors)
    assert not (tmp_path / "out").exists()
    model = tfcold.load(old)
    with pytest.raises(InputError, match="fitted without words of users"):
        model.add_users(users=USERS)
    model.add_users(pd.DataFrame({"user_id": ["n1"], "item_id": ["i1"]}))  # by history it goes on
    assert "n1" in set(model.user_ids)


def test_parts_read_words_as_the_model_does(world, monkeypatch):
    model = world.trained.model
    parts = Parts.of_model(model)
    about = world.features.users["about"]
    rows = np.arange(1, 5)
    summed, counts = np.ones((4, 6), np.float32), np.array([0, 1, 2, 3], np.float32)
    words = {"about": (about.vectors[rows], about.mask[rows])}
    expected = model.pooled_queries(np.zeros(4, np.int32), summed, counts, rows.astype(np.int32)).numpy()

    for one in (parts, Parts.from_config(parts.config(), parts.arrays())):
        np.testing.assert_allclose(one.query(summed, counts, words), expected, atol=1e-6)
    monkeypatch.setattr("tfcold.export.parts._PASS", 3)  # the words of four users come in two passes
    np.testing.assert_allclose(parts.query(summed, counts, words), expected, atol=1e-6)
    assert np.abs(parts.query(summed, counts) - expected).max() > 1e-2
