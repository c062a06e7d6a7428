"""What a peer is: something made with settings, fitted on material, that scores by dot products."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from quality_parts.peers.fold_in import FoldIn
from quality_parts.peers.material import Material
from quality_parts.system import Unable
from tfcold.ranking import Queries, Rows, Scores

Floats = npt.NDArray[np.float32]
Judge = Callable[[Any], float]


@dataclass
class Watch:
    """Who looks on while a peer trains.

    Args:
        judge: function of a scorer, its quality on validation rows; None where there are no such rows: then all
            `epochs` are run.
        deadline: float, on `time.monotonic`. No further epoch after it.
        epochs: int or None. How many were worth it when the settings were chosen; `judge` is None then.
    """

    judge: Judge | None = None
    deadline: float = float("inf")
    epochs: int | None = None

    def late(self) -> bool:
        return time.monotonic() > self.deadline


@dataclass
class Tables:
    """What a fitted peer scores with: `users[u] . items[i] + bias[i]`.

    Args:
        users: float32 [U + 1, D] or None for a method that has a query for any history (`Peer.queries`).
        items: float32 [I + 1, D].
        bias: float32 [I + 1].
        fold_from: float32 [I + 1, E] or None, which is `items`. Item vectors that tell the most of a user.
    """

    users: Floats | None
    items: Floats
    bias: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    fold_from: Floats | None = None

    def __post_init__(self) -> None:
        if not len(self.bias):
            self.bias = np.zeros(len(self.items), np.float32)


class Peer(ABC):
    """A method from elsewhere. A child learns in `_fit` and leaves `tables`.

    Attributes:
        name: str.
        settings: mapping. What it was made with, and what its training chose (`epochs`).
        can_score: bool [I + 1]; set by `fit`.
    """

    name = ""
    can_score: npt.NDArray[np.bool_]
    tables: Tables

    def __init__(self, *, seed: int = 0, **settings: Any) -> None:
        self.seed = seed
        self.settings: dict[str, Any] = dict(settings)

    def fit(self, material: Material, watch: Watch | None = None) -> Peer:
        """Itself, fitted.

        Raises:
            Unable: a package or the vectors that it needs are missing.
        """
        self.material = material
        self.can_score = self._scorable(material)
        self._fold: FoldIn | None = None
        self._fit(material, watch or Watch())
        self._fold = None
        return self

    @abstractmethod
    def _fit(self, material: Material, watch: Watch) -> None:
        """Learns, and leaves `tables`."""

    def _scorable(self, material: Material) -> npt.NDArray[np.bool_]:
        """Bool [I + 1]; here: warm items alone."""
        return material.warm_items

    def queries(self, queries: Queries) -> Floats:
        """[B, D]. Here: the user's own vector, and for a new user what `FoldIn` makes of the history."""
        assert self.tables.users is not None
        vectors = self.tables.users[queries.user_rows]
        new = queries.user_rows == 0
        if new.any():
            if self._fold is None:
                known = self.tables.items if self.tables.fold_from is None else self.tables.fold_from
                self._fold = FoldIn(known, self.tables.users, self.material.train, self.seed)
            vectors[new] = self._fold(queries.histories[new])
        return vectors

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        """[B, N]; `-inf` where the method says nothing of an item."""
        found = self.queries(queries) @ self.tables.items[item_rows].T + self.tables.bias[item_rows]
        found[:, ~self.can_score[item_rows]] = -np.inf
        return np.asarray(found, np.float32)


class ContentPeer(Peer):
    """A peer that places an item by its vectors, warm or new."""

    def _scorable(self, material: Material) -> npt.NDArray[np.bool_]:
        return material.has_content | material.warm_items


def required(module: str, package: str) -> Any:
    """An imported module.

    Raises:
        Unable: it is not installed; names the package.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Unable(f"needs {package}: {error}") from error


def pytorch() -> Any:
    """PyTorch.

    Raises:
        Unable: it is not installed, or would take the process down: its compiler, triton, and TensorFlow each bring an
            LLVM that registers the same options.
    """
    if "torch" not in sys.modules and "tensorflow" in sys.modules and importlib.util.find_spec("triton"):
        raise Unable("needs PyTorch without triton, which cannot be loaded beside TensorFlow")
    return required("torch", "PyTorch")
