"""An index of ScaNN over the items: a tree whose leaves hold them in half a byte for every coordinate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.export import cells
from tfcold.export.cells import Asked, asked_lists
from tfcold.export.tables import ServingTables
from tfcold.extras import scann_ops
from tfcold.progress import logger

MOST_SCORED: Final = 8192  # items scored anew for a list
_MOST_SHARE: Final = 1 / 2  # of the leaves; past it the exact search reads little more
_ROW: Final = 16  # weight of a score worked out anew beside one of the index, where settings are compared
_TRAINING: Final = 250_000  # items the tree is learned from

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Leaves:
    """Where ScaNN looks. The index gives candidates; their scores are worked out anew from the table.

    Args:
        rows: int32 [n]. The rows of the table that are in the index, ascending.
        state: what ScaNN keeps, variables of a `tf.Module`.
        num: int. Leaves of the tree.
        probes: int. Leaves to look into for a list of `k`; 0 until chosen.
        scored: int. Candidates to take for it.
        k: int. Length of the lists for which both were chosen.
        recall: float. Share of the exact lists that the sample found with them.
    """

    rows: Any
    state: Any
    num: int
    probes: int = 0
    scored: int = 0
    k: int = 1
    recall: float = 0.0

    @property
    def most(self) -> int:
        """How many leaves a search looks into before the exact one takes over."""
        return max(1, int(self.num * _MOST_SHARE))

    def said(self) -> dict[str, Any]:
        """What a manifest says of it."""
        return {
            "leaves": self.num,
            "probes": self.probes,
            "scored": self.scored,
            "k": self.k,
            "recall": round(self.recall, 4),
        }

    def candidates(self, query: tf.Tensor, probes: tf.Tensor, scored: tf.Tensor) -> tf.Tensor:
        """Rows of the table, int32 [B, scored], by the index's own score, best first; -1 where it found no more."""
        at, far = scann_ops().scann_search_batched(
            self.state.recreate_handle(), query, scored, -1, probes, tf.shape(query)[0] > 1
        )
        found = tf.where(tf.math.is_nan(far), -1, tf.gather(self.rows, at))
        return tf.pad(found, [[0, 0], [0, tf.maximum(0, scored - tf.shape(found)[1])]], constant_values=-1)


def leaves_of_tables(tables: ServingTables, k: int) -> Leaves | None:
    """The index of a catalogue, with the cheapest settings that find what the bundle's users ask for, or None.

    Users are asked as in `cells.cells_of_tables`, and None stands for the same: fewer items than there, or half of
    the leaves and 8,192 candidates do not hold 99.3 of 100 entries of the exact lists.

    Args:
        tables: what is searched.
        k: int, at least 1. Length of the lists.

    Raises:
        MissingExtraError: ScaNN is not installed, or made for another TensorFlow.

    References:
        Guo et al. 2020, Accelerating Large-Scale Inference with Anisotropic Vector Quantization. arXiv:1908.10396.
        Candidates are scored anew from the bundle's own table instead of a copy that ScaNN would keep.
    """
    if cells.too_few(tables):
        return None
    found = chosen_leaves(built(tables), list(asked_lists(tables, k)), k)
    if found is None:
        logger.info("the search stays exact: ScaNN finds too little of its lists")
        return None
    logger.info(
        "ScaNN: %d of %d leaves and %d candidates hold %.1f %% of the exact lists of %d",
        found.probes, found.num, found.scored, 100 * found.recall, k,
    )  # fmt: skip
    return found


def built(tables: ServingTables) -> Leaves:
    """The index of the listed items, settings not chosen yet."""
    rows = np.flatnonzero(tables.is_known).astype(np.int32)
    num = max(1, math.isqrt(len(rows)))
    builder = scann_ops().builder(tables.candidates[rows], 1, "dot_product")
    builder = builder.tree(num, max(1, num // 10), training_sample_size=min(len(rows), _TRAINING))
    searcher = builder.score_ah(1, anisotropic_quantization_threshold=0.2).build()
    state = searcher.serialize_to_module()
    tf.raw_ops.DestroyResourceOp(resource=searcher.searcher_handle)  # it would keep its copy of the items
    return Leaves(tf.Variable(rows, trainable=False), state, num)


def chosen_leaves(leaves: Leaves, asked: list[Asked], k: int) -> Leaves | None:
    """The settings of least cost with which a sample finds `cells.RECALL` of its lists, if there are any."""
    best: tuple[float, Leaves] | None = None
    steps = (int(2 ** (step / 2)) for step in range(2 * leaves.most.bit_length() + 1))
    for probes in sorted({min(leaves.most, step) for step in steps}):
        places = np.sort(np.concatenate([_places(leaves, probes, one) for one in asked]))
        place = places[math.ceil(cells.RECALL * len(places)) - 1] if len(places) else 1.0
        if not np.isfinite(place):
            continue
        scored = max(k, math.ceil(place))
        cost = probes / leaves.num * leaves.rows.shape[0] + _ROW * scored
        if best is None or cost < best[0]:
            recall = float((places <= scored).mean()) if len(places) else 1.0
            best = cost, replace(leaves, probes=probes, scored=scored, k=k, recall=recall)
    return None if best is None else best[1]


def _places(leaves: Leaves, probes: int, asked: Asked) -> npt.NDArray[np.float64]:
    """Where the entries of exact lists stand among the candidates, counted from 1; infinite where they do not.

    Who has done much looks into more leaves and takes more candidates, in the same measure: places are given in
    those of a user who has done nothing.
    """
    found: list[npt.NDArray[np.float64]] = []
    most = tf.constant(min(MOST_SCORED, int(leaves.rows.shape[0])))
    for query, items, wider in zip(asked.queries, asked.lists, asked.wider, strict=True):
        mine = tf.constant(min(leaves.most, math.ceil(probes * wider)))
        rows = leaves.candidates(tf.constant(query[None]), mine, most)[0].numpy()
        order = np.argsort(rows, kind="stable")
        at = np.minimum(np.searchsorted(rows, items, sorter=order), len(rows) - 1)
        found.append(np.where(rows[order[at]] == items, (1 + order[at]) / wider, np.inf))
    return np.concatenate(found)
