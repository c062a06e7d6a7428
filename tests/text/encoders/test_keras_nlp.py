import json

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.text.encoders.keras_nlp import KerasNLPEncoder, _batches
from tfcold.text.encoders.preset_files import folder_of_preset, model_files, width_in_config

WORDS = ["the", "red", "blue", "fox", "jumps", "over", "lazy", "dog"]


@pytest.fixture(scope="module")
def tiny(tiny_embedder, tmp_path_factory):
    """An embedder with random weights, 8 wide, saved as keras-nlp saves presets; and the embedder."""
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    embedder = tiny_embedder.save_embedder(folder, dim=8, heads=2, length=64)
    return folder, embedder


@pytest.fixture(scope="module")
def texts():
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, size)) for size in (1, 30, 2, 9, 9, 17, 3, 1, 5, 12, 6)]


def test_encode_gives_what_the_embedder_gives(tiny, texts):
    folder, embedder = tiny
    vectors = KerasNLPEncoder(folder, max_length=64).encode(texts, batch_size=4)
    expected = embedder.encode_text(texts, verbose=0)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert np.ptp(vectors, axis=0).max() > 0.1  # the texts do differ
    assert vectors.dtype == np.float32


def test_encode_does_not_depend_on_what_stands_beside_a_text(tiny, texts):
    encoder = KerasNLPEncoder(tiny[0], max_length=64)
    together = encoder.encode(texts, batch_size=3)
    np.testing.assert_allclose(encoder.encode([texts[3]]), together[[3]], atol=1e-6)
    np.testing.assert_allclose(encoder.encode(texts[::-1], batch_size=64), together[::-1], atol=1e-6)


def test_encode_traces_the_model_once_for_all_shapes(tiny, texts):
    encoder = KerasNLPEncoder(tiny[0], max_length=64)
    encoder.encode(texts, batch_size=2)
    encoder.encode(texts, batch_size=5)
    assert encoder._compiled.experimental_get_tracing_count() == 1


def test_encode_cuts_at_max_length(tiny):
    encoder = KerasNLPEncoder(tiny[0], max_length=6)  # start mark, 4 words, end mark
    long, cut, other = encoder.encode(["the red fox jumps over the dog", "the red fox jumps", "the red fox over"])
    np.testing.assert_allclose(long, cut, atol=1e-6)
    assert np.abs(long - other).max() > 1e-3


def test_dim_and_empty_input(tiny):
    encoder = KerasNLPEncoder(tiny[0])
    assert encoder.dim == 8
    assert encoder.encode([]).shape == (0, 8)


def test_batches_cover_every_row_once_with_room_for_its_tokens():
    lengths = np.array([3, 3, 8, 9, 9, 30, 70, 100])
    order = np.array([5, 1, 0, 2, 7, 3, 6, 4])
    batches = _batches(lengths, order, 2, 80)
    # longest of each pair: 3, 9, 30, 100 -> 8, 12, 32, and max_length
    assert [length for length, _ in batches] == [8, 12, 32, 80]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in batches]), order)


def make_folder(place, weights=b"w", pooling="mean", readme="r"):
    (place / "1_Pooling").mkdir(parents=True)
    (place / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 5, "mode": pooling}))
    (place / "model.safetensors").write_bytes(weights)
    (place / "config.json").write_text("{}")
    (place / "README.md").write_text(readme)
    return place


def test_fingerprint_follows_weights_pooling_and_length_but_no_readme(tmp_path):
    base = KerasNLPEncoder(make_folder(tmp_path / "a")).fingerprint
    assert KerasNLPEncoder(make_folder(tmp_path / "b", readme="other")).fingerprint == base
    assert KerasNLPEncoder(make_folder(tmp_path / "c", weights=b"v")).fingerprint != base
    assert KerasNLPEncoder(make_folder(tmp_path / "d", pooling="cls")).fingerprint != base
    assert KerasNLPEncoder(tmp_path / "a", max_length=64).fingerprint != base
    assert width_in_config(tmp_path / "a") == 5


def test_encoder_refuses_what_it_cannot_load(tmp_path):
    with pytest.raises(InputError, match="at least 4; received 3"):
        KerasNLPEncoder("any", max_length=3)
    with pytest.raises(InputError, match=r"does not exist: '/no/such/folder'"):
        folder_of_preset("/no/such/folder")
    with pytest.raises(InputError, match="holds no files of a model"):
        model_files(tmp_path)
    with pytest.raises(InputError, match="no sentence encoder that keras-nlp can read"):
        KerasNLPEncoder(make_folder(tmp_path / "a")).encode(["a"])


@pytest.mark.asset
def test_minilm_ranks_a_paraphrase_first():
    from tfcold.assets import fetch

    encoder = KerasNLPEncoder(fetch("minilm"), name="minilm")
    dog, puppy, tax = encoder.encode(["a dog runs in the park", "a puppy is running outside", "how to file income tax"])
    assert encoder.dim == 384
    assert dog @ puppy > dog @ tax + 0.3
