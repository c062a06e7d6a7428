"""A SavedModel of TensorFlow Hub inside another SavedModel."""

from __future__ import annotations

import tensorflow as tf

from tfcold.text.encoders import HubEncoder


class HubReader(tf.Module):
    """Reads sentences by the function that `HubEncoder.encode` calls.

    Args:
        encoder: whose model is loaded, if it was not.
    """

    def __init__(self, encoder: HubEncoder) -> None:
        super().__init__(name="hub")
        self._encoder = encoder
        self._width = encoder.dim
        self.model = encoder.model

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """float32 [B, T] of strings [B]."""
        return tf.ensure_shape(tf.cast(self._encoder.call(text), tf.float32), [None, self._width])
