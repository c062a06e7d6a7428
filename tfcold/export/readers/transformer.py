"""A sentence transformer of keras-nlp in a graph: tokenizer, layers, pooling."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from tfcold.text.encoders import KerasNLPEncoder

_AT_ONCE: Final = 32  # texts in one step: attention over 32 texts of 128 tokens takes 25 MB a layer


class TransformerReader(tf.Module):
    """Reads sentences as `KerasNLPEncoder.encode` does, cut at the same length.

    A step pads its texts to the longest among them, not to `max_length`: one short sentence costs what it is worth.

    Args:
        encoder: whose model is loaded, if it was not.

    Raises:
        NotImplementedError: a tokenizer that keeps something which does not travel in a SavedModel.
    """

    def __init__(self, encoder: KerasNLPEncoder) -> None:
        super().__init__(name="transformer")
        self._encoder = encoder  # not the model itself: what is saved is its weights, and not the objects of Keras
        self.weights = [weight.value for weight in encoder.embedder.weights]
        tokenizer = encoder.embedder.preprocessor.tokenizer
        if hasattr(tokenizer, "_maybe_initialized_tf"):
            tokenizer._maybe_initialized_tf()  # has it make its TensorFlow side, outside of any graph
        self.tables = _tables_of(tokenizer)
        known = {id(weight.handle) for weight in self.weights} | {id(table.resource_handle) for table in self.tables}
        captured = self.__call__.get_concrete_function().graph.captures
        if any(outside.dtype == tf.resource and id(outside) not in known for outside, _ in captured):
            raise NotImplementedError(f"its {type(tokenizer).__name__} keeps tables that TensorFlow does not save")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """float32 [B, T] of strings [B]."""
        num = tf.shape(text)[0]
        steps = tf.maximum(1, -(-num // _AT_ONCE))
        parts = tf.TensorArray(tf.float32, steps, infer_shape=False, element_shape=[None, self._encoder.dim])

        def step(at: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return at + 1, parts.write(at, self._read(text[at * _AT_ONCE : (at + 1) * _AT_ONCE]))

        _, parts = tf.while_loop(
            lambda at, _: at < steps, step, (tf.constant(0), parts), parallel_iterations=1, maximum_iterations=steps
        )
        return tf.ensure_shape(parts.concat(), [None, self._encoder.dim])

    def _read(self, text: tf.Tensor) -> tf.Tensor:
        text = tf.strings.regex_replace(text, r"\x00", " ")  # which parts words, and where ops would stop reading
        inputs = self._encoder.embedder.preprocessor(text)
        lengths = tf.reduce_sum(tf.cast(inputs["padding_mask"], tf.int32), axis=1)
        longest = tf.maximum(1, tf.reduce_max(tf.concat([lengths, [1]], axis=0)))
        inputs = {name: values[:, :longest] for name, values in inputs.items()}
        return tf.cast(self._encoder.embedder(inputs, training=False), tf.float32)


def _tables_of(tokenizer: Any) -> list[Any]:
    """What the tokenizer looks words up in, as far as it is one thing that stays as it is."""
    held = [getattr(value, "_model_resource", value) for value in vars(tokenizer).values()]  # SentencePiece hides it
    return [value for value in held if hasattr(type(value), "resource_handle")]
