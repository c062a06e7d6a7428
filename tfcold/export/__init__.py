"""Bundles: a trained model as a folder that TensorFlow alone can serve.

`export` writes one, `add_items`, `remove_items`, `add_users` and `with_words` write the next version of one without
training. `check_destination` says before a long job whether a bundle can be written. `bundled_encoder`, `encode_texts`,
`sentence_vectors`, `phrase_vectors` and `encode_new_items` encode new words the way a bundle's own were.
"""

from tfcold.export.bundle import check_destination, export
from tfcold.export.change import add_users, remove_items
from tfcold.export.encoders import bundled_encoder, encode_new_items, encode_texts, phrase_vectors, sentence_vectors
from tfcold.export.extend import add_items
from tfcold.export.module import ServingModule
from tfcold.export.reading import with_words

__all__ = [
    "ServingModule",
    "add_items",
    "add_users",
    "bundled_encoder",
    "check_destination",
    "encode_new_items",
    "encode_texts",
    "export",
    "phrase_vectors",
    "remove_items",
    "sentence_vectors",
    "with_words",
]
