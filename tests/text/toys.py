"""Encoders that cost nothing and count what they are asked."""

import hashlib

import numpy as np


class ToyEncoder:
    """Vector of a text: its length, its number of words, and 1; so the same text has the same vector anywhere."""

    def __init__(self, fingerprint="toy-1", *, name="toy", fail_after=None, scale=1.0, width=3):
        self.name = name
        self.fingerprint = hashlib.sha256(fingerprint.encode()).hexdigest()
        self.dim = width
        self.seen = []
        self._fail_after = fail_after
        self._scale = scale

    def encode(self, texts, *, batch_size=64):
        if self._fail_after is not None and len(self.seen) + len(texts) > self._fail_after:
            raise KeyboardInterrupt
        self.seen.extend(texts)
        rows = [[len(text), len(text.split()), 1, *[0] * (self.dim - 3)] for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self.dim) * self._scale
