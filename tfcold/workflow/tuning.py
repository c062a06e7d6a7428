"""Baselines with their settings chosen on validation rows, each from a short list."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final, TypeVar

from tfcold.baselines import (
    EASE,
    IALS,
    Baseline,
    Joined,
    KernelRidge,
    LexicalProfile,
    Popularity,
    Ridge,
    SemanticProfile,
    UserKNN,
)
from tfcold.blocks import Features
from tfcold.evaluation import evaluate
from tfcold.evaluation.candidates import regimes_of
from tfcold.splits import Split

METRIC: Final = "ndcg@20"
WORD_BLOCKS: Final = ("text", "lexical")
_CHOOSERS: Final = {  # validation regimes that may choose, the nearest first to what is ranked
    "warm": ("warm", "cold_user"),
    "cold_item": ("cold_item", "cold_both", "warm", "cold_user"),
    "all": ("all",),  # nothing else holds warm scores against cold ones
}

_Chosen = TypeVar("_Chosen", bound=Baseline)


@dataclass(frozen=True)
class Grids:
    """The settings that each baseline may choose from; those that read vectors try each for every block.

    Args:
        min_items: of `LexicalProfile`.
        neighbours: of `UserKNN`.
        ease: penalties of `EASE`.
        ease_dropouts: its dropouts, each with every penalty.
        ials: keyword arguments of `IALS`.
        ridge: penalties of `Ridge`.
        kernel: `gamma` and `penalty` of `KernelRidge`.
        cold_scales: of `Joined`.
    """

    min_items: tuple[int, ...] = (1,)
    neighbours: tuple[int, ...] = (200,)
    ease: tuple[float, ...] = (50.0, 150.0, 500.0, 1500.0)
    ease_dropouts: tuple[float, ...] = (0.0, 0.5)
    ials: tuple[Mapping[str, Any], ...] = tuple(
        {"factors": 32, "alpha": alpha, "penalty": 5.0} for alpha in (1.0, 5.0, 20.0)
    )
    ridge: tuple[float, ...] = (0.3, 1.0, 3.0, 10.0)
    kernel: tuple[tuple[float, float], ...] = tuple((2.0, penalty) for penalty in (0.3, 1.0, 3.0, 10.0))
    cold_scales: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)


class TunedBaselines:
    """Every baseline of the package, fitted on training rows with what did best on validation rows.

    Each is made when it is first asked for, and kept: `kernel_ridge` and `joined` share `ease`, `ridge` shares `ials`.

    Args:
        split: what is fitted on, and whose validation rows choose.
        features: vectors of items.
        grids: default `Grids()`.
        regime: str or None (default). The validation regime that chooses everything; None takes `"warm"` for what
            ranks warm items, `"cold_item"` for what reads vectors, and `"all"` for the two in one list; where such a
            regime has no rows, the nearest that has some (new users for warm items, say), and where none has, nothing
            is chosen: a baseline is taken with its own defaults.
        judge: Split or None (default). The same split with fewer validation rows, to choose at less cost.
        seed: int, default 0. Of iALS.

    Attributes:
        seconds: what each took to choose and fit, what it shares with others included.
    """

    def __init__(
        self,
        split: Split,
        features: Features,
        grids: Grids | None = None,
        *,
        regime: str | None = None,
        judge: Split | None = None,
        seed: int = 0,
    ) -> None:
        self.split = split
        self.features = features
        self.grids = grids or Grids()
        self.regime = regime
        self.judge = judge or split
        self.seed = seed
        self.seconds: dict[str, float] = {}
        self._blocks = list(features.items)

    @property
    def has_words(self) -> bool:
        """True where a block was made of words."""
        return any(block in self.features.items for block in WORD_BLOCKS)

    @property
    def has_vectors(self) -> bool:
        return bool(self._blocks)

    @cached_property
    def popularity(self) -> Popularity:
        with self._timed("popularity"):
            return Popularity().fit(self.split, self.features)

    @cached_property
    def lexical(self) -> LexicalProfile:
        with self._timed("lexical"):
            options = [LexicalProfile(min_items=least) for least in self.grids.min_items]
            return self._best("cold_item", options[0], options)

    @cached_property
    def semantic(self) -> SemanticProfile:
        with self._timed("semantic"):
            first, options = SemanticProfile(self._blocks[0]), (SemanticProfile(block) for block in self._blocks)
            best = self._best("cold_item", first, options)
            best.name = "semantic profile"
            return best

    @cached_property
    def user_knn(self) -> UserKNN:
        with self._timed("user_knn"):
            options = [UserKNN(number) for number in self.grids.neighbours]
            return self._best("warm", options[0], options)

    @cached_property
    def ease(self) -> EASE:
        with self._timed("ease"):
            options = product(self.grids.ease, self.grids.ease_dropouts)
            return self._best("warm", EASE(), (EASE(penalty, dropout=dropout) for penalty, dropout in options))

    @cached_property
    def ials(self) -> IALS:
        with self._timed("ials"):
            return self._best("warm", IALS(seed=self.seed), (IALS(**how, seed=self.seed) for how in self.grids.ials))

    @cached_property
    def ridge(self) -> Ridge:
        teacher = self.ials
        with self._timed("ridge", after="ials"):
            pairs = product(self._blocks, self.grids.ridge)
            options = (Ridge(teacher, block=block, penalty=penalty) for block, penalty in pairs)
            return self._best("cold_item", Ridge(teacher, block=self._blocks[0]), options)

    @cached_property
    def kernel_ridge(self) -> KernelRidge:
        teacher = self.ease
        with self._timed("kernel_ridge", after="ease"):
            pairs = product(self._blocks, self.grids.kernel)
            options = (KernelRidge(teacher, block=block, gamma=g, penalty=p) for block, (g, p) in pairs)
            return self._best("cold_item", KernelRidge(teacher, block=self._blocks[0]), options)

    @cached_property
    def joined(self) -> Joined:
        warm, cold = self.ease, self.kernel_ridge
        with self._timed("joined", after="kernel_ridge"):
            options = (Joined(warm, cold, cold_scale=scale) for scale in self.grids.cold_scales)
            best = self._best("all", Joined(warm, cold), options)
            best.name = "EASE + kernel ridge"
            return best

    def _best(self, ranked: str, default: _Chosen, options: Iterable[_Chosen]) -> _Chosen:
        """The option that the nearest regime with rows to `ranked` prefers; the default where there is none."""
        there = regimes_of(self.judge, "validation")
        regime = self.regime or next((one for one in _CHOOSERS[ranked] if one in there), None)
        if regime is None:
            return default.fit(self.split, self.features)
        return best_on_validation(options, self.split, self.features, regime, judge=self.judge)

    @contextmanager
    def _timed(self, name: str, *, after: str | None = None) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start + (0.0 if after is None else self.seconds[after])


def tuned_baselines(split: Split, features: Features) -> Iterator[Baseline]:
    """The baselines that a report shows, fitted, each with its settings chosen on the validation rows.

    Those that read vectors are left out where there are none.
    """
    tuned = TunedBaselines(split, features)
    yield tuned.popularity
    if tuned.has_words:
        yield tuned.lexical
    if tuned.has_vectors:
        yield tuned.semantic
    yield tuned.ease
    yield tuned.ials
    if tuned.has_vectors:
        yield tuned.ridge
        yield tuned.kernel_ridge
        yield tuned.joined


def best_on_validation(
    options: Iterable[_Chosen], split: Split, features: Features, regime: str, *, judge: Split | None = None
) -> _Chosen:
    """The option with the best NDCG@20 on validation rows, fitted on the training rows.

    A single option is fitted and not asked.

    Args:
        options: at least one; each is made, fitted and judged before the next.
        split, features: what to fit on.
        regime: str. Of the validation rows.
        judge: Split or None (default), which is `split`. Whose validation rows are asked.
    """
    if isinstance(options, list) and len(options) == 1:
        return options[0].fit(split, features)
    best, highest = None, -1.0
    for option in options:
        option.fit(split, features)
        reached = evaluate(option, judge or split, part="validation", regimes=[regime], k=20).mean(regime, METRIC)
        if reached > highest:
            best, highest = option, reached
    assert best is not None
    return best
