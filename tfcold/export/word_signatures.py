"""The signatures that take texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import tensorflow as tf

from tfcold.export.search import nothing
from tfcold.export.words import Words

if TYPE_CHECKING:
    from tfcold.export.module import ServingModule

_TEXT: Final = tf.TensorSpec([None], tf.string, name="text")
_ITEMS: Final = tf.TensorSpec([None, None], tf.string, name="item_id")
_K: Final = tf.TensorSpec([], tf.int32, name="k")

Answer = dict[str, tf.Tensor]
Signature = tuple[Callable[..., Answer], list[tf.TensorSpec]]


def word_signatures(module: ServingModule, words: Words) -> dict[str, Signature]:
    """Functions and their inputs by name, for a module that has words."""

    def recommend_from_text(text: tf.Tensor, k: tf.Tensor) -> Answer:
        query = module.query_of_vectors(words.vectors(text))
        return module.listed(query, nothing(query), k)

    def recommend_from_history_and_text(item_id: tf.Tensor, text: tf.Tensor, k: tf.Tensor) -> Answer:
        nums = [tf.shape(item_id)[0], tf.shape(text)[0]]
        fits = tf.debugging.Assert(nums[0] == nums[1], ["`item_id` and `text` must have as many rows; received", *nums])
        with tf.control_dependencies([] if fits is None else [fits]):
            history = module.histories(tf.identity(item_id))
        return module.listed(module.query_of_both(history, words.vectors(text)), history, k)

    def embed_items(text: tf.Tensor) -> Answer:
        return {block: words.vectors(text, block) for block in words.blocks}

    return {
        "recommend_from_text": (recommend_from_text, [_TEXT, _K]),
        "recommend_from_history_and_text": (recommend_from_history_and_text, [_ITEMS, _TEXT, _K]),
        "embed_items": (embed_items, [_TEXT]),
    }
