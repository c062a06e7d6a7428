"""A bundle counts only if it answers what the model in memory answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold.errors import BundleError
from tfcold.export.search import LOWEST
from tfcold.export.tables import Ids, ServingTables

TOLERANCE: Final = 1e-5  # of scores around 1; larger scores have larger last digits
HALF_TOLERANCE: Final = 2e-2
SAMPLE: Final = 32
SHARE: Final = 0.9  # of an approximate list; a graph that looks into the wrong cells finds far less
_K: Final = 20

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
ScoresOf = Callable[[Rows], Floats]


def verify(
    loaded: Any,
    tables: ServingTables,
    known: ScoresOf,
    unseen: ScoresOf | None = None,
    tolerance: float = TOLERANCE,
    *,
    exact: bool = True,
) -> None:
    """Nothing, where a saved bundle gives the lists and scores that are expected.

    Args:
        loaded: the bundle, opened with TensorFlow alone.
        tables: for ids and for what each user did.
        known: user rows [B] to scores float32 [B, I + 1] of all items, `-inf` where an item cannot be listed.
        unseen: the same for people who did what these users did, and whom training never saw; None leaves it out.
        tolerance: float. How far scores may differ, relative to the larger of 1 and the score.
        exact: bool, default True. Lists must be the best ones. Else every score must be right, and `SHARE` of the
            places must hold the best.

    Raises:
        BundleError: a list or a score differs.
    """
    rows = np.unique(np.linspace(0, len(tables.user_ids), SAMPLE).astype(np.int64))
    names = np.concatenate([[""], tables.user_ids])[rows]
    done = [tables.done_rows[tables.done_splits[row] : tables.done_splits[row + 1]] for row in rows]
    hidden = _marked(done, len(tables.is_known))
    k = tf.constant(_K)
    answer = loaded.signatures["recommend"](
        user_id=tf.constant(names.tolist()), k=k, exclude=tf.zeros([len(rows), 0], tf.string)
    )
    _compare("recommend", answer, np.where(hidden, -np.inf, known(rows)), tables.item_ids, tolerance, exact)
    if unseen is None:
        return
    item_ids = np.concatenate([[""], tables.item_ids])
    longest = max(1, *map(len, done))
    histories = [[*item_ids[items], *[""] * (longest - len(items))] for items in done]
    answer = loaded.signatures["recommend_from_history"](item_id=tf.constant(histories), k=k)
    expected = np.where(hidden, -np.inf, unseen(rows))
    _compare("recommend_from_history", answer, expected, tables.item_ids, tolerance, exact)


def _marked(done: list[npt.NDArray[np.int32]], width: int) -> npt.NDArray[np.bool_]:
    marks = np.zeros((len(done), width), np.bool_)
    for row, items in enumerate(done):
        marks[row, items] = True
    return marks


def _compare(
    signature: str, answer: dict[str, tf.Tensor], expected: Floats, item_ids: Ids, tolerance: float, exact: bool
) -> None:
    """Compares by score, so that two items that score the same may stand either way round."""
    expected = expected.copy()
    expected[:, 0] = -np.inf
    row_of = {name: row for row, name in enumerate(item_ids, start=1)}
    rows = np.array([[row_of.get(name.decode("utf-8"), 0) for name in line] for line in answer["item_id"].numpy()])
    received = answer["score"].numpy()
    best = -np.sort(-expected, axis=1)[:, : received.shape[1]]
    own = np.take_along_axis(expected, rows, axis=1)
    if not exact:
        share = float((own >= best[:, -1:] - tolerance * np.maximum(1, np.abs(best[:, -1:]))).mean())
        if share < SHARE:
            raise BundleError(f"`{signature}` of the bundle just written finds only {share:.0%} of its lists")
    for wanted in (best, own) if exact else (own,):
        wanted = np.where(np.isneginf(wanted), LOWEST, wanted)
        scale = np.maximum(1, np.abs(wanted))
        off = np.abs(received.astype(np.float64) / scale - wanted / scale).max(initial=0)
        if not off <= tolerance:
            raise BundleError(
                f"`{signature}` of the bundle just written differs from the model in memory by {off:.3g}, more than "
                f"{tolerance:g}, so it was not kept. Please report this"
            )
    if any(len(set(line[line > 0])) < (line > 0).sum() for line in rows):
        raise BundleError(f"`{signature}` of the bundle just written lists an item twice, so it was not kept")
