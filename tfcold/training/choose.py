"""Settings chosen on validation rows: a grid each, one after the other, all in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.baselines import EASE
from tfcold.evaluation import evaluate
from tfcold.progress import logger
from tfcold.ranking import Queries, Rows, Scores
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

MAX_SIDE = 2500  # items of the sample on which EASE is tuned


@dataclass
class DotScorer:
    """Scores by `(sum_j history_j + extra_u) . candidate_i`: two towers in closed form, before any layer exists.

    Args:
        history: float32 [I + 1, D].
        candidates: float32 [I + 1, D].
        extra: float32 [U + 1, D] or None. Added to the query of a known user.
        prior: float32 [I + 1] or None, with `prior_weight`, a function of history lengths [B].
    """

    history: Floats
    candidates: Floats
    extra: Floats | None = None
    prior: Floats | None = None
    prior_weight: Callable[[Floats], Floats] | None = None
    name: str = "closed form"

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        vectors = np.asarray(queries.histories @ self.history, np.float32)
        if self.extra is not None:
            vectors = vectors + self.extra[queries.user_rows]
        scores = vectors @ self.candidates[item_rows].T
        if self.prior is not None and self.prior_weight is not None:
            counts = np.diff(queries.histories.indptr).astype(np.float32)
            scores += self.prior_weight(counts)[:, None] * self.prior[item_rows]
        return scores


def sample_of(split: Split, settings: Settings, *, at_least: int = 0) -> Split:
    """The `validation_sample` that settings choose by."""
    return validation_sample(split, max_users=max(settings.validation_users, at_least), seed=settings.seed)


def validation_sample(split: Split, *, max_users: int, seed: int = 0) -> Split:
    """The same split with the validation rows of at most `max_users` users a regime, and no test rows."""
    rng = np.random.default_rng(seed)
    rows = split.dataset.user_rows
    kept = {}
    for regime, positions in split.validation.items():
        users = np.unique(rows[positions])
        chosen = rng.permutation(users)[:max_users]
        kept[regime] = positions[np.isin(rows[positions], chosen)]
    return replace(split, validation=kept, test={})


def has(split: Split, regime: str) -> bool:
    """True where validation has rows of the regime (`all` needs warm and cold items)."""
    if regime == "all":
        return has(split, "warm") and has(split, "cold_item")
    return len(split.validation.get(regime, ())) > 0


def quality(scorer: object, split: Split, regime: str) -> float:
    """Mean NDCG@20 on validation."""
    found = evaluate(scorer, split, part="validation", regimes=[regime], k=20)  # type: ignore[arg-type]
    return found.mean(regime, "ndcg@20")


def best_of(name: str, options: Iterable[float], measure: Callable[[float], float], *, tolerance: float = 0.0) -> float:
    """The option of the highest measure; with a tolerance, the first within that share of the highest."""
    measured = {option: measure(option) for option in options}
    highest = max(measured.values())
    chosen = next(option for option, value in measured.items() if value >= highest * (1 - tolerance))
    logger.info("%s: %s -> %g", name, ", ".join(f"{o:g}: {v:.4f}" for o, v in measured.items()), chosen)
    return chosen


def ease_choice(
    split: Split, penalties: Iterable[float], dropouts: Sequence[float], *, seed: int
) -> tuple[float, float]:
    """EASE's penalty and dropout, chosen on a sample of warm items when there are many.

    What is best depends on how often items and users are seen, hardly on how many items there are, so a sample
    of the catalogue answers at a small part of the cost.
    """
    warm = np.flatnonzero(split.warm_items)
    sampled = split
    if len(warm) > MAX_SIDE:
        kept = np.zeros(len(split.warm_items), bool)
        kept[np.random.default_rng(seed).permutation(warm)[:MAX_SIDE]] = True
        sampled = _items_only(split, kept)
    found = {}
    for penalty in penalties:
        for dropout in dropouts:
            teacher = EASE(penalty, dropout=dropout).fit(sampled)
            found[penalty, dropout] = quality(teacher, sampled, "warm")
            logger.info("EASE of penalty %g, dropout %.2g: %.4f", penalty, dropout, found[penalty, dropout])
    return max(found, key=lambda option: found[option])


def _items_only(split: Split, kept: npt.NDArray[np.bool_]) -> Split:
    """The split without the rows of other items."""
    items, users = split.dataset.item_rows, split.dataset.user_rows
    train = split.train[kept[items[split.train]]]
    warm_users = np.zeros(len(split.warm_users), bool)
    warm_users[users[train]] = True
    warm_items = np.zeros(len(split.warm_items), bool)
    warm_items[items[train]] = True
    rows = split.validation["warm"]
    rows = rows[warm_items[items[rows]] & warm_users[users[rows]]]
    return replace(split, train=train, validation={"warm": rows}, test={}, revealed=split.revealed[:0])


def summary(found: Mapping[str, float]) -> str:
    """One line for the log."""
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())
