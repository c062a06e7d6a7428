"""Which linear teacher, how wide and how penalised: chosen on warm validation rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors, ease_factors, joined, truncated
from tfcold.training.gains import Evidence, gains_of
from tfcold.training.ials_fits import IalsFits
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

EASE_PENALTIES = (30.0, 100.0, 300.0, 1000.0)
EASE_DROPOUTS = (0.0, 1 / 3, 1 / 2, 2 / 3)
EASE_PENALTY = 100.0  # where nothing can be measured, without dropout
IALS_CHOICES = (  # penalty, alpha
    (5.0, 5.0), (20.0, 20.0), (20.0, 50.0), (20.0, 100.0), (60.0, 50.0), (100.0, 50.0),
)  # fmt: skip
IALS_CHOICE = (20.0, 20.0)
MAX_EASE_SIDE = 4_000  # min(users, warm items) up to which EASE is inverted beside iALS
MAX_CELLS = 2**26  # items x width of a table of factors: 256 MB
SEARCH_DIM = 256  # at which iALS is tuned
_WIDTHS = (64, 128, 256, 512, 1024)
_TOLERANCE = 0.005
_GAIN = 1.002  # what a teacher of two halves must bring
_WEIGHTS_ERRORS = 1.0  # standard errors that weights of rows must bring
SPREADS = (0.0, 0.25, 0.5, 0.75)  # of what rows count by their weight

Found = tuple[float, Factors, Settings]  # quality on warm validation rows, and what has it
Measure = Callable[[Factors], float]


def choose_teacher(fits: IalsFits, settings: Settings, of_cold: Measure | None = None) -> tuple[Factors, Settings]:
    """The factors of the best teacher on warm validation rows, and settings that name it.

    iALS, tuned at a moderate width and then widened, as long as warm items gain more than cold items that learn from it
    lose; where users or items are few enough to invert, EASE cut to a width; and both side by side, scores summed. The
    best one is fitted once more to rows that count by their weight, where there are weights and warm items gain by it.
    iALS grows linearly with the catalogue; its tables stay under `MAX_CELLS` numbers. What `settings` name is taken,
    and without validation rows defaults fill the rest.

    Args:
        fits: iALS of a split whose validation rows are asked.
        settings: what is named, and the widest width.
        of_cold: float, the quality of cold items that learn from factors; None does not ask.

    References:
        Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, arXiv:1905.03375. Rendle et al. 2022,
        Revisiting the Performance of iALS on Item Recommendation Benchmarks, RecSys: width matters.
    """
    split = fits.split
    dim = min(settings.max_dim, max(128, MAX_CELLS // max(1, int(split.warm_items.sum()))))
    side = min(int(split.warm_users.sum()), int(split.warm_items.sum()))
    wanted = settings.teacher
    if wanted == "auto" and not choose.has(split, "warm"):
        wanted = "ease" if split.has_pairs and side <= MAX_EASE_SIDE else "ials"  # without, EASE is a diagonal
    if _is_settled(settings) or not choose.has(split, "warm"):
        return _weighed(fits, settings.with_(teacher=wanted, dim=settings.dim or dim))
    sample = choose.sample_of(split, settings)
    found: dict[str, Found] = {}
    if wanted != "ease" and side > 1:
        found["ials"] = _best_ials(fits, sample, settings, settings.dim or dim, of_cold)
    if wanted in ("ease", "both") or (wanted == "auto" and side <= MAX_EASE_SIDE):
        found["ease"] = _best_ease(split, sample, settings, settings.dim or dim)
    if len(found) == 2:
        found["both"] = _both(fits, sample, found, settings.dim or dim)
    logger.info("teacher: %s", ", ".join(f"{name} {quality:.4f}" for name, (quality, *_) in found.items()))
    best = max(found, key=lambda name: found[name][0] / (_GAIN if name == "both" else 1))
    name = wanted if wanted in found else best
    _, factors, settings = found[name]
    return _weighed(fits, settings.with_(teacher=name, dim=factors.dim), factors)


def _weighed(fits: IalsFits, settings: Settings, factors: Factors | None = None) -> tuple[Factors, Settings]:
    """Factors that settings describe, fitted to rows that count by their weight; `factors` are those of rows alike."""
    dim, spread = settings.dim or settings.max_dim, settings.confidence_spread
    if spread is None:
        spread = _chosen_spread(fits.split, settings)
    if spread:
        factors = factors_of(fits.split.weighed(spread), settings, dim)
    elif factors is None:
        factors, _ = _named(fits, settings, dim)
    return factors, settings.with_(confidence_spread=spread)


def _chosen_spread(split: Split, settings: Settings) -> float:
    """How far rows count by their weight, by what a teacher of moderate width gains on warm validation rows."""
    if not (choose.has(split, "warm") and split.has_weights):
        return 0.0
    found = {}
    for spread in SPREADS:
        sample = choose.sample_of(split.weighed(spread), settings)
        factors = factors_of(sample, settings, SEARCH_DIM)
        found[spread] = Evidence(gains_of(DotScorer(factors.inputs, factors.outputs), sample, "warm"))
    said = ", ".join(f"{spread:g}: {evidence.mean:.4f}" for spread, evidence in found.items())
    best = max(SPREADS, key=lambda spread: found[spread].mean)
    chosen = best if found[best].clearly_above(found[0.0], _WEIGHTS_ERRORS) else 0.0
    logger.info("spread of weights: %s -> %g", said, chosen)
    return chosen


def _is_settled(settings: Settings) -> bool:
    """True where nothing of the teacher is left to choose."""
    ials = None not in (settings.ials_penalty, settings.ials_alpha)
    ease = None not in (settings.penalty, settings.ease_dropout)
    halves = None not in (settings.ease_dim, settings.ease_weight)
    settled = {"auto": False, "ials": ials, "ease": ease, "both": ials and ease and halves}
    return settings.dim is not None and settled[settings.teacher]


def factors_of(split: Split, settings: Settings, max_dim: int) -> Factors:
    """The factors that chosen settings describe on another split, at most `max_dim` wide."""
    dim = min(settings.dim or max_dim, max_dim)
    half = None if settings.ease_dim is None else max(1, dim * settings.ease_dim // (settings.dim or dim))
    return _named(IalsFits(split, settings.seed), settings.with_(ease_dim=half), dim)[0]


def _named(fits: IalsFits, settings: Settings, dim: int) -> tuple[Factors, Settings]:
    """The factors that settings describe, with defaults for what they leave open."""
    settings = settings.with_(dim=dim)
    if settings.teacher == "ease":
        return _ease(fits.split, settings, dim), settings
    if settings.teacher == "ials":
        return _ials(fits, settings, dim), settings
    ease_dim = settings.ease_dim or dim // 2
    halves = _ials(fits, settings, dim - ease_dim), _ease(fits.split, settings, ease_dim)
    return joined(*halves, settings.ease_weight or 1.0), settings


def _ease(split: Split, settings: Settings, dim: int) -> Factors:
    penalty, dropout = settings.penalty or EASE_PENALTY, settings.ease_dropout or 0.0
    return ease_factors(split, dim, penalty=penalty, dropout=dropout, seed=settings.seed)


def _ials(fits: IalsFits, settings: Settings, dim: int) -> Factors:
    penalty, alpha = settings.ials_penalty or IALS_CHOICE[0], settings.ials_alpha or IALS_CHOICE[1]
    return fits.factors(dim, penalty, alpha)


def _quality(sample: Split, factors: Factors) -> float:
    return choose.quality(DotScorer(factors.inputs, factors.outputs), sample, "warm")


def _best_ials(fits: IalsFits, sample: Split, settings: Settings, dim: int, of_cold: Measure | None) -> Found:
    width = min(dim, SEARCH_DIM)
    options = [settings.with_(ials_penalty=penalty, ials_alpha=alpha) for penalty, alpha in IALS_CHOICES]
    if settings.ials_penalty is not None and settings.ials_alpha is not None:
        options = [settings]
    best = max((_tried(fits, sample, option, width) for option in options), key=lambda one: one[0])
    while width < dim:
        width = min(2 * width, dim)
        known = best[2]
        wider = [_tried(fits, sample, known, width)]
        if settings.ials_penalty is None and known.ials_penalty is not None:
            wider.append(_tried(fits, sample, known.with_(ials_penalty=1.7 * known.ials_penalty), width))
        widest = max(wider, key=lambda one: one[0])
        if settings.dim is None and widest[0] <= best[0] * (1 + _TOLERANCE):
            break
        if settings.dim is None and not _pays(best, widest, of_cold):
            break
        best = widest
    return best


def _pays(narrow: Found, wide: Found, of_cold: Measure | None) -> bool:
    """Whether warm items gain, by a factor, at least what cold items lose."""
    if of_cold is None:
        return True
    before, after = of_cold(narrow[1]), of_cold(wide[1])
    logger.info("warm items have %.4f for %.4f, cold ones %.4f for %.4f", wide[0], narrow[0], after, before)
    return wide[0] * after >= narrow[0] * before


def _tried(fits: IalsFits, sample: Split, settings: Settings, width: int) -> Found:
    factors = _ials(fits, settings, width)
    quality = _quality(sample, factors)
    logger.info(
        "iALS of width %d, penalty %g, alpha %g: %.4f", width, settings.ials_penalty, settings.ials_alpha, quality
    )
    return quality, factors, settings


def _best_ease(split: Split, sample: Split, settings: Settings, dim: int) -> Found:
    if settings.penalty is None or settings.ease_dropout is None:
        penalties = EASE_PENALTIES if settings.penalty is None else (settings.penalty,)
        dropouts = EASE_DROPOUTS if settings.ease_dropout is None else (settings.ease_dropout,)
        penalty, dropout = choose.ease_choice(sample, penalties, dropouts, seed=settings.seed)
        settings = settings.with_(penalty=penalty, ease_dropout=dropout)
    factors = _ease(split, settings, dim)
    useful = max(1, int(np.abs(factors.outputs).max(axis=0).astype(bool).sum()))
    widths = [*(width for width in _WIDTHS if width < min(dim, useful)), dim if settings.dim else min(dim, useful)]
    if settings.dim is None:
        width = choose.best_of(
            "width of EASE",
            widths,
            lambda width: _quality(sample, truncated(factors, int(width))),
            tolerance=_TOLERANCE,
        )
        factors = truncated(factors, int(width))
    return _quality(sample, factors), factors, settings


def _both(fits: IalsFits, sample: Split, found: dict[str, Found], dim: int) -> Found:
    """EASE beside iALS, half of the width each at most."""
    half = max(1, dim // 2)
    _, ials, settings = found["ials"]
    if ials.dim > half:  # iALS does not nest: a part of a wide one is none
        ials = _ials(fits, settings, half)
    ease = truncated(found["ease"][1], half)
    weights = (0.5, 1.0, 2.0) if settings.ease_weight is None else (settings.ease_weight,)
    options = {weight: joined(ials, ease, weight) for weight in weights}
    weight = choose.best_of("EASE beside iALS", options, lambda one: _quality(sample, options[one]))
    told = found["ease"][2]
    settings = settings.with_(
        penalty=told.penalty, ease_dropout=told.ease_dropout, ease_dim=ease.dim, ease_weight=weight
    )
    return _quality(sample, options[weight]), options[weight], settings
