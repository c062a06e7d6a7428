"""Kernel ridge regression from the words of warm items to their factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.baselines.kernel import rbf_of_units, ridge_factor, ridge_solution
from tfcold.baselines.vectors import centred_unit
from tfcold.blocks import Features
from tfcold.models.feature_table import Kernels
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

GAMMAS = (0.5, 1.0, 2.0)
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
GAMMA, PENALTY = 1.0, 0.3  # where nothing can be measured
SEARCH_ROWS = 3_000  # warm items that teach while gamma and penalty are chosen


class KernelWords:
    """Predicts both sides of the factors of an item from its vectors: `sum_b sum_m k_b(t_b, t_bm) a_m`.

    The kernel of two items is the sum of `exp(-gamma |a - b|^2)` over the blocks that both have, of vectors that are
    centred and of length 1; coefficients `a = (K + penalty I)^-1 [outputs, inputs]` are shared by the blocks. Every
    taught item is a landmark, up to `max_landmarks`: on sparse catalogues, a tenth of them loses a tenth of the
    quality on cold items.

    Args:
        split: warm items with vectors teach.
        features: `Features`; only items are read.
        factors: what is taught.
        max_landmarks: int >= 0. Beyond it, the items with the most interactions teach.
    """

    def __init__(self, split: Split, features: Features, factors: Factors, max_landmarks: int) -> None:
        self._units: dict[str, Floats] = {}
        self._masks: dict[str, npt.NDArray[np.bool_]] = {}
        self._factors = factors
        for name, block in features.items.items():
            self._units[name] = units = centred_unit(block, split.warm_items)
            self._masks[name] = block.mask & (np.linalg.norm(units, axis=1) > 0.5)  # the mean itself has length 0
        known = np.any(list(self._masks.values()), axis=0) if self._masks else np.zeros_like(split.warm_items)
        counts = np.bincount(split.dataset.item_rows[split.train], minlength=len(known))
        taught = np.flatnonzero(split.warm_items & known)
        self.taught: Rows = np.sort(taught[np.argsort(-counts[taught], kind="stable")[:max_landmarks]])
        self.has_words = known

    def choose(self, split: Split, settings: Settings) -> Settings:
        """Settings with the kernel's width and the penalty that are best for cold validation items."""
        sample = choose.validation_sample(split, seed=settings.seed)
        if settings.kernel_gamma is not None and settings.text_penalty is not None:
            return settings
        if not choose.has(sample, "cold_item"):
            return settings.with_(
                kernel_gamma=settings.kernel_gamma or GAMMA, text_penalty=settings.text_penalty or PENALTY
            )
        drawn = np.random.default_rng(settings.seed).permutation(self.taught)[:SEARCH_ROWS]
        asked = np.unique(split.dataset.item_rows[sample.validation["cold_item"]]).astype(np.int64)
        targets = self._factors.outputs[drawn]
        found: dict[tuple[float, float], float] = {}
        for gamma in GAMMAS if settings.kernel_gamma is None else (settings.kernel_gamma,):
            gram, cross = self.kernel(drawn, drawn, gamma), self.kernel(asked, drawn, gamma)
            for penalty in PENALTIES if settings.text_penalty is None else (settings.text_penalty,):
                candidates = np.zeros_like(self._factors.outputs)
                candidates[asked] = cross @ ridge_solution(ridge_factor(gram.copy(), penalty), targets)
                scorer = DotScorer(self._factors.inputs, candidates)
                found[gamma, penalty] = choose.quality(scorer, sample, "cold_item")
        gamma, penalty = max(found, key=lambda pair: found[pair])
        logger.info(
            "kernel of words: %s -> gamma %g, penalty %g",
            ", ".join(f"({g:g}, {p:g}) {quality:.4f}" for (g, p), quality in found.items()), gamma, penalty,
        )  # fmt: skip
        return settings.with_(kernel_gamma=gamma, text_penalty=penalty)

    def solve(self, gamma: float, penalty: float) -> Kernels:
        """Landmarks [M, T] and coefficients float32 [M, 2 D] of every block: outputs first, then inputs."""
        targets = np.concatenate([self._factors.outputs[self.taught], self._factors.inputs[self.taught]], axis=1)
        factor = ridge_factor(self.kernel(self.taught, self.taught, gamma), penalty)
        coefficients = ridge_solution(factor, targets)
        kernels = {}
        for name, mask in self._masks.items():
            present = mask[self.taught]
            if present.any():
                kernels[name] = (self._units[name][self.taught[present]], coefficients[present])
        return kernels

    def kernel(self, rows: Rows, others: Rows, gamma: float) -> Floats:
        """float32 [R, N] between item rows."""
        total = np.zeros((len(rows), len(others)), np.float32)
        for name, units in self._units.items():
            mask = self._masks[name]
            block = rbf_of_units(units[rows], units[others], gamma)
            block *= mask[rows].astype(np.float32)[:, None]
            block *= mask[others].astype(np.float32)[None]
            total += block
        return total
