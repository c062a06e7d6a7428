"""Encoders as TensorFlow ops give the vectors of the encoders themselves."""

import json
import unicodedata

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tfcold.errors import InputError
from tfcold.export.readers import reader_of
from tfcold.export.readers.lookup import rows_by_name
from tfcold.text.encoders import HubEncoder, KerasNLPEncoder, LexicalEncoder, RemoteEncoder, StaticEncoder

TEXTS = [
    "a quiet film about the sea",
    "",
    "   ",
    "Äpfel, ÉCLAIRS & straße; ΟΔΟΣ οδός İstanbul",  # accents, a letter that lower case makes two of, a final sigma
    "e\u0301clair e\u0301 \u0301",  # the same accent as a character of its own
    "日本語 テスト ｶﾀｶﾅ 中文 한국어 ไทย हिन्दी",
    "😀 emoji 👩‍👩‍👧 123 ½ ² Ⅷ ٣",
    "snake_case don't x_1 __",
    "tab\tnew\nline\r\nnull\0byte\u00a0no-break\u200bzero\u2028line",
    "ﬁne ﬂow ™ ℃ Å Å",
    "the the the sea sea quiet",
]


@pytest.fixture(scope="module")
def frame():
    return pd.DataFrame(
        {
            "item_id": [f"i{row}" for row in range(len(TEXTS))],
            "title": TEXTS,
            "genres": ["Drama, Sea", "Sea"] * (len(TEXTS) // 2) + ["Drama"],
        }
    )


@pytest.fixture(scope="module", params=[None, (2, 4)], ids=["words", "pieces"])
def lexical(request, frame):
    return LexicalEncoder(9, text=["title"], categorical=["genres"], char_ngrams=request.param).fit(frame)


def test_lexical_reader_gives_what_the_encoder_gives(lexical):
    reader = reader_of(lexical)
    expected = lexical.encode(TEXTS)

    np.testing.assert_allclose(reader(tf.constant(TEXTS)).numpy(), expected, atol=1e-6)
    assert (np.abs(expected).sum(axis=1) > 0).sum() >= 8  # most texts do say something
    for text, vector in zip(TEXTS, expected, strict=True):  # and say it alone
        np.testing.assert_allclose(reader(tf.constant([text])).numpy(), [vector], atol=1e-6)
    assert reader(tf.zeros([0], tf.string)).shape == (0, lexical.dim)


def test_lexical_reader_reads_a_megabyte(lexical):
    text = " ".join(np.random.default_rng(0).choice(" ".join(TEXTS).split(), 180_000))
    assert len(text.encode()) > 1e6
    found = reader_of(lexical)(tf.constant([text, "sea"])).numpy()

    np.testing.assert_allclose(found, lexical.encode([text, "sea"]), atol=1e-5)


def test_lexical_reader_survives_bytes_that_are_no_text(lexical):
    found = reader_of(lexical)(tf.constant([b"\xff\xfe sea \xc3", b"\xed\xa0\x80"])).numpy()

    assert np.isfinite(found).all()
    assert found[0].any()


def test_lexical_reader_parts_words_where_python_does():
    """Every character but late ones, inside a word and alone."""
    points = [point for point in range(1, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    old = [chr(point) for point in points if unicodedata.category(chr(point)) != "Cn" and not is_late(point)]
    texts = [f"a{character}b {character}" for character in old]
    encoder = LexicalEncoder(4).fit(pd.DataFrame({"item_id": ["1", "2"], "title": ["a b", "c d"]}))
    terms = reader_of(encoder)._terms_of(tf.constant(texts)).to_list()
    expected = encoder._terms.of_texts(texts)
    wrong = [
        f"U+{ord(character):04X}"
        for character, found, wanted in zip(old, terms, expected, strict=True)
        if [term.decode() for term in found] != wanted
    ]

    assert wrong == []
    assert len(old) > 140_000


def is_late(point):
    """Letters with another case that Unicode 14 (2021) brought, which an older ICU does not know to be letters."""
    blocks = ((0x2C2F, 0x2C2F), (0x2C5F, 0x2C5F), (0xA7C0, 0xA7D9), (0x10570, 0x105BF))
    return any(first <= point <= last for first, last in blocks)


WORDS = ["the", "red", "blue", "fox", "jumps", "over", "lazy", "dog"]


@pytest.fixture(scope="module")
def tiny(tiny_embedder, tmp_path_factory):
    """A sentence transformer with random weights, 5 wide."""
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    tiny_embedder.save_embedder(folder, dim=5, heads=1, length=64, more=("##s", "e", "日", "!"))
    return KerasNLPEncoder(folder, max_length=16)


def test_transformer_reader_gives_what_the_encoder_gives(tiny):
    draw = np.random.default_rng(0)
    texts = [" ".join(draw.choice([*WORDS, "foxs", "Zebra", "É", "日本!"], size)) for size in draw.integers(1, 40, 70)]
    texts += ["", " ", "[CLS] the fox"]
    reader = reader_of(tiny)

    np.testing.assert_allclose(reader(tf.constant(texts)).numpy(), tiny.encode(texts), atol=1e-5)  # three steps
    assert np.ptp(tiny.encode(texts), axis=0).max() > 0.1
    assert reader(tf.zeros([0], tf.string)).shape == (0, 5)
    assert len(reader.variables) == len(tiny.embedder.weights)  # held once


@pytest.fixture
def static(tiny_static, tmp_path):
    return tiny_static.save_static(tmp_path)


def test_static_reader_gives_what_the_encoder_gives(static, tmp_path):
    texts = [*TEXTS, "sea", " sea  sea", "abc abcab xabc", "a", "seabc", "\ud7ff\ue000"]
    encoder = StaticEncoder(static)
    reader = reader_of(encoder)

    np.testing.assert_allclose(reader(tf.constant(texts)).numpy(), encoder.encode(texts), atol=1e-6)
    plain = StaticEncoder(static, normalize=False)
    np.testing.assert_allclose(reader_of(plain)(tf.constant(texts)).numpy(), plain.encode(texts), atol=1e-6)
    tf.saved_model.save(reader, str(tmp_path / "m"))
    np.testing.assert_allclose(
        tf.saved_model.load(str(tmp_path / "m"))(tf.constant(texts)), encoder.encode(texts), atol=1e-6
    )


def test_other_tokenizers_of_static_vectors_say_so(static):
    content = json.loads((static / "tokenizer.json").read_text())
    split = {**content, "pre_tokenizer": {"type": "Whitespace"}}
    lacking = {**content, "model": {**content["model"], "merges": content["model"]["merges"][:5]}}

    for other, said in ((split, "is BPE in a form"), (lacking, "does not make 'abc' of every two")):
        (static / "tokenizer.json").write_text(json.dumps(other))
        with pytest.raises(InputError, match=rf"its tokenizer {said}.*recommend_from_vector"):
            reader_of(StaticEncoder(static))


def test_hub_reader_gives_what_the_encoder_gives(tmp_path):
    class Lengths(tf.Module):
        def __init__(self):
            self.weight = tf.Variable([2.0, 3.0])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return {"default": tf.cast(tf.strings.length(texts), tf.float32)[:, None] * self.weight}

    tf.saved_model.save(Lengths(), str(tmp_path / "hub"))
    reader = reader_of(HubEncoder(tmp_path / "hub"))

    np.testing.assert_array_equal(reader(tf.constant(["a", "bcd"])), [[2, 3], [6, 9]])
    tf.saved_model.save(reader, str(tmp_path / "again"))
    np.testing.assert_array_equal(tf.saved_model.load(str(tmp_path / "again"))(tf.constant(["ab"])), [[4, 6]])


def test_encoders_that_are_no_graph_say_so():
    with pytest.raises(InputError, match=r"cannot be put into a SavedModel.*recommend_from_vector"):
        reader_of(RemoteEncoder("http://127.0.0.1:1/v1", "m"))


def test_an_encoder_may_bring_its_own_reader(tiny):
    class Mine:
        name = "mine"

        def in_graph(self):
            return reader_of(tiny)

    assert reader_of(Mine())(tf.constant(["fox"])).shape == (1, 5)


def test_ids_of_any_kind_are_looked_up(tmp_path):
    ids = ["", "a", "line\nbreak", "tab\t", "日本", "\U0001f600", "x" * 5000, "nul\0", " ", "A"]

    class Holder(tf.Module):
        def __init__(self):
            self.names = tf.Variable(tf.constant(ids), trainable=False)
            self.rows = rows_by_name(self.names)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def find(self, names):
            return {"row": self.rows.lookup(names)}

    holder = Holder()
    tf.saved_model.save(holder, str(tmp_path / "m"), signatures={"find": holder.find})
    asked = tf.constant([*ids[::-1], "nobody"])
    loaded = tf.saved_model.load(str(tmp_path / "m"))

    for one in (holder, loaded):
        np.testing.assert_array_equal(one.find(asked)["row"], [*range(len(ids))[::-1], 0])
    assert "x" * 5000 not in (tmp_path / "m" / "saved_model.pb").read_text(encoding="latin-1")  # but in a variable
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:  # as servers open it: variables, then tables
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "m"))
        signature = meta.signature_def["find"]
        rows = session.run(signature.outputs["row"].name, {signature.inputs["names"].name: asked.numpy()})
    np.testing.assert_array_equal(rows, [*range(len(ids))[::-1], 0])
