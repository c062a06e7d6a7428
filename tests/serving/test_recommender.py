from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.errors import BundleError, InputError


@pytest.fixture(scope="module")
def model(bundle):
    return tfcold.load(bundle)


def lists(frame, key="user_id", value="item_id"):
    return {name: part[value].tolist() for name, part in frame.groupby(key, sort=False)}


def test_recommend_is_what_the_model_in_memory_says(world, model):
    users = ["u3", "nobody", "u0", "u3"]
    ours, theirs = model.recommend(users, k=6), world.trained.recommend(users, k=6)

    assert ours.columns.tolist() == ["user_id", "item_id", "rank", "score"]
    assert ours["rank"].tolist() == [1, 2, 3, 4, 5, 6] * 4
    assert ours["user_id"].tolist() == np.repeat(users, 6).tolist()
    assert ours["item_id"].tolist() == theirs["item_id"].tolist()
    np.testing.assert_allclose(ours["score"], theirs["score"], atol=1e-5)


def test_recommend_is_what_the_signature_says(model, loaded):
    users = model.user_ids.tolist()
    answer = loaded.signatures["serving_default"](user_id=tf.constant(users))
    ours = model.recommend(users)

    listed = answer["item_id"].numpy().ravel() != b""  # who did much has fewer than 20 items left
    assert ours["item_id"].tolist() == [name.decode() for name in answer["item_id"].numpy().ravel()[listed]]
    np.testing.assert_array_equal(ours["score"], answer["score"].numpy().ravel()[listed])


def test_candidates_and_exclude_come_before_the_cut(world, model):
    candidates = world.trained.item_ids.ids[::2].tolist()
    exclude = pd.DataFrame({"user_id": ["u3", "u3", "other"], "item_id": ["i4", "no such item", "i6"]})
    ours = model.recommend(["u3", "u5"], k=7, candidates=candidates, exclude=exclude)
    theirs = world.trained.recommend(["u3", "u5"], k=7, candidates=candidates, exclude=exclude)

    assert len(ours) == 14
    assert ours["item_id"].tolist() == theirs["item_id"].tolist()
    np.testing.assert_allclose(ours["score"], theirs["score"], atol=1e-5)
    assert "i4" not in lists(ours)["u3"]
    assert set(ours["item_id"]) <= set(candidates)


def test_k_results_come_back_whenever_k_exist(world, model, toys):
    done = set(world.trained.item_ids.ids_of(world.trained.histories[world.trained.user_ids.rows(["u3"])].indices))
    open_ids = set(world.trained.item_ids.ids) - done - {toys.UNKNOWN}
    all_but_three = sorted(open_ids)[3:]
    exclude = pd.DataFrame({"user_id": "u3", "item_id": all_but_three})

    assert sorted(model.recommend(["u3"], k=3, exclude=exclude)["item_id"]) == sorted(open_ids)[:3]
    assert sorted(model.recommend(["u3"], k=1000)["item_id"]) == sorted(open_ids)
    assert model.recommend(["u3"], k=5, candidates=[toys.UNKNOWN])["item_id"].tolist() == []


def test_histories_as_mapping_and_as_frame(model, loaded):
    mapping = {"new": ["i1", "i5", "i5"], 7: [], "odd": ["no such item"]}
    frame = pd.DataFrame({"user_id": ["new", "odd", "new"], "item_id": ["i5", "no such item", "i1"]})
    ours = model.recommend_from_history(mapping, k=4)
    answer = loaded.signatures["recommend_from_history"](
        item_id=tf.constant([["i1", "i5"], ["", ""], ["", ""]]), k=tf.constant(4)
    )

    assert list(lists(ours)) == ["new", "7", "odd"]
    assert ours["item_id"].tolist() == [name.decode() for name in answer["item_id"].numpy().ravel()]
    np.testing.assert_array_equal(ours["score"], answer["score"].numpy().ravel())
    assert lists(model.recommend_from_history(frame, k=4)) == {
        name: names for name, names in lists(ours).items() if name != "7"
    }
    among = model.recommend_from_history(mapping, k=4, candidates=["i1", "i2", "i3"])
    assert lists(among)["new"] in (["i2", "i3"], ["i3", "i2"])  # i1 is done already
    fewer = model.recommend_from_history(mapping, k=4, exclude=pd.DataFrame({"user_id": [7], "item_id": ["i2"]}))
    assert "i2" not in lists(fewer)["7"]


def test_histories_in_parts_give_the_same(model, monkeypatch):
    mapping = {f"n{row}": [f"i{row}", f"i{row + 1}", f"i{row + 2}"] for row in range(9)}
    whole = model.recommend_from_history(mapping, k=3)
    monkeypatch.setattr("tfcold.serving.recommender._CELLS", 6 * 4)  # 4 vectors of 6 at a time, 8 lists of 3
    parts = model.recommend_from_history(mapping, k=3)

    assert parts["item_id"].tolist() == whole["item_id"].tolist()
    np.testing.assert_allclose(parts["score"], whole["score"], atol=1e-6)


def test_vectors_are_sentences(model, loaded):
    vectors = np.random.default_rng(0).normal(size=(2, 5))
    ours = model.recommend_from_vectors(vectors, ids=["a", "b"], k=3)
    answer = loaded.signatures["recommend_from_vector"](vector=tf.constant(vectors, tf.float32), k=tf.constant(3))

    assert ours["item_id"].tolist() == [name.decode() for name in answer["item_id"].numpy().ravel()]
    np.testing.assert_array_equal(ours["score"], answer["score"].numpy().ravel())
    assert ours["score"][0] != ours["score"][3]


