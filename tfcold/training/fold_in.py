"""How far to believe a short history, and how much to lean on popularity beside it: chosen on users set aside.

Newcomers (`training.newcomers`) are asked with one, three and ten of their rows; warm validation rows ask the same of
training users, whose histories are not shrunk. Every user is ranked once for each pair of a shrinkage `m` and a prior's
weight `w`; the curves `m(n)` and `w(n)` over the length n of a history are then read off that table.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.layers.history_shrinkage import relative
from tfcold.models.prior import popularity
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.factors import Factors
from tfcold.training.newcomers import Asked, Newcomers, most_users
from tfcold.training.settings import Settings
from tfcold.training.similar_users import choose_similar

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
Curve = tuple[float, ...]  # shrinkage, its decay, strength of the prior, its decay
Curves = tuple[Curve, ...]
Tables = dict[str, tuple[Numbers, Numbers]]  # by group: lengths of histories [B], quality [B, M, W]

WARM: Final = "warm"
NOTHING: Final = (0.0, 0.0, 0.0, 1.0)
SHRINKAGES: Final = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # m that are measured
WEIGHTS: Final = (0.0, 0.1, 0.3, 1.0, 3.0)  # w that are measured, in spreads of the scores of one click
UNTOLD: Final = 2.0  # strength of the prior where nobody can be asked, in such spreads: one of them beside one click
_CURVES: Final = (
    (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 10.0),  # shrinkage
    (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),  # its decay
    (0.0, 0.1, 0.2, 0.3, 0.6, 1.0, 2.0, 3.0, 6.0),  # strength of the prior
    (0.5, 1.0, 2.0),  # its decay
)
_LEAST_GAIN: Final = 0.003  # what a shrinkage, or a prior, must bring, as a share
_WARM_TOLERANCE: Final = 0.005  # what warm users may lose to newcomers, as a share of what they have with neither


def is_settled(settings: Settings) -> bool:
    """True where `choose_for_newcomers` has nothing to choose."""
    return None not in (
        settings.shrinkage, settings.shrinkage_decay, settings.prior_strength, settings.prior_decay,
        settings.similar_strength, settings.similar_sharpness,
    )  # fmt: skip


def choose_for_newcomers(split: Split, told: Factors, newcomers: Newcomers | None, settings: Settings) -> Settings:
    """Settings with shrinkage, prior, and how far newcomers lean towards similar users.

    Args:
        split: its training rows, and its validation rows of warm items.
        told: factors of warm items, as both towers add them up.
        newcomers: None where nobody could be spared.
        settings: with the teacher, and the scales of words, chosen.
    """
    if is_settled(settings):
        return settings
    settings = choose_fold_in(split, told, popularity(split.item_counts), settings, newcomers)
    prior = np.zeros(0, np.float32) if newcomers is None else prior_among(newcomers, split, told, settings)
    return choose_similar(newcomers, prior, settings)


def prior_among(newcomers: Newcomers, split: Split, told: Factors, settings: Settings) -> Floats:
    """The prior of an item float32 [I + 1] for somebody of whom nothing is known, in the unit of newcomers' scores.

    Args:
        split, told: of the whole fit, in whose unit settings say its strength.
    """
    units = [
        spread_of(factors, one.train_matrix(), np.flatnonzero(one.warm_items).astype(np.int32))
        for factors, one in ((newcomers.factors, newcomers.rest), (told, split))
    ]
    return popularity(split.item_counts) * np.float32((settings.prior_strength or 0.0) * units[0] / units[1])


def choose_fold_in(
    split: Split,
    factors: Factors,
    prior: Floats,
    settings: Settings,
    newcomers: Newcomers | None,
) -> Settings:
    """Settings with `shrinkage` and prior, where these are not settled.

    Args:
        split: its training rows, and its validation rows of warm items.
        factors: of warm items of the whole split, as the towers add them up.
        prior: float32 [I + 1]. `PopularityPrior.values`.
        settings: with the teacher, and the scales of words, chosen.
        newcomers: None where nobody could be spared.
    """
    strength = settings.prior_strength
    if None not in (settings.shrinkage, settings.shrinkage_decay, strength, settings.prior_decay):
        return settings
    spread = spread_of(factors, split.train_matrix(), np.flatnonzero(split.warm_items).astype(np.int32))
    tables = _tables(split, factors, prior, spread, settings, newcomers)
    if not tables:
        untold = {"shrinkage": 0.0, "shrinkage_decay": 0.0, "prior_strength": UNTOLD * spread, "prior_decay": 1.0}
        return settings.with_(**{name: value for name, value in untold.items() if getattr(settings, name) is None})
    named = (
        settings.shrinkage, settings.shrinkage_decay, None if strength is None else strength / spread,
        settings.prior_decay,
    )  # fmt: skip
    grids = (grid if one is None else (one,) for grid, one in zip(_CURVES, named, strict=True))
    curve, gains = _best_curve(tables, tuple(product(*grids)))
    logger.info("histories: shrinkage %g exp(-%g (n - 1)) / n, prior %g / (1 + n)^%g: %s", *curve, gains)
    shrinkage, shrinkage_decay, strength, prior_decay = curve
    return settings.with_(
        shrinkage=shrinkage, shrinkage_decay=shrinkage_decay, prior_strength=strength * spread, prior_decay=prior_decay
    )


def _tables(
    split: Split,
    factors: Factors,
    prior: Floats,
    spread: float,
    settings: Settings,
    newcomers: Newcomers | None,
) -> Tables:
    """What every shrinkage and every prior reaches, for newcomers with each of `KNOWN` rows, and for warm users."""
    tables: Tables = {}
    warm = np.flatnonzero(split.warm_items).astype(np.int32)
    if newcomers is not None:
        narrow, left = newcomers.factors, newcomers.listed
        scaled = prior * spread_of(narrow, newcomers.rest.train_matrix(), left)
        for known, asked in newcomers.asked.items():
            tables[f"{known} known"] = asked.counts, _table(narrow, scaled, asked, left)
    if choose.has(split, "warm"):
        asked = warm_asked(split, settings)
        table = _table(factors, prior * spread, asked, warm, (0.0,))
        tables[WARM] = asked.counts, np.broadcast_to(table, (len(table), len(SHRINKAGES), len(WEIGHTS)))
    return tables


def _best_curve(tables: Tables, curves: Curves) -> tuple[Curve, str]:
    """The best curve on average over the groups, as shares of the best in each; and what it brings, in words."""
    found = np.stack([_along(counts, table, curves) for counts, table in tables.values()])  # [G, C]
    shares = found / np.maximum(found.max(axis=1, keepdims=True), 1e-9)
    used = np.array([(one[0] > 0) + (one[2] > 0) for one in curves])
    value = shares.mean(axis=0) - _LEAST_GAIN * used
    without = [float(_along(counts, table, (NOTHING,))[0]) for counts, table in tables.values()]
    if WARM in tables:
        place = list(tables).index(WARM)
        value[found[place] < without[place] * (1 - _WARM_TOLERANCE)] = -np.inf
    best = int(np.argmax(value))
    gains = zip(tables, found[:, best], without, strict=True)
    return curves[best], ", ".join(f"{name} {new:.4f} (without: {old:.4f})" for name, new, old in gains)


def warm_asked(split: Split, settings: Settings) -> Asked:
    """Users of warm validation rows, no more than can be ranked: what they did in training, and these rows."""
    sample = choose.validation_sample(split, max_users=most_users(split), seed=settings.seed)
    rows = sample.validation["warm"]
    users, items = sample.dataset.user_rows[rows], sample.dataset.item_rows[rows]
    asked, owner = np.unique(users, return_inverse=True)
    shape = (len(asked), len(sample.warm_items))
    targets = sp.csr_matrix((np.ones(len(rows), np.float32), (owner, items)), shape=shape)
    return Asked(sp.csr_matrix(sample.train_matrix()[asked]), targets, asked.astype(np.int64))


def _table(
    factors: Factors,
    prior: Floats,
    asked: Asked,
    warm: npt.NDArray[np.int32],
    shrinkages: tuple[float, ...] = SHRINKAGES,
) -> Numbers:
    """NDCG@20 [B, M, W] of every user for every pair of shrinkages and `WEIGHTS`."""
    pooled = np.asarray(asked.histories @ factors.inputs, np.float32)
    share = relative(factors.spectrum)
    outputs = factors.outputs[warm]
    found = np.zeros((len(pooled), len(shrinkages), len(WEIGHTS)))
    for place, shrinkage in enumerate(shrinkages):
        scores = (pooled * (share * (1 + shrinkage) / (share + shrinkage))) @ outputs.T
        for other, weight in enumerate(WEIGHTS):
            found[:, place, other] = asked.ndcg(scores + np.float32(weight) * prior[warm], warm)
    return found


def _along(counts: Numbers, table: Numbers, curves: Curves) -> Numbers:
    """Mean quality [C] along each curve, by linear interpolation in the table (in logarithms of m and of w)."""
    counts = np.maximum(counts, 1)
    found = np.zeros(len(curves))
    users = np.arange(len(counts))
    for place, (shrinkage, shrinkage_decay, strength, prior_decay) in enumerate(curves):
        low, part = place_in(shrinkage * np.exp(-shrinkage_decay * (counts - 1)) / counts, SHRINKAGES)
        left, share = place_in(strength / (1 + counts) ** prior_decay, WEIGHTS)
        corners = [(1 - part, low), (part, low + 1)], [(1 - share, left), (share, left + 1)]
        found[place] = sum((a * b * table[users, m, w]).mean() for (a, m), (b, w) in product(*corners))
    return found


def place_in(
    values: npt.NDArray[np.float64], grid: tuple[float, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Where values stand in a rising grid that starts at 0: the point below each, and the share of the way beyond."""
    places = np.interp(np.arcsinh(values / grid[1]), np.arcsinh(np.array(grid) / grid[1]), np.arange(len(grid)))
    low = np.minimum(places.astype(np.int64), len(grid) - 2)
    return low, places - low


def spread_of(factors: Factors, train: sp.csr_matrix, warm: npt.NDArray[np.int32]) -> float:
    """Standard deviation of the scores that one click gives, over clicks as they occur and warm items."""
    clicks = np.bincount(train.tocsr().indices, minlength=len(factors.inputs)).astype(np.float64)
    drawn = np.random.default_rng(0).choice(len(clicks), size=500, p=clicks / clicks.sum())
    return float((factors.inputs[drawn] @ factors.outputs[warm].T).std()) or 1.0
