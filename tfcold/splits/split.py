"""What may be learnt from, what is held out, and the proof that the two do not meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.columns import RATING, TIMESTAMP
from tfcold.data.dataset import Dataset, Positions
from tfcold.data.ids import Mask
from tfcold.errors import InputError
from tfcold.splits.proof import prove
from tfcold.splits.regimes import REGIMES, WARM, regime_of

__all__ = ["REGIMES", "Split", "by_regime", "regime_of"]


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a dataset dealt into training, validation and test, by regime.

    A user or item is warm if training has a row of it, cold if not. Rows held out belong to one of four regimes: warm,
    cold_item, cold_user, cold_both; K-shot splits add `items_k` (the item has k training rows) and `users_k` (the user
    has none, and k revealed rows). RecTools (github.com/MobileTeleSystems/RecTools) says hot, warm and cold: its hot
    is our warm, its warm (unseen, with features) our cold, its cold our unknown.

    Construction proves that nothing leaks: no position and no pair of user and item in two parts, every held-out row in
    the regime that the training rows give it, revealed rows only of users training never saw and of items it saw, and
    for a cut in time every part later than the one before.

    Args:
        dataset: the tables.
        train: int64 [*]. Positions in `dataset.interactions.frame` that may be learnt from.
        validation: positions by regime, to choose settings by.
        test: positions by regime, to report on.
        revealed: int64 [*]. Rows of held-out users that are shown as history at prediction, never trained on.
        protocol: str. The function that made it.
        seed: int or None. What its draws came from.
        parameters: JSON-like mapping. The arguments it was made with.
        confidences: float32 [R] or None. How much each row counts where training rows are read, made by `weighed`;
            None: all alike.

    Attributes:
        validation, test: after construction, with all four regimes, those without rows empty.

    Raises:
        InputError: a position outside the dataset, or no training row.
        LeakageError: training would see what is held out; says how many rows, and three of them.
    """

    dataset: Dataset
    train: Positions
    validation: Mapping[str, Positions] = field(default_factory=dict)
    test: Mapping[str, Positions] = field(default_factory=dict)
    revealed: Positions = field(default_factory=lambda: np.empty(0, np.int64))
    protocol: str = "custom"
    seed: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    confidences: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "train", _positions(self.train, self.dataset, "train"))
        set_field(self, "revealed", _positions(self.revealed, self.dataset, "revealed"))
        for part in ("validation", "test"):
            given: Mapping[str, Positions] = getattr(self, part)
            names = (*REGIMES, *(name for name in given if name not in REGIMES))
            empty = np.empty(0, np.int64)
            held = {name: _positions(given.get(name, empty), self.dataset, f"{part}[{name!r}]") for name in names}
            set_field(self, part, held)
        if len(self.train) == 0:
            raise InputError(f"`train` must hold at least one row of {len(self.dataset)}; it has none. Hold out less")
        if self.confidences is not None and np.shape(self.confidences) != (len(self.dataset),):
            raise InputError(
                f"`confidences` must have one number for each of {len(self.dataset)} interactions; its shape is "
                f"{np.shape(self.confidences)}. Use `split.weighed(...)`"
            )
        prove(self.dataset, self.train, self.validation, self.test, self.revealed, in_time=self.protocol == "temporal")

    def parts(self) -> Iterator[tuple[str, str, Positions]]:
        """Part, regime (`""` for train and revealed) and positions of every part, empty ones too."""
        yield "train", "", self.train
        yield "revealed", "", self.revealed
        for part, held in (("validation", self.validation), ("test", self.test)):
            for regime, positions in held.items():
                yield part, regime, positions

    @cached_property
    def warm_items(self) -> Mask:
        """Bool [I + 1]: true for items with a training row."""
        return _touched(self.dataset.item_rows[self.train], self.dataset.num_items)

    @cached_property
    def warm_users(self) -> Mask:
        """Bool [U + 1]: true for users with a training row."""
        return _touched(self.dataset.user_rows[self.train], self.dataset.num_users)

    @cached_property
    def item_counts(self) -> npt.NDArray[np.int64]:
        """Training rows of every item, int64 [I + 1]."""
        return np.bincount(self.dataset.item_rows[self.train], minlength=len(self.warm_items))

    @cached_property
    def fingerprint(self) -> str:
        """Lower-case hexadecimal sha256 of ids, interactions, parts, protocol, seed and parameters.

        Two splits with the same fingerprint hold out the same rows of the same data; words of items and weights of
        rows play no part.
        """
        digest = hashlib.sha256(b"tfcold-split-1")
        about = {"protocol": self.protocol, "seed": self.seed, "parameters": dict(self.parameters)}
        for ids in (self.dataset.user_ids.ids, self.dataset.item_ids.ids):
            _update(digest, json.dumps(ids.tolist()).encode())
        frame = self.dataset.interactions.frame
        for rows in (self.dataset.user_rows, self.dataset.item_rows):
            _update(digest, np.ascontiguousarray(rows, "<i4").tobytes())
        for column in (RATING, TIMESTAMP):
            numbers = frame[column].to_numpy() if column in frame.columns else np.empty(0)
            _update(digest, np.ascontiguousarray(numbers, "<f8").tobytes())
        for part, regime, positions in sorted(self.parts(), key=lambda entry: entry[:2]):
            if len(positions):
                _update(digest, f"{part}/{regime}".encode())
                _update(digest, np.ascontiguousarray(positions, "<i8").tobytes())
        _update(digest, json.dumps(about, sort_keys=True).encode())
        return digest.hexdigest()

    def weighed(self, spread: float) -> Split:
        """The same split, whose training rows count between `1 - spread` and `1 + spread` by their weight.

        By its rank among the training rows of the user (`Dataset.weight_ranks`), so that each user counts as much as
        before. In a part of this split, rows count what they do in the whole.

        Args:
            spread: float in [0, 1]. 0 makes all rows count alike.
        """
        if not spread:
            return self if self.confidences is None else replace(self, confidences=None)
        confidences = np.ones(len(self.dataset), np.float32)
        confidences[self.train] += np.float32(spread) * self._weight_ranks
        return replace(self, confidences=confidences)

    @property
    def has_pairs(self) -> bool:
        """Whether some user has two training rows, which say that two items go together."""
        return len(self.train) > int(self.warm_users.sum())

    @property
    def has_weights(self) -> bool:
        """Whether training rows of one user differ in weight."""
        return bool(self._weight_ranks.any())

    @cached_property
    def _weight_ranks(self) -> npt.NDArray[np.float32]:
        return self.dataset.weight_ranks(self.train)

    def train_matrix(self) -> sp.csr_matrix:
        """Float32 CSR [U + 1, I + 1] of what training rows count: ones, or `confidences`."""
        return self.dataset.matrix(self.train, None if self.confidences is None else self.confidences[self.train])

    def history_matrix(self) -> sp.csr_matrix:
        """Float32 CSR [U + 1, I + 1] of what a user is recommended from: training rows, and ones at revealed rows."""
        return self.train_matrix() + self.dataset.matrix(self.revealed)

    def seen_matrix(self, include_validation: bool) -> sp.csr_matrix:
        """Float32 CSR [U + 1, I + 1] of ones at what is never listed again: training and revealed rows.

        Args:
            include_validation: bool. Adds the warm validation rows, as the test wants it.
        """
        validated = [self.validation[WARM]] if include_validation else []
        return self.dataset.matrix(np.concatenate([self.train, self.revealed, *validated]))

    def describe(self) -> pd.DataFrame:
        """Frame `part, regime, rows, users, items, share`: one line a part and regime that has rows.

        `share` is of all interactions. A last part `unused` holds the rows that are in none.
        """
        used = np.concatenate([positions for _, _, positions in self.parts()])
        unused = np.setdiff1d(np.arange(len(self.dataset)), used, assume_unique=True)
        lines = [
            (
                part,
                regime,
                len(positions),
                len(np.unique(self.dataset.user_rows[positions])),
                len(np.unique(self.dataset.item_rows[positions])),
                len(positions) / len(self.dataset),
            )
            for part, regime, positions in (*self.parts(), ("unused", "", unused))
            if len(positions)
        ]
        return pd.DataFrame(lines, columns=["part", "regime", "rows", "users", "items", "share"])


