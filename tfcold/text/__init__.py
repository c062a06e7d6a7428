"""Words -> vectors, once, then from disk.

`TextTemplate` makes a sentence of a row. `get_encoder` and the encoders in `tfcold.text.encoders` make vectors of
sentences. `encode_items` and `encode_users` do both for a table, and `VectorStore` remembers what was encoded.
`TextVectors` is the result; `read_vectors` and `write_vectors` keep it in a file. `stuffed_texts` names texts that look
written for the recommender.
"""

from tfcold.text.encode import encode_items, encode_users
from tfcold.text.encoders import (
    FrameEncoder,
    HubEncoder,
    KerasNLPEncoder,
    LexicalEncoder,
    StaticEncoder,
    TextEncoder,
    get_encoder,
)
from tfcold.text.store import VectorStore
from tfcold.text.stuffing import stuffed_texts
from tfcold.text.templates import TextTemplate
from tfcold.text.vector_files import read_vectors, write_vectors
from tfcold.text.vectors import TextVectors, require_same_encoder

__all__ = [
    "FrameEncoder",
    "HubEncoder",
    "KerasNLPEncoder",
    "LexicalEncoder",
    "StaticEncoder",
    "TextEncoder",
    "TextTemplate",
    "TextVectors",
    "VectorStore",
    "encode_items",
    "encode_users",
    "get_encoder",
    "read_vectors",
    "require_same_encoder",
    "stuffed_texts",
    "write_vectors",
]
