"""How much a content profile counts beside the teacher: chosen on validation rows, with all that words do beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.models.feature_table import Kernels
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.content_profile import PENALTY, ContentProfile
from tfcold.training.factors import Factors
from tfcold.training.gains import Evidence, evidence_of
from tfcold.training.norms import with_norms
from tfcold.training.settings import Settings
from tfcold.training.word_maps import WordMaps
from tfcold.training.worded import towers_of
from tfcold.training.words_choice import CUT

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

WEIGHTS: Final = (0.03, 0.06, 0.12, 0.25)
_FINER: Final = (0.8, 0.9, 1.0, 1.1, 1.25)  # scales of cold items beside the one chosen without a profile
_ERRORS: Final = 0.5  # standard errors that it must gain: small weights have lost on no collection


def choose_profile(
    split: Split, factors: Factors, profile: ContentProfile, maps: WordMaps, settings: Settings, *, rescale: bool = True
) -> Settings:
    """Settings with the weight of the profile: the best one among new items, if it gains half a standard error.

    Known items count beside the cold ones of validation, each as what the others say of its words.

    Lists of warm items stay as they are, for it says nothing of these; the scale of cold items is looked at once more.

    Args:
        factors: the teacher's.
        profile: of weight 1.
        maps: what words say, with the profile of weight 1 behind the teacher's columns.
        settings: with lengths and scales chosen without it.
        rescale: bool, default True. Whether the scale of cold items may change; not where it was named.
    """
    if settings.profile_weight is not None:
        return settings.with_(profile_dim=profile.inputs.shape[1])
    none = settings.with_(profile_weight=0.0)
    sample = choose.sample_of(split, settings)
    if not profile.inputs.shape[1] or not choose.has(sample, "cold_item"):
        return none

    def towers(option: Settings) -> DotScorer:
        weight = option.profile_weight or 0.0
        said = with_norms(weighed_maps(maps, weight), split, option)
        return towers_of(split, profile.weighed(weight).beside(factors), said, option)

    told = np.asarray(maps.left_out.any(axis=1))

    def measured(option: Settings) -> Evidence:
        scorer, said = towers(option), weighed_maps(maps, option.profile_weight or 0.0)
        left_out = with_norms(replace(said, candidates=said.left_out), split, option).candidates
        return evidence_of(scorer, replace(scorer, candidates=left_out), sample, CUT, told)

    options = {weight: settings.with_(profile_weight=weight) for weight in (0.0, *WEIGHTS)}
    found = {weight: measured(option) for weight, option in options.items()}
    best = max(WEIGHTS, key=lambda weight: found[weight].mean)
    means = ", ".join(f"{weight:g}: {values.mean:.4f}" for weight, values in found.items())
    if not found[best].clearly_above(found[0.0], _ERRORS):
        logger.info("content profile: %s -> 0", means)
        return none
    chosen = options[best].with_(
        profile_dim=profile.inputs.shape[1], profile_penalty=settings.profile_penalty or PENALTY
    )
    logger.info("content profile: %s -> %g", means, best)
    if rescale and choose.has(sample, "all"):
        scale = settings.cold_scale or 1.0
        chosen = chosen.with_(
            cold_scale=choose.best_of(
                "scale of cold items with it",
                [step * scale for step in _FINER],
                lambda scale: choose.quality(towers(chosen.with_(cold_scale=scale)), sample, "all"),
            )
        )
    return chosen


def weighed_maps(maps: WordMaps, weight: float) -> WordMaps:
    """Maps with a profile of weight 1 behind the teacher's columns, brought to another weight; without it for 0."""
    factor = _factor(maps.candidates.shape[1], maps.known, weight)
    sides = ("candidates", "left_out", "beside", "history")
    return replace(maps, **{name: getattr(maps, name)[:, : len(factor)] * factor for name in sides})


def weighed_kernels(kernels: Kernels, teacher_dim: int, weight: float) -> Kernels:
    """The kernels of such maps."""
    found: dict[str, tuple[Floats, Floats]] = {}
    for name, (landmarks, coefficients) in kernels.items():
        sides = np.split(coefficients, 2, axis=1)
        factor = _factor(sides[0].shape[1], teacher_dim, weight)
        found[name] = landmarks, np.concatenate([side[:, : len(factor)] * factor for side in sides], axis=1)
    return found


def _factor(width: int, teacher_dim: int, weight: float) -> Floats:
    """float32 [D], by column; those of a profile that weighs nothing are gone."""
    factor = np.ones(width if weight else teacher_dim, np.float32)
    factor[teacher_dim:] = np.sqrt(weight)
    return factor
