"""Which linear teacher, how wide and how penalised: chosen on warm validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors, ease_factors, joined, truncated
from tfcold.training.ials_fits import IalsFits
from tfcold.training.ials_search import IALS_CHOICE, Found, Measure, best_ials
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

EASE_PENALTIES = (30.0, 100.0, 300.0, 1000.0)
EASE_DROPOUTS = (0.0, 1 / 3, 1 / 2, 2 / 3)
EASE_PENALTY = 100.0  # where nothing can be measured, without dropout
MAX_EASE_SIDE = 4_000  # min(users, warm items) up to which EASE is inverted beside iALS
MAX_CELLS = 2**26  # items x width of a table of factors: 256 MB
_WIDTHS = (64, 128, 256, 512, 1024)
_TOLERANCE = 0.005
_MORE_USERS = 3  # times as many as choose the rest: a step of the search is small, and users are all that is drawn
_GAIN = 1.002  # what a teacher of two halves must bring


def choose_teacher(fits: IalsFits, settings: Settings, of_cold: Measure | None = None) -> tuple[Factors, Settings]:
    """The factors of the best teacher on warm validation rows, and settings that name it.

    iALS, widened where warm items gain more than cold items that learn from it lose (`ials_search`); where users or
    items are few enough to invert, EASE cut to a width; and both side by side, scores summed. iALS grows linearly with
    the catalogue; its tables stay under `MAX_CELLS` numbers. What `settings` name is taken, and without validation rows
    defaults fill the rest.

    Args:
        fits: iALS of a split whose validation rows are asked.
        settings: what is named, and the widest width.
        of_cold: float, the quality of cold items that learn from factors; None does not ask.

    References:
        Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, arXiv:1905.03375.
    """
    split = fits.split
    dim = min(settings.max_dim, max(128, MAX_CELLS // max(1, int(split.warm_items.sum()))))
    side = min(int(split.warm_users.sum()), int(split.warm_items.sum()))
    wanted = settings.teacher
    if wanted == "auto" and not choose.has(split, "warm"):
        wanted = "ease" if side <= MAX_EASE_SIDE else "ials"
    if _is_settled(settings) or not choose.has(split, "warm"):
        return _named(fits, settings.with_(teacher=wanted), settings.dim or dim)
    sample = choose.sample_of(split, settings, at_least=_MORE_USERS * settings.validation_users)
    found: dict[str, Found] = {}
    ials: list[Found] = []
    if wanted != "ease" and side > 1:
        widest = max(1, (settings.dim or dim) // (2 if wanted == "both" else 1))
        ials = best_ials(fits, lambda factors: _quality(sample, factors), settings, widest, of_cold)
        found["ials"] = ials[-1]
    if wanted in ("ease", "both") or (wanted == "auto" and side <= MAX_EASE_SIDE):
        found["ease"] = _best_ease(split, sample, settings, settings.dim or dim)
    if len(found) == 2:
        found["both"] = _both(fits, sample, ials, found["ease"], settings.dim or dim)
    logger.info("teacher: %s", ", ".join(f"{name} {quality:.4f}" for name, (quality, *_) in found.items()))
    best = max(found, key=lambda name: found[name][0] / (_GAIN if name == "both" else 1))
    name = wanted if wanted in found else best
    _, factors, settings = found[name]
    return factors, settings.with_(teacher=name, dim=factors.dim)


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


def _both(fits: IalsFits, sample: Split, by_width: list[Found], found: Found, dim: int) -> Found:
    """EASE beside iALS, half of the width each at most."""
    half = max(1, dim // 2)
    narrow = [one for one in by_width if one[1].dim <= half]  # iALS does not nest: a part of a wide one is none
    _, ials, settings = narrow[-1] if narrow else by_width[0]
    if ials.dim > half or (ials.dim < half and settings.dim is not None):
        ials = _ials(fits, settings, half)
    _, ease, told = found
    ease = truncated(ease, half)
    weights = (0.5, 1.0, 2.0) if settings.ease_weight is None else (settings.ease_weight,)
    options = {weight: joined(ials, ease, weight) for weight in weights}
    weight = choose.best_of("EASE beside iALS", options, lambda one: _quality(sample, options[one]))
    settings = settings.with_(
        penalty=told.penalty, ease_dropout=told.ease_dropout, ease_dim=ease.dim, ease_weight=weight
    )
    return _quality(sample, options[weight]), options[weight], settings
