import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.text.encoders.hub import HubEncoder


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two SavedModels from strings to (length, 1) and one that takes numbers."""
    from tfcold._keras import keras  # noqa: F401, I001  settles tf.keras first

    import tensorflow as tf

    class Lengths(tf.Module):
        def __init__(self, named):
            self._named = named

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            lengths = tf.cast(tf.strings.length(texts), tf.float32)
            vectors = tf.stack([lengths, tf.ones_like(lengths)], axis=1)
            return {"default": vectors, "other": 2.0 * vectors} if self._named else vectors

    class Numbers(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, numbers):
            return numbers[:, None]

    folder = tmp_path_factory.mktemp("hub")
    tf.saved_model.save(Lengths(False), str(folder / "plain"))
    named = Lengths(True)
    tf.saved_model.save(named, str(folder / "named"), signatures={"embed": named.__call__})
    tf.saved_model.save(Numbers(), str(folder / "numbers"))
    return folder


def test_encode_calls_the_model_in_batches(saved):
    encoder = HubEncoder(saved / "plain")
    vectors = encoder.encode(["a", "bb", "cccc"], batch_size=2)
    np.testing.assert_array_equal(vectors, [[1, 1], [2, 1], [4, 1]])
    assert vectors.dtype == np.float32
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert encoder.name == "plain"


def test_encode_takes_the_output_and_signature_asked_for(saved):
    np.testing.assert_array_equal(HubEncoder(saved / "named").encode(["bb"]), [[2, 1]])
    np.testing.assert_array_equal(HubEncoder(saved / "named", output="other").encode(["bb"]), [[4, 2]])
    np.testing.assert_array_equal(HubEncoder(saved / "named", signature="embed").encode(["bb"]), [[2, 1]])


def test_fingerprint_follows_files_and_settings(saved):
    prints = {
        HubEncoder(saved / "plain").fingerprint,
        HubEncoder(saved / "named").fingerprint,
        HubEncoder(saved / "named", output="other").fingerprint,
    }
    assert len(prints) == 3
    assert HubEncoder(saved / "plain").fingerprint in prints


def test_encoder_refuses_what_is_no_text_model(saved, tmp_path):
    for broken, said in (
        (lambda: HubEncoder(tmp_path / "absent").fingerprint, "does not exist"),
        (lambda: HubEncoder(tmp_path).encode(["a"]), "holds no SavedModel"),
        (lambda: HubEncoder(saved / "numbers").encode(["a"]), "does not take strings"),
        (
            lambda: HubEncoder(saved / "named", output="third").encode(["a"]),
            r"one of \['default', 'other'\]; received 'third'",
        ),
        (lambda: HubEncoder(saved / "named", signature="x").encode(["a"]), r"one of \['embed'\]; received 'x'"),
    ):
        with pytest.raises(InputError, match=said):
            broken()


def test_name_skips_the_version_of_a_handle():
    assert HubEncoder("https://tfhub.dev/google/universal-sentence-encoder/4").name == "universal-sentence-encoder"
