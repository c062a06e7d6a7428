import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.text.encoders.static import StaticEncoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three words with vectors, one that the tokenizer knows and the table does not."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    place = tmp_path_factory.mktemp("static")
    save_file({"embedding.weight": np.array([[0, 0], [3, 4], [0, 1]], np.float16)}, place / "words.safetensors")
    tokenizer = Tokenizer(WordLevel({"<unk>": 0, "red": 1, "blue": 2, "late": 3}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(place / "words_tokenizer_config.json"))
    return place


def test_encode_is_the_mean_of_the_tokens(folder):
    vectors = StaticEncoder(folder, normalize=False).encode(["red", "red blue", "red late", "zzz", ""])
    # red (3, 4), blue (0, 1): the mean of both is (1.5, 2.5); a token beyond the table does not count
    np.testing.assert_allclose(vectors, [[3, 4], [1.5, 2.5], [3, 4], [0, 0], [0, 0]])


def test_encode_normalises_and_leaves_zeros_alone(folder):
    np.testing.assert_allclose(StaticEncoder(folder).encode(["red", "zzz"]), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert StaticEncoder(folder).encode([]).shape == (0, 2)


def test_encode_does_not_depend_on_the_batch(folder):
    texts = ["red", "blue red", "blue"] * 700  # more than one step of 1,024
    vectors = StaticEncoder(folder).encode(texts)
    np.testing.assert_allclose(vectors, np.tile(StaticEncoder(folder).encode(texts[:3]), (700, 1)))


def test_fingerprint_follows_files_and_settings(folder, tmp_path):
    base = StaticEncoder(folder).fingerprint
    assert StaticEncoder(folder, normalize=False).fingerprint != base
    (tmp_path / "w.safetensors").write_bytes((folder / "words.safetensors").read_bytes() + b"\0")
    (tmp_path / "tokenizer.json").write_bytes((folder / "words_tokenizer_config.json").read_bytes())
    assert StaticEncoder(tmp_path).fingerprint != base


def test_encoder_refuses_folders_without_its_files(folder, tmp_path):
    with pytest.raises(InputError, match="holds 0 and 0"):
        StaticEncoder(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        StaticEncoder(tmp_path / "absent")


@pytest.mark.asset
def test_wordllama_puts_like_words_together():
    from tfcold.assets import fetch

    encoder = StaticEncoder(fetch("static"))
    film, movie, tax = encoder.encode(["a good film", "a great movie", "income tax law"])
    assert encoder.dim == 256
    assert film @ movie > film @ tax + 0.1
