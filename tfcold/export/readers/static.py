"""Static token vectors in a graph: tokens by SentencePiece, a lookup, a mean."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from tfcold.text.encoders import StaticEncoder

_SPACE: Final = "\u2581"
_NORMALIZER: Final = [
    {"type": "Prepend", "prepend": _SPACE},
    {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE},
]
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # kinds of pieces in a model of SentencePiece


class StaticReader(tf.Module):
    """Reads sentences as `StaticEncoder.encode` does, where its tokenizer is byte pair encoding as Llama has it.

    Marks that a tokenizer knows as one token, such as `<s>`, are read as plain text.

    Args:
        encoder: whose table and tokenizer are read.

    Raises:
        NotImplementedError: another kind of tokenizer.
    """

    def __init__(self, encoder: StaticEncoder) -> None:
        super().__init__(name="static")
        import tensorflow_text

        model = sentencepiece_model(json.loads(encoder.tokenizer_file.read_text(encoding="utf-8")))
        self._tokenizer = tensorflow_text.SentencepieceTokenizer(model=model)
        self.pieces = self._tokenizer._model_resource  # what has to be saved of it
        self.table = tf.Variable(encoder.table, trainable=False, name="table")
        self._normalize = encoder.normalize

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """float32 [B, T] of strings [B]; zeros where no token has a vector."""
        tokens = self._tokenizer.tokenize(text)
        num = tf.shape(self.table)[0]
        known = tokens.values < num  # a token that was added after the table was made has none
        rows, owner = tf.boolean_mask(tokens.values, known), tf.boolean_mask(tokens.value_rowids(), known)
        sums = tf.math.unsorted_segment_sum(tf.gather(self.table, rows), owner, tf.shape(text)[0])
        counts = tf.math.unsorted_segment_sum(tf.ones_like(rows, tf.float32), owner, tf.shape(text)[0])
        means = tf.math.divide_no_nan(sums, counts[:, None])
        if not self._normalize:
            return means
        return tf.math.divide_no_nan(means, tf.norm(means, axis=1, keepdims=True))


def sentencepiece_model(tokenizer: Mapping[str, Any]) -> bytes:
    """A tokenizer of Hugging Face tokenizers, parsed, as a model of SentencePiece.

    Raises:
        NotImplementedError: it is not byte pair encoding with bytes for what is unknown, spaces marked, nothing split
            before.
    """
    model, normalizer = tokenizer["model"], tokenizer.get("normalizer") or {}
    alike = (
        model.get("type") == "BPE"
        and model.get("byte_fallback")
        and not model.get("ignore_merges")
        and tokenizer.get("pre_tokenizer") is None
        and normalizer.get("normalizers") == _NORMALIZER
    )
    if not alike:
        raise NotImplementedError(
            f"its tokenizer is {model.get('type')} in a form that TensorFlow Text does not have "
            "(byte pair encoding as Llama has it can be put in)"
        )
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    ranks = _ranks(merges, model["vocab"])
    marks = {token["id"] for token in tokenizer.get("added_tokens", ())}
    pieces = sorted(model["vocab"].items(), key=lambda item: item[1])
    if [at for _, at in pieces] != list(range(len(pieces))):
        raise NotImplementedError("its tokenizer numbers tokens with gaps")
    parts = [_piece(piece, at, ranks, at in marks, model.get("unk_token")) for piece, at in pieces]
    unknown = model["vocab"].get(model.get("unk_token"), 0)
    trainer = (
        _number(3, 2) + _number(35, 1) + _number(40, unknown)
    )  # byte pair encoding, with bytes for what is unknown
    normalizer_spec = _field(1, b"identity") + _number(3, 1) + _number(4, 0) + _number(5, 1)  # a space before, all kept
    return b"".join(_field(1, part) for part in parts) + _field(2, trainer) + _field(3, normalizer_spec)


def _ranks(merges: Sequence[tuple[str, ...]], vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Which merge first makes a piece.

    SentencePiece makes a piece of any two pieces that join to it, so every such pair has to be a merge, all those of a
    piece in a row.

    Raises:
        NotImplementedError: it is not so.
    """
    pairs = set(merges)
    ranks: dict[str, int] = {}
    last: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        piece = "".join(merge)
        if last.setdefault(piece, rank - 1) != rank - 1:
            raise NotImplementedError(f"its tokenizer makes {piece!r} by merges of different rank")
        last[piece] = rank
        ranks.setdefault(piece, rank)
    for piece in vocabulary:
        splits = ((piece[:at], piece[at:]) for at in range(1, len(piece)))
        if any(first in vocabulary and rest in vocabulary and (first, rest) not in pairs for first, rest in splits):
            raise NotImplementedError(f"its tokenizer does not make {piece!r} of every two pieces that join to it")
    return ranks


def _piece(piece: str, at: int, ranks: Mapping[str, int], is_mark: bool, unknown: str | None) -> bytes:
    is_byte = len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")
    kind = _UNKNOWN if piece == unknown else _BYTE if is_byte else _CONTROL if is_mark else _NORMAL
    score = -float(ranks.get(piece, len(ranks) + at))
    return _field(1, piece.encode("utf-8")) + b"\x15" + struct.pack("<f", score) + _number(3, kind)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes as protocol buffers write it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
