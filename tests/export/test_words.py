"""Bundles that read words by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tfcold.cli.main import main
from tfcold.errors import BundleError, EncoderMismatchError, InputError
from tfcold.export import add_items, add_users, encode_texts, export, remove_items, with_words
from tfcold.manifest import read_manifest
from tfcold.serving import Recommender
from tfcold.serving.words import reads_words
from tfcold.text.encoders import KerasNLPEncoder
from tfcold.workflow import Words, check_reading

WORDS = ["title", "of", "red", "blue", "a", "story", "i1"]
TEXTS = ["a red story", "Blue TITLE of a story", "unheard-of", "Übermut"]

# What a server does: TensorFlow and TensorFlow Text, and nothing else (TensorFlow itself imports keras).
SERVER = """
import json, sys
for name in ("tfcold", "keras_nlp", "keras_hub", "tf_keras", "tokenizers", "tensorflow_hub", "safetensors"):
    sys.modules[name] = None
import numpy as np
import tensorflow as tf
import tensorflow_text
loaded = tf.saved_model.load(sys.argv[1])
answers = []
for name, inputs in json.load(open(sys.argv[2])):
    specs = loaded.signatures[name].structured_input_signature[1]
    answer = loaded.signatures[name](**{
        key: tf.reshape(tf.constant(value, specs[key].dtype), np.shape(value)) for key, value in inputs.items()})
    answers.append({key: np.char.decode(value.numpy().astype(bytes)).tolist() if value.dtype == tf.string
                    else value.numpy().tolist() for key, value in answer.items()})
json.dump(answers, open(sys.argv[3], "w"))
"""


@pytest.fixture(scope="module")
def encoder(tiny_embedder, tmp_path_factory):
    """A sentence transformer with random weights, as wide as the toy world's block of text."""
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    tiny_embedder.save_embedder(folder, dim=5, heads=1, length=32, seed=1, noise=0.3)
    return KerasNLPEncoder(folder, max_length=16)


@pytest.fixture(scope="module")
def reading(world, encoder, tmp_path_factory):
    """Name folder of a bundle that reads words, fitted on nothing but the toy world."""
    folder = tmp_path_factory.mktemp("words") / "reading"
    encoders = {"text": encoder, "lexical": world.lexical}
    export(world.trained, folder, items=world.items, encoders=encoders, with_encoder=True)
    return folder


@pytest.fixture(scope="module")
def opened(reading):
    return tf.saved_model.load(str(reading / "1"))


def answers_of(version, asked, place):
    """What a process without tfcold answers."""
    (place / "asked.json").write_text(json.dumps(asked))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_USE")}
    command = [sys.executable, "-c", SERVER, str(version), "asked.json", "answers.json"]
    subprocess.run(command, cwd=place, check=True, env=environment, capture_output=True)
    return json.loads((place / "answers.json").read_text())


def answers_here(loaded, asked):
    """The same of this process."""
    answers = []
    for name, inputs in asked:
        specs = loaded.signatures[name].structured_input_signature[1]
        answer = loaded.signatures[name](**{key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()})
        answers.append({key: value.numpy().tolist() for key, value in answer.items()})
    return answers


def same(one, other):
    assert one["item_id"] == other["item_id"]
    np.testing.assert_allclose(one["score"], other["score"], atol=1e-5)


def test_texts_are_read_without_tfcold(world, encoder, reading, tmp_path):
    vectors = encoder.encode(TEXTS)
    nothing, histories = [[""]] * 4, [["i1", "i2"], ["i3", ""], ["", ""], ["i1", "i1"]]
    asked = [
        ["recommend_from_text", {"text": TEXTS, "k": 6}],
        ["recommend_from_vector", {"vector": vectors.tolist(), "k": 6}],
        ["recommend_from_history_and_text", {"item_id": nothing, "text": TEXTS, "k": 6}],
        ["recommend_from_history_and_text", {"item_id": histories, "text": ["", " ", "\n", ""], "k": 6}],
        ["recommend_from_history", {"item_id": histories, "k": 6}],
        ["embed_items", {"text": [*TEXTS, "", "  "]}],
        ["recommend_from_text", {"text": ["", " \t"], "k": 6}],
        ["recommend", {"user_id": ["nobody"], "k": 6, "exclude": [[""]]}],
        ["recommend_from_text", {"text": [], "k": 6}],
    ]
    texts, as_vectors, no_history, no_text, as_histories, embedded, silent, popular, none = answers_of(
        reading / "1", asked, tmp_path
    )

    same(texts, as_vectors)
    assert len({tuple(line) for line in texts["score"]}) == len(TEXTS)  # each says something else
    same(no_history, texts)
    same(no_text, as_histories)
    np.testing.assert_allclose(embedded["text"], [*vectors, *np.zeros((2, 5))], atol=1e-4)
    np.testing.assert_allclose(
        embedded["lexical"], [*world.lexical.encode(TEXTS), *np.zeros((2, world.lexical.dim))], atol=1e-4
    )
    same(silent, {name: value * 2 for name, value in popular.items()})
    assert none["item_id"] == []


