import numpy as np
import pytest

from tfcold.data.ids import IdMap
from tfcold.errors import EncoderMismatchError, InputError
from tfcold.text.vectors import TextVectors


def made(ids, rows, fingerprint=None, dtype=np.float16):
    provenance = {"encoder": "toy", "encoder_fingerprint": fingerprint} if fingerprint else {}
    return TextVectors(np.array(ids, dtype=object), np.array(rows, dtype), provenance)


def test_block_aligns_with_the_dataset_and_masks_what_has_no_vector():
    block = made(["b", "stranger", "a"], [[1, 2], [5, 6], [3, 4]]).block("text", IdMap(["a", "b", "c"]))
    # row 0 is "unseen", then a, b, c; c has no vector, "stranger" no row
    np.testing.assert_array_equal(block.vectors, [[0, 0], [3, 4], [1, 2], [0, 0]])
    np.testing.assert_array_equal(block.mask, [False, True, True, False])
    assert block.vectors.dtype == np.float32
    assert block.name == "text"


def test_extended_replaces_and_appends():
    both = made(["a", "b"], [[1, 1], [2, 2]], "f").extended(made(["b", "c"], [[3, 3], [4, 4]], "f"))
    assert list(both.ids) == ["a", "b", "c"]
    np.testing.assert_array_equal(both.vectors, [[1, 1], [3, 3], [4, 4]])


def test_extended_refuses_vectors_of_another_encoder_or_width():
    with pytest.raises(EncoderMismatchError, match=r"`more` holds vectors of encoder 'toy' \(other\).*'toy' \(first\)"):
        made(["a"], [[1, 1]], "first").extended(made(["b"], [[1, 1]], "other"))
    with pytest.raises(EncoderMismatchError, match="2 wide as these are; received 3"):
        made(["a"], [[1, 1]]).extended(made(["b"], [[1, 1, 1]]))


def test_vectors_refuse_repeated_ids_wrong_counts_and_wrong_kinds():
    with pytest.raises(InputError, match="1 come twice or more: 'a'"):
        made(["a", "a"], [[1], [2]])
    with pytest.raises(InputError, match="every row of `vectors`: 2; received 1"):
        made(["a"], [[1], [2]])
    with pytest.raises(InputError, match=r"received int64 \[1, 1\]"):
        made(["a"], [[1]], dtype=np.int64)
