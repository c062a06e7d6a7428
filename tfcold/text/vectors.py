"""Vectors of those items (or users) that have words, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfcold.blocks import VectorBlock
from tfcold.data.ids import IdMap
from tfcold.errors import EncoderMismatchError, InputError

FloatArray = npt.NDArray[np.float16] | npt.NDArray[np.float32]

ENCODER: Final = "encoder"
ENCODER_FINGERPRINT: Final = "encoder_fingerprint"
TEMPLATE: Final = "template"
TEMPLATE_FINGERPRINT: Final = "template_fingerprint"


@dataclass(frozen=True)
class TextVectors:
    """Vectors by id. An id that is not here has no vector: a missing row is left out, never zeros.

    Args:
        ids: object [N] of str, distinct.
        vectors: float16 or float32 [N, T], finite.
        provenance: mapping, fit for JSON. What wrote the vectors: `encoder`, `encoder_fingerprint`, `template`,
            `template_fingerprint`; empty when a file does not say.

    Raises:
        InputError: shapes, dtypes or ids break these rules.
    """

    ids: npt.NDArray[np.object_]
    vectors: FloatArray
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.array([str(value) for value in self.ids], dtype=object))
        if self.vectors.ndim != 2 or self.vectors.dtype not in (np.float16, np.float32):
            raise InputError(
                f"`vectors` must be float16 or float32 [N, T]; received {self.vectors.dtype} {list(self.vectors.shape)}"
            )
        if len(self.ids) != len(self.vectors):
            raise InputError(f"`ids` must name every row of `vectors`: {len(self.vectors)}; received {len(self.ids)}")
        if len(set(self.ids)) < len(self.ids):
            values, counts = np.unique(self.ids.astype(str), return_counts=True)
            twice = [str(value) for value in values[counts > 1]]
            raise InputError(
                f"`ids` must be distinct; {len(twice)} come twice or more: {', '.join(map(repr, twice[:3]))}"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dim(self) -> int:
        """T."""
        return int(self.vectors.shape[1])

    def block(self, name: str, id_map: IdMap) -> VectorBlock:
        """The same vectors aligned with the rows of a dataset, float32, with a mask.

        Ids that the map does not know are left out; rows of the map without a vector are zeros and masked.

        Args:
            name: str. The block: `"text"`, `"lexical"`, `"image"`, ...
            id_map: the dataset's ids.
        """
        rows = id_map.rows(self.ids)
        known = rows > 0
        table = np.zeros((len(id_map) + 1, self.dim), np.float32)
        mask = np.zeros(len(table), np.bool_)
        table[rows[known]] = self.vectors[known]
        mask[rows[known]] = True
        return VectorBlock(name, table, mask, dict(self.provenance))

    def extended(self, more: TextVectors) -> TextVectors:
        """These vectors, then those; an id in both takes the vector of `more`.

        Raises:
            EncoderMismatchError: another encoder wrote `more`, or its width differs.
        """
        require_same_encoder(self.provenance, more.provenance, argument="more")
        if self.dim != more.dim:
            raise EncoderMismatchError(
                f"`more` must hold vectors {self.dim} wide as these are; received {more.dim}. "
                "Encode both with one encoder"
            )
        kept = ~np.isin(self.ids.astype(str), more.ids.astype(str))
        vectors = np.concatenate([self.vectors[kept], more.vectors.astype(self.vectors.dtype)])
        return TextVectors(np.concatenate([self.ids[kept], more.ids]), vectors, self.provenance)


def require_same_encoder(ours: Mapping[str, Any], theirs: Mapping[str, Any], *, argument: str) -> None:
    """Nothing, where one encoder wrote both or one of them does not say.

    Args:
        ours: provenance of the vectors that are there already.
        theirs: provenance of those that would join them.
        argument: str. What brought them, named in the error.

    Raises:
        EncoderMismatchError: both name their encoder and the names differ.
    """
    mine, other = ours.get(ENCODER_FINGERPRINT), theirs.get(ENCODER_FINGERPRINT)
    if mine and other and mine != other:
        raise EncoderMismatchError(
            f"`{argument}` holds vectors of encoder {_label(theirs)}, the ones here are of {_label(ours)}; "
            "vectors of two encoders cannot be compared. Encode everything with one of them"
        )


def _label(provenance: Mapping[str, Any]) -> str:
    return f"{provenance.get(ENCODER, '?')!r} ({str(provenance[ENCODER_FINGERPRINT])[:12]})"