def test_a_text_joins_a_history_as_ten_clicks(world, encoder, opened):
    trained = world.trained
    signature = opened.signatures["recommend_from_history_and_text"]
    answer = signature(item_id=tf.constant([["i1", "i2"]]), text=tf.constant(TEXTS[:1]), k=tf.constant(30))
    rows = trained.item_ids.rows(["i1", "i2"])
    _, sentence = trained.model.from_vectors(
        {"text": encoder.encode(TEXTS[:1]), "lexical": tf.zeros([1, world.lexical.dim])},
        {"text": tf.constant([True]), "lexical": tf.constant([False])},
    )
    clicks = np.median(np.linalg.norm(trained.history_table[trained.can_score & trained.warm_items], axis=1))
    said = clicks * sentence / np.linalg.norm(sentence) * 10**trained.model.pooling_alpha
    done, alpha = trained.history_table[rows].sum(axis=0), trained.model.pooling_alpha
    similar = trained.model.user_tower.similar
    # what was done, and not what was said, is compared with what others did
    leaning = similar((done + said) / 12**alpha, done[None] / 2**alpha, tf.constant([2.0])) * 12**alpha
    query = world.not_compared(leaning, 12.0)
    scores = np.where(trained.can_score, (query @ trained.candidate_table.T)[0], -np.inf)
    scores[rows] = -np.inf
    order = np.argsort(-scores, kind="stable")[: np.isfinite(scores).sum()]

    assert answer["item_id"].numpy()[0, : len(order)].astype(str).tolist() == trained.item_ids.ids_of(order).tolist()
    np.testing.assert_allclose(answer["score"].numpy()[0, : len(order)], scores[order], atol=1e-5)


def test_lengths_that_differ_are_named(opened):
    signature = opened.signatures["recommend_from_history_and_text"]

    with pytest.raises(tf.errors.InvalidArgumentError, match="`item_id` and `text` must have as many rows"):
        signature(item_id=tf.constant([["i1"]]), text=tf.constant(["a", "b"]), k=tf.constant(1))


def test_manifest_says_who_reads(bundle, reading):
    said = read_manifest(reading / "1").text

    assert {block: one["in_graph"] for block, one in said.items()} == {"text": True, "lexical": True}
    assert reads_words(read_manifest(reading / "1"))
    assert not reads_words(read_manifest(bundle / "1"))
    assert "in_graph" not in json.dumps(read_manifest(bundle / "1").text)


def test_encoder_in_the_graph_is_the_one_that_encodes_new_items(opened, world):
    """`embed_items` gives what `add-items` stores; here for the block whose encoder is kept in the bundle."""
    found = opened.signatures["embed_items"](text=tf.constant(TEXTS))

    np.testing.assert_allclose(found["lexical"], world.lexical.encode(TEXTS), atol=1e-5)


def test_python_reads_by_the_graph(encoder, bundle, reading):
    recommender = Recommender(reading)
    vectors = encoder.encode(TEXTS)
    found = recommender.recommend_from_texts(
        TEXTS, k=5, exclude=pd.DataFrame({"user_id": TEXTS[:1], "item_id": ["i1"]})
    )
    expected = recommender.recommend_from_vectors(
        vectors, TEXTS, k=5, exclude=pd.DataFrame({"user_id": TEXTS[:1], "item_id": ["i1"]})
    )

    pd.testing.assert_frame_equal(found, expected, atol=1e-5)
    np.testing.assert_allclose(recommender.embed([*TEXTS, ""]), [*vectors, np.zeros(5)], atol=1e-5)
    alone = recommender.recommend_from_texts(TEXTS[0], k=5)  # one string is one sentence, not its letters
    pd.testing.assert_frame_equal(alone, recommender.recommend_from_texts(TEXTS[:1], k=5))
    with pytest.raises(BundleError, match="tfcold export --with-encoder"):
        Recommender(bundle).embed(TEXTS)


def test_changes_keep_the_words(world, reading, opened, tmp_path):
    """Each change is made by a bundle whose words were carried on before; nothing is encoded anew."""
    asked = [["recommend_from_text", {"text": TEXTS, "k": 29}], ["embed_items", {"text": TEXTS}]]
    first = answers_here(opened, asked)
    users = add_users(reading, pd.DataFrame({"user_id": ["new"], "item_id": ["i1"]}), tmp_path / "changed")
    gone = remove_items(users, [first[0]["item_id"][0][0].decode()])
    new = pd.DataFrame({"item_id": ["late"], "title": ["a red story"], "genres": ["Drama"]})
    one = world.vectors["text"]
    vectors = {"text": type(one)(np.array(["late"], object), one.vectors[:1], one.provenance)}
    grown = add_items(gone, new, vectors)
    last = answers_of(grown, asked, tmp_path)
    best = first[0]["item_id"][0][0].decode()

    assert grown.name == "3"
    np.testing.assert_allclose(last[1]["text"], first[1]["text"], atol=1e-6)
    np.testing.assert_allclose(last[1]["lexical"], first[1]["lexical"], atol=1e-6)
    assert best not in last[0]["item_id"][0]
    assert "late" in last[0]["item_id"][0]
    assert read_manifest(grown).text["text"]["in_graph"] is True
    sizes = [sum(path.stat().st_size for path in (one / "variables").iterdir()) for one in (reading / "1", grown)]
    assert sizes[1] < sizes[0] * 1.2  # held once