def test_score_of_pairs(world, model, toys):
    listed = model.recommend(["u1", "u2"], k=4)
    pairs = pd.concat([listed[["user_id", "item_id"]], pd.DataFrame({"user_id": ["u1"], "item_id": [toys.UNKNOWN]})])
    scored = model.score(pairs)

    np.testing.assert_allclose(scored["score"][:8], listed["score"], atol=1e-5)
    assert scored["score"].iloc[8] == -np.inf


def test_similar_items(model, toys):
    near = model.similar_items(["i4", "no such item", toys.UNKNOWN], k=3)

    assert near.columns.tolist() == ["item_id", "similar_item_id", "rank", "score"]
    assert near["item_id"].tolist() == ["i4"] * 3
    assert "i4" not in set(near["similar_item_id"])
    assert near["score"].is_monotonic_decreasing


def test_titles_and_temperature(world, model, toys):
    titles = model.titles(["i3", "no such item", "i3"])
    title = world.items.set_index("item_id").title["i3"]

    assert titles["item_id"].tolist() == ["i3", "no such item", "i3"]
    assert titles["title"].tolist()[::2] == [title, title]
    assert titles["title"].isna().tolist() == [False, True, False]
    assert model.is_cold(["i3", toys.COLD, "no such item"]).tolist() == [False, True, True]


def test_nobody_asks(model):
    for frame in (
        model.recommend([]),
        model.recommend([], candidates=["i1"]),
        model.recommend_from_history({}),
        model.recommend_from_vectors(np.zeros((0, 5))),
        model.recommend(["u0"], candidates=[]),
    ):
        assert frame.columns.tolist() == ["user_id", "item_id", "rank", "score"]
        assert len(frame) == 0
    assert len(model.similar_items([])) == len(model.score(pd.DataFrame({"user_id": [], "item_id": []}))) == 0


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda model: model.recommend(["u0"], k=0), "`k` must be at least 1; received 0"),
        (lambda model: model.similar_items(["i0"], k=-1), "`k` must be at least 1; received -1"),
        (lambda model: model.recommend(["u0"], candidates=["i1", "zz"]), "holds 1 of 2 ids .* 'zz'"),
        (lambda model: model.recommend(["u0"], exclude=pd.DataFrame({"user_id": []})), "item_id is missing"),
        (lambda model: model.recommend_from_history(pd.DataFrame({"item_id": []})), "user_id is missing"),
        (lambda model: model.recommend_from_vectors(np.ones((2, 4))), r"shape \[B, 5\].*received \[2, 4\]"),
        (lambda model: model.recommend_from_vectors([[0, 1, np.nan, 0, 0]]), "1 rows are not, the first is row 0"),
        (lambda model: model.recommend_from_vectors(np.ones((2, 5)), ids=["a"]), "each of 2 rows.*received 1"),
        (lambda model: model.recommend(["u0"], k=2.5), "`k` must be a whole number of at least 1; received 2.5"),
        (lambda model: model.audience(["i0"], k="5"), "`k` must be a whole number of at least 1; received '5'"),
        (lambda model: model.similar_items(["i0"], k=None), "`k` must be a whole number .* received None"),
        (lambda model: model.recommend(5), r"`ids` must be a list of ids; received 5. Pass `\[5\]`"),
        (lambda model: model.recommend(["u0"], exclude="i001"), "`exclude` must be a frame .*; received str"),
        (lambda model: model.recommend_from_history([["i001"]]), "`histories` must be .*; received list"),
        (lambda model: model.score([("u0", "i0")]), "`pairs` must be a frame .*; received list"),
        (lambda model: model.recommend_from_vectors("word"), r"numbers of shape \[B, 5\]; received 'word'"),
        (lambda model: model.recommend_from_texts(["a", None]), "`texts` must be strings; 1 of 2 .* is None"),
        (lambda model: model.recommend_from_texts(None), "`texts` must be strings; 1 of 1 .* is None"),
        (lambda model: model.embed(["\ud800"]), r"`texts` must be text that UTF-8 can write; .*'\\ud800'"),
    ],
)
def test_mistakes_are_named(model, call, match):
    with pytest.raises(InputError, match=match):
        call(model)


def test_what_is_no_bundle_is_named(bundle, tmp_path):
    with pytest.raises(BundleError, match="found nothing"):
        tfcold.load(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="holds no version"):
        tfcold.load(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    parts = copy / "1" / "assets.extra" / "parts.npz"
    content = bytearray(parts.read_bytes())
    content[len(content) // 2] ^= 1
    parts.write_bytes(bytes(content))
    with pytest.raises(BundleError, match=r"1 of \d+ files .* assets.extra/parts.npz has another sha256"):
        tfcold.load(copy, verify=True)
    parts.write_bytes(b"short")
    with pytest.raises(BundleError, match="has 5 bytes instead of"):
        tfcold.load(copy)
    (copy / "1" / "assets.extra" / "manifest.json").write_text('{"schema_version": 99}')
    with pytest.raises(BundleError, match="schema_version 99"):
        tfcold.load(copy)
    (copy / "1" / "assets.extra" / "manifest.json").unlink()
    with pytest.raises(BundleError, match="no bundle of tfcold"):
        tfcold.load(copy)
