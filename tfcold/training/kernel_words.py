"""Kernel ridge regression from the words of warm items, or of warm users, to their factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from tfcold.baselines.kernel import (
    leverages,
    nystrom_solution,
    own_part,
    rbf_of_units,
    ridge_factor,
    ridge_solution,
)
from tfcold.baselines.vectors import centred_unit
from tfcold.blocks import Features
from tfcold.models.feature_table import Kernels
from tfcold.progress import bar
from tfcold.training.factors import Factors
from tfcold.training.word_maps import WordMaps, maps_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

Weights = Mapping[str, float]  # of blocks

_PASS = 4_096
_LESSON = 4_096
TEACHING = 4  # items that teach, for each landmark: what is solved takes landmarks^2 x these
GAMMA, PENALTY = 1.0, 0.3  # where nothing can be measured


class KernelWords:
    """Predicts both sides of the factors of an item from its vectors: `sum_b w_b sum_m k(t_b, t_bm) a_m`.

    The kernel of two items is the weighted sum of `exp(-gamma |a - b|^2)` over the blocks that both have, of vectors
    that are centred and of length 1; coefficients `a = (K + penalty I)^-1 [outputs, inputs]` are shared by the blocks.
    Every taught item is a landmark, up to `max_landmarks`. On larger catalogues as many are drawn, and up to
    `TEACHING` times as many items teach them (`nystrom_solution`).

    What is said of items here holds for users all the same, where these are the `side` that is read.

    Args:
        split: warm items with vectors teach.
        features: `Features`; one side is read.
        max_landmarks: int >= 0. The most landmarks there may be; with 0 nothing is taught.
        seed: int. Draws landmarks, and which items teach, where there are too many.
        side: `"items"` (default) or `"users"`.
    """

    def __init__(
        self,
        split: Split,
        features: Features,
        max_landmarks: int,
        seed: int = 0,
        *,
        side: Literal["items", "users"] = "items",
    ) -> None:
        blocks, warm = {
            "items": (features.items, split.warm_items),
            "users": (features.users, split.warm_users),
        }[side]
        self._units: dict[str, Floats] = {}
        self._masks: dict[str, npt.NDArray[np.bool_]] = {}
        for name, block in blocks.items():
            self._units[name] = units = centred_unit(block, warm)
            self._masks[name] = block.mask & (np.linalg.norm(units, axis=1) > 0.5)  # the mean itself has length 0
        known = np.any(list(self._masks.values()), axis=0) if self._masks else np.zeros_like(warm)
        self._seed = seed
        drawn = np.random.default_rng(seed).permutation(np.flatnonzero(warm & known))
        self.taught: Rows = np.sort(drawn[: TEACHING * max_landmarks])
        self.landmarks: Rows = np.sort(drawn[:max_landmarks])
        self.has_words = known

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the blocks."""
        return tuple(self._units)

    def features(self) -> dict[str, Floats]:
        """Every block [I + 1, T], centred and of length 1; zeros where it is missing."""
        return {name: units * self._masks[name][:, None] for name, units in self._units.items()}

    def drawn(self, number: int) -> Rows:
        """At most so many of the items that teach, drawn; always the same."""
        return np.random.default_rng(self._seed).permutation(self.taught)[:number]

    def solve(self, targets: Factors, gamma: float, penalty: float, weights: Weights) -> tuple[Kernels, Floats]:
        """What is taught, and what each item that teaches adds to the outputs that are predicted of itself.

        Returns: landmarks [M, T] and coefficients float32 [M, 2 D] of every block, outputs first, then inputs (of which
            `targets` may have none: then [M, D]); and `own_part` of the outputs, float32 [I + 1, D], zeros of items
            that do not teach.
        """
        marks = self.landmarks
        gram = self.kernel(marks, marks, gamma, weights)
        own = np.zeros_like(targets.outputs)
        if len(marks) == len(self.taught):
            coefficients, own[marks] = _solved(gram, penalty, targets, marks)
        else:
            titles = iter((f"words of {len(marks)} landmarks", "each item left out"))
            coefficients, own[self.taught] = nystrom_solution(
                gram, penalty, lambda: self._lessons(targets, gamma, weights, next(titles)), targets.dim
            )
        kernels = {}
        for name, mask in self._masks.items():
            present = mask[marks]
            if present.any():
                weight = np.float32(weights.get(name, 1.0))
                kernels[name] = (self._units[name][marks[present]], weight * coefficients[present])
        return kernels, own

    def predicted(self, kernels: Kernels, gamma: float, rows: Rows | None = None) -> Floats:
        """What kernels solved here say of these items, default all: float32 [R, 2 D]; zeros without words."""
        width = next(iter(kernels.values()))[1].shape[1]
        rows = np.arange(len(self.has_words)) if rows is None else rows
        found = np.zeros((len(rows), width), np.float32)
        for name, (landmarks, coefficients) in kernels.items():
            told = np.flatnonzero(self._masks[name][rows])
            for start in range(0, len(told), _PASS):
                part = told[start : start + _PASS]
                found[part] += rbf_of_units(self._units[name][rows[part]], landmarks, gamma) @ coefficients
        return found

    def _lessons(self, targets: Factors, gamma: float, weights: Weights, title: str) -> Iterator[tuple[Floats, Floats]]:
        """What the taught items teach the landmarks, some of them at a time."""
        with bar(len(self.taught), title=title, unit="row") as progress:
            for start in range(0, len(self.taught), _LESSON):
                part = self.taught[start : start + _LESSON]
                yield self.kernel(self.landmarks, part, gamma, weights), _both_sides(targets, part)
                progress.update(len(part))

    def maps(
        self, targets: Factors, gamma: float, penalty: float, weights: Weights, rows: int, seed: int, known: int
    ) -> WordMaps:
        """What at most `rows` items, drawn, teach for every item with words: no kernels, for a look ahead.

        Args:
            known: int. As in `WordMaps`.
        """
        taught = self.taught[targets.outputs[self.taught].any(axis=1)]
        taught = np.random.default_rng(seed).permutation(taught)[:rows]
        own = np.zeros_like(targets.outputs)
        solved, own[taught] = _solved(self.kernel(taught, taught, gamma, weights), penalty, targets, taught)
        found = np.zeros((len(self.has_words), solved.shape[1]), np.float32)
        told = np.flatnonzero(self.has_words)
        for start in range(0, len(told), _PASS):
            part = told[start : start + _PASS]
            found[part] = self.kernel(part, taught, gamma, weights) @ solved
        return maps_of(found, own, known)

    def kernel(self, rows: Rows, others: Rows, gamma: float, weights: Weights) -> Floats:
        """float32 [R, N] between item rows; a block that `weights` does not name counts once."""
        total = np.zeros((len(rows), len(others)), np.float32)
        for name in self.blocks:
            if weight := weights.get(name, 1.0):
                total += np.float32(weight) * self._kernel_of(name, rows, others, gamma)
        return total

    def _kernel_of(self, name: str, rows: Rows, others: Rows, gamma: float) -> Floats:
        """float32 [R, N] of one block; zeros where either item lacks it."""
        units, mask = self._units[name], self._masks[name].astype(np.float32)
        block = rbf_of_units(units[rows], units[others], gamma)
        block *= mask[rows][:, None]
        block *= mask[others][None]
        return block


def _solved(gram: Floats, penalty: float, targets: Factors, rows: Rows) -> tuple[Floats, Floats]:
    """Coefficients [R, 2 D] when these items teach, and `own_part` [R, D] of their outputs; uses up `gram`."""
    factor = ridge_factor(gram, penalty)
    coefficients = ridge_solution(factor, _both_sides(targets, rows))
    errors = np.float32(penalty) * coefficients[:, : targets.dim]
    return coefficients, own_part(errors, leverages(factor, penalty))


def _both_sides(targets: Factors, rows: Rows) -> Floats:
    """float32 [R, 2 D] of these items: outputs, then inputs."""
    return np.concatenate([targets.outputs[rows], targets.inputs[rows]], axis=1)
