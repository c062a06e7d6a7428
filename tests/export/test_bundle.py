from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import BundleError, EncoderMismatchError, InputError
from tfcold.export import bundled_encoder, check_destination, encode_new_items, encode_texts, export
from tfcold.export.tables import tables_of_model
from tfcold.export.verification import verify
from tfcold.manifest import check_files, hashes_of, read_manifest, version_folder
from tfcold.ranking import Queries
from tfcold.text.encoders import LexicalEncoder

# What a server does: TensorFlow, and nothing of ours.
SERVER = """
import json, sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
answers = {}
for name, inputs in json.load(open(sys.argv[2])).items():
    specs = loaded.signatures[name].structured_input_signature[1]
    answer = loaded.signatures[name](**{key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()})
    answers[name] = {key: np.char.decode(value.numpy().astype(bytes)).tolist() if value.dtype == tf.string
                     else value.numpy().tolist() for key, value in answer.items()}
assert not [name for name in sys.modules if name.partition(".")[0] in ("tfcold", "tensorflow_recommenders")]
json.dump(answers, open(sys.argv[3], "w"))
"""


def test_every_signature_answers_with_tensorflow_alone(world, bundle, tmp_path):
    vector = np.random.default_rng(2).normal(size=(1, 5)).astype(np.float32)
    asked = {
        "serving_default": {"user_id": ["u7"]},
        "recommend": {"user_id": ["u7"], "k": 4, "exclude": [["i1"]]},
        "recommend_from_history": {"item_id": [["i1", "i2"]], "k": 4},
        "recommend_from_vector": {"vector": vector.tolist(), "k": 4},
        "score": {"user_id": ["u7"], "item_id": ["i8"]},
        "similar_items": {"item_id": ["i8"], "k": 4},
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_USE")}
    command = [sys.executable, "-c", SERVER, str(bundle / "1"), "asked.json", "answers.json"]
    subprocess.run(command, cwd=tmp_path, check=True, env=environment, capture_output=True)
    answers = json.loads((tmp_path / "answers.json").read_text())

    trained, everything = world.trained, np.arange(31)
    user = trained.user_ids.rows(["u7"])
    of_user = trained.scores(Queries(user, trained.histories[user]), everything)[0]
    history = trained.histories[:1].tolil()
    history[0, trained.item_ids.rows(["i1", "i2"])] = 1
    of_history = trained.scores(Queries(np.zeros(1, np.int32), history.tocsr()), everything)[0]
    _, sentence = trained.model.from_vectors(
        {"text": vector, "lexical": tf.zeros([1, world.lexical.dim])},
        {"text": tf.constant([True]), "lexical": tf.constant([False])},
    )
    clicks = np.linalg.norm(trained.history_table[trained.can_score & trained.warm_items], axis=1)
    click = np.median(clicks) * sentence / np.linalg.norm(sentence)  # a sentence counts as one typical click
    click = click * 10**trained.model.pooling_alpha  # and, to the prior, ten of them
    query = world.not_compared(click, 10.0)
    of_vector = (query @ trained.candidate_table.T)[0]
    vectors = trained.candidate_table[:, :-1].astype(np.float64)
    shared = vectors @ tables_of_model(trained).query_covariance @ vectors.T
    spread = np.sqrt(np.maximum(np.diag(shared), 1e-12))
    of_item = (shared / np.outer(spread, spread))[trained.item_ids.rows(["i8"])[0]]

    assert answers["score"]["score"] == pytest.approx([of_user[trained.item_ids.rows(["i8"])[0]]], abs=1e-5)
    for name, hidden, scores in (
        ("serving_default", trained.histories[user].indices, of_user),
        ("recommend", [*trained.histories[user].indices, *trained.item_ids.rows(["i1"])], of_user),
        ("recommend_from_history", trained.item_ids.rows(["i1", "i2"]), of_history),
        ("recommend_from_vector", [], of_vector),
        ("similar_items", trained.item_ids.rows(["i8"]), of_item),
    ):
        scores = np.where(trained.can_score, scores, -np.inf)
        scores[np.asarray(hidden, int)] = -np.inf
        order = np.argsort(-scores, kind="stable")[: asked[name].get("k", 20)]
        assert answers[name]["item_id"] == [trained.item_ids.ids_of(order).tolist()], name
        np.testing.assert_allclose(answers[name]["score"][0], scores[order], atol=1e-5, err_msg=name)


def test_version_folder_is_what_tensorflow_serving_wants(bundle):
    assert [path.name for path in bundle.iterdir()] == ["1"]
    assert (bundle / "1" / "saved_model.pb").is_file()
    assert {path.name for path in (bundle / "1" / "assets.extra").iterdir()} == {
        "manifest.json",
        "report.json",
        "explain.npz",
        "items.parquet",
        "parts.npz",
        "encoders",
    }


def test_manifest_says_what_the_bundle_is(world, bundle):
    manifest = read_manifest(bundle / "1")

    assert manifest.name == "toy"
    assert manifest.sizes == {"users": 24, "items": 30, "warm_items": 27, "cold_items": 2, "unknown_items": 1}
    assert list(manifest.text) == ["text", "lexical"]  # in order: sentences go by the first
    assert manifest.text["lexical"]["encoder_fingerprint"] == world.lexical.fingerprint
    assert manifest.split["fingerprint"] == world.trained.split["fingerprint"]
    assert manifest.metrics == {"ndcg": 0.5}
    assert manifest.files == hashes_of(bundle / "1")
    check_files(bundle / "1", manifest)


def test_next_export_is_the_next_version(world, bundle, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(bundle, folder)
    second = export(world.trained, folder, plots=[bundle / "1" / "assets.extra" / "report.json"], default_k=3)

    assert second == folder / "2"
    assert version_folder(folder) == second
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    assert (second / "assets.extra" / "plots" / "report.json").is_file()
    answer = tf.saved_model.load(str(second)).signatures["serving_default"](user_id=tf.constant(["u0"]))
    assert answer["item_id"].shape == (1, 3)


def test_destination_that_is_no_bundle_stays_as_it_is(world, bundle, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "1").mkdir()
    (tmp_path / "file").write_text("mine")

    for path, said in ((tmp_path / "notes", "exists and is not"), (tmp_path / "file", "exists and is not")):
        with pytest.raises(BundleError, match=f"{path.name}' {said}"):
            export(world.trained, path)
    with pytest.raises(BundleError, match="received a version"):
        check_destination(bundle / "1")
    check_destination(bundle)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["file", "notes", "notes/1"]


def written(folder):
    return sorted(path.name for path in folder.rglob("*"))


def full_disk(*_args, **_keywords):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("last", ["os.replace", "tfcold.manifest.Manifest.write"])
def test_full_disk_at_the_last_write_leaves_nothing(world, tmp_path, monkeypatch, last):
    monkeypatch.setattr(last, full_disk)

    with pytest.raises(BundleError, match="No space left on device"):
        export(world.trained, tmp_path / "shop")
    assert written(tmp_path) == []


def test_full_disk_leaves_the_old_version_alone(world, bundle, monkeypatch):
    before = written(bundle)
    monkeypatch.setattr("tfcold.export.bundle.hashes_of", full_disk)

    with pytest.raises(BundleError, match="No space left on device"):
        export(world.trained, bundle)
    assert written(bundle) == before


def test_interrupt_leaves_nothing(world, tmp_path, monkeypatch):
    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfcold.export.bundle.verify", interrupt)

    with pytest.raises(KeyboardInterrupt):
        export(world.trained, tmp_path / "shop")
    assert written(tmp_path) == []


def test_bundle_that_answers_otherwise_is_not_kept(world, tmp_path):
    changed = dataclasses.replace(world.trained)
    # the tables no longer are what the model would ask for
    changed.query_vectors = lambda queries: world.trained.query_vectors(queries) * 1.001
    changed.scores = world.trained.scores

    with pytest.raises(BundleError, match="differs from the model in memory"):
        export(changed, tmp_path / "shop")
    assert written(tmp_path) == []


def test_verification_sees_a_wrong_order(world, loaded):
    tables = tables_of_model(world.trained)
    right = tables.queries @ tables.candidates.T
    right[:, ~tables.is_known] = -np.inf
    verify(loaded, tables, lambda rows: right[rows])

    wrong = right.copy()
    wrong[:, [1, 2]] = wrong[:, [2, 1]]
    with pytest.raises(BundleError, match="`recommend` of the bundle"):
        verify(loaded, tables, lambda rows: wrong[rows])


def test_encoder_travels(world, bundle):
    encoder = bundled_encoder(bundle, "lexical")

    assert encoder.fingerprint == world.lexical.fingerprint
    np.testing.assert_array_equal(encoder.encode(["rocket kitchen"]), world.lexical.encode(["rocket kitchen"]))


def test_new_items_are_encoded_as_the_old_ones_were(world, bundle):
    given = {"text": world.vectors["text"]}
    vectors = encode_new_items(bundle, world.items, given)

    assert vectors["text"] is given["text"]
    rows = world.trained.item_ids.rows(vectors["lexical"].ids)
    again = world.vectors["lexical"].block("lexical", world.trained.item_ids).vectors[rows]
    known = rows != world.trained.item_ids.rows(["i27"])[0]  # which had no vector in the model
    np.testing.assert_allclose(vectors["lexical"].vectors[known], again[known], atol=1e-6)


def test_encoder_that_cannot_be_had_is_named(bundle):
    with pytest.raises(InputError, match="'drawn'"):  # what wrote the block "text", and nobody can load
        encode_texts(bundle, ["hello"])
    with pytest.raises(BundleError, match="no vectors of block 'image'"):
        bundled_encoder(bundle, "image")


def test_another_encoder_is_refused(world, tmp_path):
    other = LexicalEncoder(2).fit(world.items.head(9))

    with pytest.raises(EncoderMismatchError, match="for block 'lexical'"):
        export(world.trained, tmp_path / "shop", encoders={"lexical": other})
    with pytest.raises(BundleError, match="received \\['image'\\]"):
        export(world.trained, tmp_path / "shop", encoders={"image": "minilm"})
    assert written(tmp_path) == []


def test_default_k_below_one(world, tmp_path):
    with pytest.raises(InputError, match="`default_k` must be at least 1; received 0"):
        export(world.trained, tmp_path / "shop", default_k=0)