def by_regime(dataset: Dataset, train: Positions, held_out: Positions) -> dict[str, Positions]:
    """Positions of held-out rows by the regime that the training rows give them."""
    warm_users = _touched(dataset.user_rows[train], dataset.num_users)
    warm_items = _touched(dataset.item_rows[train], dataset.num_items)
    regimes = regime_of(warm_users[dataset.user_rows[held_out]], warm_items[dataset.item_rows[held_out]])
    return {regime: held_out[regimes == regime] for regime in REGIMES}


def _touched(rows: npt.NDArray[np.int32], num: int) -> Mask:
    mask = np.zeros(num + 1, np.bool_)
    mask[rows] = True
    mask.setflags(write=False)
    return mask


def _positions(positions: npt.ArrayLike, dataset: Dataset, argument: str) -> Positions:
    """The positions, rising and read-only."""
    asked = np.asarray(positions)
    if asked.ndim != 1 or (len(asked) and asked.dtype.kind not in "iu"):
        raise InputError(f"`{argument}` must be int [*]; received {asked.dtype} {list(asked.shape)}")
    rising = np.sort(asked.astype(np.int64))
    if len(rising) and (rising[0] < 0 or rising[-1] >= len(dataset)):
        raise InputError(
            f"`{argument}` must hold positions in 0..{len(dataset) - 1}; received {rising[0]}..{rising[-1]}. "
            "Positions are rows of `dataset.interactions.frame`"
        )
    rising.setflags(write=False)
    return rising


def _update(digest: Any, content: bytes) -> None:
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)
