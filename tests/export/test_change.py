from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.errors import BundleError, InputError
from tfcold.export import add_items, add_users, remove_items
from tfcold.manifest import check_files, read_manifest
from tfcold.text.vectors import TextVectors

GONE = ["i4", "i28"]  # one warm, one cold


@pytest.fixture(scope="module")
def smaller(bundle, tmp_path_factory):
    return remove_items(bundle, GONE, tmp_path_factory.mktemp("smaller") / "shop")


@pytest.fixture(scope="module")
def model(bundle):
    """The bundle, opened; nothing changes it."""
    return tfcold.load(bundle)


def names(answer, key="item_id"):
    return [[name.decode() for name in line if name] for line in answer[key].numpy()]


def ask(loaded, signature, **inputs):
    return loaded.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})


def test_removed_items_are_in_no_answer_and_the_rest_stands_as_it_stood(model, smaller):
    old, new = model, tfcold.load(smaller)
    users = [*old.user_ids, "nobody"]
    histories = {"a": ["i4", "i3"], "b": ["i28"]}
    for ask_model in (
        lambda model: model.recommend(users, k=99),
        lambda model: model.recommend_from_history(histories, k=99),  # what they did still counts
        lambda model: model.recommend_from_vectors(np.ones((1, 5)), k=99),
    ):
        before, after = ask_model(old), ask_model(new)
        before = before[~before["item_id"].isin(GONE)]
        assert before["item_id"].tolist() == after["item_id"].tolist()
        np.testing.assert_allclose(before["score"], after["score"], atol=1e-5)
    near = new.similar_items([*old.item_ids], k=99)
    assert not {*near["item_id"], *near["similar_item_id"]} & set(GONE)
    assert new.audience(GONE).empty
    assert np.isneginf(new.score(pd.DataFrame({"user_id": "u1", "item_id": GONE}))["score"]).all()
    assert not set(new.item_ids) & set(GONE)
    assert new.titles(["i4"])["title"].isna().all()
    assert new.manifest.name == "shop"
    assert (new.manifest.sizes["items"], new.manifest.sizes["removed_items"]) == (28, 2)
    for signature, inputs in {
        "serving_default": {"user_id": users},
        "recommend_among": {"user_id": ["u1"], "include": [["i4", "i5"]], "k": 5, "exclude": np.zeros((1, 0), "S1")},
    }.items():
        assert not {name for line in names(ask(new, signature, **inputs)) for name in line} & set(GONE)


def test_removed_ids_never_come_back(world, smaller, tmp_path):
    with pytest.raises(InputError, match="does not have 2 of 2 ids"):
        remove_items(smaller, GONE, tmp_path / "out")
    vectors = {"text": TextVectors(np.array(["i4"], object), np.ones((1, 5), np.float32), {})}
    with pytest.raises(InputError, match="knows 1 of 1"):
        add_items(smaller, pd.DataFrame({"item_id": ["i4"]}), vectors, tmp_path / "out")
    grown = add_items(smaller, pd.DataFrame({"item_id": ["new"]}), {
        "text": TextVectors(np.array(["new"], object), np.ones((1, 5), np.float32), {"encoder": "drawn"})
    }, tmp_path / "grown")  # fmt: skip
    model = tfcold.load(grown)
    listed = set(model.recommend(["u1", "nobody"], k=99)["item_id"])
    assert "new" in listed
    assert not listed & set(GONE)
    assert model.name == "grown"


