"""A sentence transformer with random weights, saved as keras-nlp saves presets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("the", "red", "blue", "fox", "jumps", "over", "lazy", "dog")


def save_embedder(
    folder: Path, *, dim: int, heads: int, length: int, more: Sequence[str] = (), seed: int = 0, noise: float = 0.0
) -> Any:
    """The embedder, which also stands in `folder`.

    Args:
        folder: where.
        dim: int. Width of its vectors.
        heads: int. Heads of its one layer.
        length: int. Most tokens.
        more: pieces of words after `WORDS`.
        seed: int.
        noise: float. Spread of what is added to every weight; keras-nlp starts with small ones.
    """
    import tfcold._keras  # noqa: F401

    import keras  # isort: skip
    import keras_nlp  # isort: skip

    keras.utils.set_random_seed(seed)
    vocabulary = [*SPECIAL, *WORDS, *more]
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=1,
        num_heads=heads,
        hidden_dim=dim,
        intermediate_dim=2 * dim,
        max_sequence_length=length,
    )
    for weight in backbone.weights if noise else ():
        weight.assign(weight + keras.random.normal(weight.shape, stddev=noise))
    tokenizer = keras_nlp.models.BertTokenizer(vocabulary, lowercase=True)
    preprocessor = keras_nlp.models.BertTextEmbedderPreprocessor(tokenizer, sequence_length=length)
    embedder = keras_nlp.models.BertTextEmbedder(backbone, preprocessor=preprocessor)
    embedder.save_to_preset(str(folder))
    return embedder
