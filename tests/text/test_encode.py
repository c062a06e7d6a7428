import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.text import LexicalEncoder, TextTemplate, VectorStore, encode_items, encode_users
from tfcold.text.encoders.base import FrameEncoder, TextEncoder

FRAME = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "title": ["one", None, "two words", "one"]})


def test_encode_items_leaves_out_what_has_no_words_and_asks_once_for_equal_sentences(toy):
    encoder = toy()
    vectors = encode_items(FRAME, encoder)
    assert list(vectors.ids) == ["a", "c", "d"]
    np.testing.assert_array_equal(vectors.vectors, [[3, 1, 1], [9, 2, 1], [3, 1, 1]])
    assert vectors.vectors.dtype == np.float32
    assert sorted(encoder.seen) == ["one", "two words"]


def test_encode_items_says_where_the_vectors_came_from(toy):
    template = TextTemplate(("title",), unlabelled=())
    vectors = encode_items(FRAME, toy(), template=template)
    assert vectors.vectors[0].tolist() == [10, 2, 1]  # "title: one"
    assert vectors.provenance == {
        "encoder": "toy",
        "encoder_fingerprint": toy().fingerprint,
        "template": {"columns": ["title"], "unlabelled": [], "separator": ". "},
        "template_fingerprint": template.fingerprint,
    }


def test_encode_items_through_a_store_encodes_only_what_changed(tmp_path, toy):
    store = VectorStore(tmp_path)
    encode_items(FRAME, toy(), store=store)
    changed = FRAME.assign(title=["one", None, "two other words", "one"])
    encoder = toy()
    vectors = encode_items(changed, encoder, store=store)
    assert encoder.seen == ["two other words"]
    assert vectors.vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors.vectors, [[3, 1, 1], [15, 3, 1], [3, 1, 1]])


def test_encode_items_leaves_out_rows_of_zeros():
    class Deaf:
        name, fingerprint, dim = "deaf", "d" * 64, 2

        def encode(self, texts, *, batch_size=64):
            return np.array([[0, 0] if text == "one" else [1, 0] for text in texts], np.float32)

    assert list(encode_items(FRAME, Deaf()).ids) == ["c"]


def test_encode_items_gives_whole_rows_to_an_encoder_of_rows():
    frame = FRAME.assign(genres=["Crime", "Drama", "Crime", "Drama"], title=["one", "two", "three", "four"])
    encoder = LexicalEncoder(categorical=("genres",)).fit(frame)
    vectors = encode_items(frame, encoder).vectors
    np.testing.assert_allclose(vectors @ vectors.T, [[1, 0, 1, 0], [0, 1, 0, 1]] * 2, atol=1e-6)


def test_encode_users_goes_by_user_id(toy):
    users = pd.DataFrame({"user_id": ["u1"], "about": ["likes tea"]})
    vectors = encode_users(users, toy())
    assert list(vectors.ids) == ["u1"]
    assert vectors.vectors.tolist() == [[16, 3, 1]]  # "about: likes tea"


def test_encode_items_refuses_tables_without_ids_rows_or_words(toy):
    with pytest.raises(InputError, match=r"`items` must have a column 'item_id'; its columns are \['title'\]"):
        encode_items(FRAME[["title"]], toy())
    with pytest.raises(InputError, match="1 of 2 rows of 'item_id' are empty, the first is row 1"):
        encode_items(pd.DataFrame({"item_id": [7, None], "title": ["a", "b"]}), toy())
    with pytest.raises(InputError, match="at least one row"):
        encode_items(FRAME.head(0), toy())
    with pytest.raises(InputError, match="no words in any of 1 rows"):
        encode_items(FRAME.iloc[[1]], toy(), template=TextTemplate(("title",)))


def test_encode_items_refuses_an_encoder_that_loses_rows(toy):
    class Short(toy):
        def encode(self, texts, *, batch_size=64):
            return super().encode(texts[:-1])

    with pytest.raises(InputError, match=r"one row a text: \[2, T\]; gave \[1, 3\]"):
        encode_items(FRAME, Short())


def test_protocols_tell_the_encoders_apart(toy):
    assert isinstance(toy(), TextEncoder)
    assert not isinstance(toy(), FrameEncoder)
    assert isinstance(LexicalEncoder().fit(FRAME), FrameEncoder)


def test_import_of_the_text_room_brings_neither_tensorflow_nor_keras():
    code = (
        "import importlib, sys, types; "
        "package = types.ModuleType('tfcold'); package.__path__ = [sys.argv[1]]; sys.modules['tfcold'] = package; "
        "importlib.import_module('tfcold.text'); "
        "print([name for name in ('tensorflow', 'keras', 'tf_keras', 'keras_nlp', 'torch') if name in sys.modules])"
    )
    import tfcold.text

    folder = tfcold.text.__path__[0].rsplit("/text", 1)[0]
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
