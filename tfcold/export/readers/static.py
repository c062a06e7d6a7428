"""Static token vectors in a graph."""

from __future__ import annotations

import tensorflow as tf

from tfcold.text.encoders import StaticEncoder


def static_reader(encoder: StaticEncoder) -> tf.Module:
    """The reader of an encoder of token vectors.

    Raises:
        NotImplementedError: a tokenizer that TensorFlow Text does not have.
    """
    raise NotImplementedError("its tokenizer is not one of TensorFlow Text")