def test_an_empty_text_says_nothing_in_python_either(world, encoder, tmp_path):
    export(world.trained, tmp_path / "shop", encoders={"text": str(encoder.preset), "lexical": world.lexical})
    found = encode_texts(tmp_path / "shop", ["", TEXTS[0], " ", "\n"])

    np.testing.assert_allclose(found[1], encoder.encode(TEXTS[:1])[0], atol=1e-6)
    assert not found[[0, 2, 3]].any()
    assert encode_texts(tmp_path / "shop", [""]).tolist() == [[0.0] * 5]
    assert encode_texts(tmp_path / "shop", []).shape == (0, 5)


def test_words_are_put_in_and_taken_out_later(world, encoder, bundle, opened, tmp_path):
    said = with_words(bundle, tmp_path / "later", encoders={"text": encoder})
    asked = [["recommend_from_text", {"text": TEXTS, "k": 6}], ["serving_default", {"user_id": ["u1"]}]]
    later, always = answers_here(tf.saved_model.load(str(said)), asked), answers_here(opened, asked)
    for one, other in zip(later, always, strict=True):
        same(one, other)
    assert list(read_manifest(said).text) == ["text", "lexical"]

    out = with_words(said, with_encoder=False)
    assert out == tmp_path / "later" / "2"
    assert not reads_words(read_manifest(out))
    assert "recommend_from_text" not in tf.saved_model.load(str(out)).signatures


def test_what_cannot_be_read_is_named(world, encoder, bundle, tmp_path):
    with pytest.raises(BundleError, match=r"block 'text'.*came from a file.*recommend_from_vector"):
        export(world.trained, tmp_path / "a", encoders={"lexical": world.lexical}, with_encoder=True)
    with pytest.raises(EncoderMismatchError, match="'lexical'"):
        export(world.trained, tmp_path / "a", encoders={"text": encoder, "lexical": encoder}, with_encoder=True)
    with pytest.raises(InputError, match="drawn"):
        with_words(bundle, tmp_path / "a")
    assert not list(tmp_path.iterdir())
    assert encode_texts  # the way out that the messages name


def test_command_line_puts_encoders_in(encoder, bundle, tmp_path, capsys):
    command = ["export", "--model", str(bundle), "--out", str(tmp_path / "out")]

    assert main([*command, "--with-encoder", "--encoder", f"text={encoder.preset}"]) == 0
    assert "encoders of text, lexical in the SavedModel" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.count("encoder in the SavedModel") == 2
    assert main([*command[:3], "--out", str(tmp_path / "no"), "--with-encoder"]) == 2
    capsys.readouterr()
    for which in ("--with-encoder", "--without-encoder"):
        assert main([*command[:3], "--out", str(tmp_path / "no"), which, "--encoder", "txt=minilm"]) == 2
        said = capsys.readouterr().err
        assert "`--encoder` must name blocks of the model, ['text', 'lexical']; received ['txt']" in said
    assert main([*command, "--with-encoder", "--without-encoder"]) == 2
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"encoders": ["remote:http://127.0.0.1:1/v1#m", "lexical"]}, "it is an endpoint"),
        ({"encoders": ["none"]}, "received none"),
        ({"item_vectors": {"text": None}}, r"vectors from files \(text\)"),
    ],
    ids=["endpoint", "none", "file"],
)
def test_fit_says_before_it_starts_that_words_cannot_be_read(words, said):
    with pytest.raises(InputError, match=said):
        check_reading(Words(**words))
    check_reading(Words(encoders=["lexical"]))


@pytest.mark.asset
@pytest.mark.slow
def test_minilm_reads_as_it_does_in_python(tmp_path):
    from tfcold.assets import fetch
    from tfcold.export.readers import reader_of

    minilm = KerasNLPEncoder(fetch("minilm"), name="minilm")
    texts = [
        *TEXTS,
        "Größe straße ΟΔΟΣ İstanbul",
        "日本語 中文 한국어",
        "😀 12½",
        "word " * 500,
        "x" * 300,
        "a\0b",
        "[SEP]",
    ]
    tf.saved_model.save(reader_of(minilm), str(tmp_path / "m"))
    found = tf.saved_model.load(str(tmp_path / "m"))(tf.constant(texts)).numpy()

    np.testing.assert_allclose(found, minilm.encode(texts), atol=1e-5)