def test_added_user_gets_what_the_history_alone_gives(bundle, model, tmp_path):
    history = pd.DataFrame({"user_id": ["n1", "n1", "n1", "n2", "n3"], "item_id": ["i3", "i5", "i3", "i9", "what"]})
    later = tfcold.load(add_users(bundle, history, tmp_path / "out"))
    told = model.recommend_from_history(history, k=30)
    known = later.recommend(["n1", "n2", "n3"], k=30)

    assert known["item_id"].tolist() == told["item_id"].tolist()
    np.testing.assert_allclose(known["score"], told["score"], atol=1e-5)
    assert later.manifest.sizes["users"] == 27
    assert "n2" not in set(later.audience(["i9"], k=99)["user_id"])
    with pytest.raises(InputError, match="knows 1 of 2 already: 'u1'"):
        add_users(bundle, pd.DataFrame({"user_id": ["u1", "x"], "item_id": ["i1", "i1"]}), tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_audience_is_the_column_of_scores_without_who_did_it(world, model):
    users = model.user_ids
    for item in ("i4", "i28"):
        scores = model.score(pd.DataFrame({"user_id": users, "item_id": item}))["score"].to_numpy()
        did = world.trained.histories[1:, world.trained.item_ids.rows([item])[0]].toarray().ravel() > 0
        order = np.argsort(-np.where(did, -np.inf, scores), kind="stable")[: (~did).sum()]
        found = model.audience([item], k=99)
        assert found["user_id"].tolist() == users[order].tolist()
        np.testing.assert_allclose(found["score"], scores[order], atol=1e-5)
        assert names(ask(model, "audience", item_id=[item], k=99), "user_id") == [found["user_id"].tolist()]
    vector = np.random.default_rng(0).normal(size=(2, 5))
    assert model.audience(vectors=vector, k=4).groupby("item_id").size().to_dict() == {"0": 4, "1": 4}
    with pytest.raises(InputError, match="neither"):
        model.audience()


def test_audience_of_a_vector_is_that_of_the_item_added_with_it(bundle, model, tmp_path):
    vector = np.random.default_rng(0).normal(size=(1, 5)).astype(np.float32)
    given = {"text": TextVectors(np.array(["x"], object), vector, {"encoder": "drawn"})}
    grown = add_items(bundle, pd.DataFrame({"item_id": ["x"]}), given, tmp_path / "out")
    before, after = model.audience(["x"], k=9, vectors=vector), tfcold.load(grown).audience(["x"], k=9)

    assert before["user_id"].tolist() == after["user_id"].tolist()
    np.testing.assert_allclose(before["score"], after["score"], atol=1e-5)


def test_among_is_the_python_call_with_candidates(model):
    answer = ask(
        model, "recommend_among",
        user_id=["u1", "u2"], include=[["i1", "i28", "i9", "what", ""]], k=3, exclude=[["i9"], [""]],
    )  # fmt: skip
    exclude = pd.DataFrame({"user_id": ["u1"], "item_id": ["i9"]})
    expected = model.recommend(["u1", "u2"], k=3, candidates=["i1", "i28", "i9"], exclude=exclude)

    assert [name for line in names(answer) for name in line] == expected["item_id"].tolist()
    assert names(ask(model, "recommend_among", user_id=["u1"], include=np.zeros((1, 0), "S1"), k=3,
                     exclude=np.zeros((1, 0), "S1"))) == [[]]  # fmt: skip
    with pytest.raises(tf.errors.InvalidArgumentError, match="`include` must have one row"):
        ask(model, "recommend_among", user_id=["u1", "u2", "u3"], include=[["i1"], ["i2"]], k=3,
            exclude=np.zeros((3, 0), "S1"))  # fmt: skip


def test_condition_holds_before_the_cut_on_every_call(world, model):
    title = world.items.set_index("item_id")["title"]["i9"]
    where = f"title == {title!r}"
    open_ids = set(model.attributes.index[model.attributes["title"] == title])
    user = next(one for one in model.user_ids if "i9" in set(model.recommend([one], k=99)["item_id"]))
    for found in (
        model.recommend([user], k=1, where=where),
        model.recommend_from_history({"a": ["i3"]}, k=1, where=where),
        model.recommend_from_vectors(np.ones((1, 5)), k=1, where=where),
    ):
        assert len(found) == 1
        assert set(found["item_id"]) <= open_ids
    assert model.recommend([user], where=where, candidates=["i3"]).empty or title == model.attributes["title"]["i3"]
    with pytest.raises(InputError, match="does not keep: 'colour'"):
        model.recommend([user], where="colour == 'red'")


@pytest.mark.parametrize("change", [
    {"files": {}}, {"files": {"../x": {"bytes": 1}}}, {"files": {"saved_model.pb": 3}}, {"sizes": []},
    {"schema_version": "1"}, {"schema_version": 99}, {"name": None}, {"files": None},
])  # fmt: skip
def test_odd_manifest_is_an_error_that_names_it(bundle, tmp_path, change):
    shutil.copytree(bundle, tmp_path / "b")
    path = tmp_path / "b" / "1" / "assets.extra" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BundleError, match=r"manifest\.json"):
        tfcold.load(tmp_path / "b")


@pytest.mark.parametrize("change", [
    {"dim": 7}, {"default_k": 3}, {"sizes": {"users": 1}}, {"name": "shop"}, {"from_nowhere": 1}, {"sha256": None},
])  # fmt: skip
def test_a_manifest_that_was_edited_is_an_error_where_hashes_count(bundle, tmp_path, change):
    shutil.copytree(bundle, tmp_path / "b")
    path = tmp_path / "b" / "1" / "assets.extra" / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content))  # laid out otherwise, it says the same
    check_files(tmp_path / "b" / "1", read_manifest(tmp_path / "b" / "1"))

    path.write_text(json.dumps({**content, **change}))
    for act in (lambda: tfcold.load(tmp_path / "b", verify=True), lambda: remove_items(tmp_path / "b", ["i1"])):
        with pytest.raises(BundleError, match=r"manifest\.json was changed after it was written"):
            act()
    del content["sha256"]  # as bundles of earlier versions
    path.write_text(json.dumps({**content, "name": "shop"}))
    assert tfcold.load(tmp_path / "b", verify=True).name == "shop"


def test_the_order_of_blocks_in_a_manifest_has_a_hash_too(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "b")
    path = tmp_path / "b" / "1" / "assets.extra" / "manifest.json"
    content = json.loads(path.read_text())
    content["text"] = dict(reversed(content["text"].items()))
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError, match="changed after it was written"):
        check_files(tmp_path / "b" / "1", read_manifest(tmp_path / "b" / "1"))


def test_every_truncated_file_is_named(bundle, tmp_path):
    manifest = read_manifest(bundle / "1")
    for name in manifest.files:
        copy = tmp_path / "b"
        shutil.copytree(bundle, copy)
        content = (copy / "1" / name).read_bytes()
        (copy / "1" / name).write_bytes(content[:-1])
        with pytest.raises(BundleError, match=name):
            tfcold.load(copy)
        (copy / "1" / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BundleError, match=f"{name} has another sha256"):
            check_files(copy / "1", manifest)
        shutil.rmtree(copy)
