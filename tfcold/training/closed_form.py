"""The closed-form start: two towers that are as good as the linear specialists before the first gradient step.

Warm: a linear teacher (`training.teacher`) gives the ID embeddings of both item towers. Cold: kernel ridge regression
from words to those same embeddings (`training.kernel_words`), so a new item gets the embeddings that its words
predict. Ridge shrinks, and a mixed list would bury every cold item: scales chosen on validation make warm and cold
comparable in one list, and say how much words count beside what is known of a warm item.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfcold.layers import ConcatFusion
from tfcold.models import TwoTower
from tfcold.progress import logger
from tfcold.towers.user_tower import HISTORY
from tfcold.training import choose
from tfcold.training.factors import Factors
from tfcold.training.known_users import beyond_the_sum, weighed_sums
from tfcold.training.settings import Settings
from tfcold.training.similar_users import landmarks_of
from tfcold.training.word_maps import WordMaps
from tfcold.training.worded import towers_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

COLD_SCALES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
HISTORY_TEXT_SCALES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
HALFWAYS = (30.0, 10.0, 3.0, 1.0, 0.5, 0.3, 0.1)  # interactions
HALFWAY_TOLERANCE = 0.002
FINER = (0.8, 0.9, 1.0, 1.1, 1.25)
WARM_TEXT_SCALES = (0.0, 0.1, 0.2, 0.4, 0.8, 1.2, 1.8, 2.7)


def choose_scales(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> Settings:
    """Settings with how much words count: in the items of a history, in warm candidates, in cold ones.

    Each where validation has rows to tell; the last two with what was chosen before them.
    """
    sample = choose.sample_of(split, settings)

    def measured(option: Settings, regime: str) -> float:
        return choose.quality(towers_of(split, factors, maps, option), sample, regime)

    def choice(
        field: str, said: str, options: Iterable[float], regime: str, default: float, tolerance: float = 0.0
    ) -> Settings:
        if not choose.has(sample, regime):
            return settings.with_(**{field: default})
        best = choose.best_of(
            said, options, lambda scale: measured(settings.with_(**{field: scale}), regime), tolerance=tolerance
        )
        return settings.with_(**{field: best})

    if settings.history_text_scale is None:
        settings = choice("history_text_scale", "words of histories", HISTORY_TEXT_SCALES, "warm", 0.0, tolerance=0.002)
    if settings.warm_text_scale is None:
        settings = choice("warm_text_scale", "words of warm items", WARM_TEXT_SCALES, "warm", 0.0, tolerance=0.002)
    if settings.cold_scale is None:
        settings = choice("cold_scale", "scale of cold items", COLD_SCALES, "all", 1.0)
        scale = settings.cold_scale or 1.0
        settings = choice("cold_scale", "scale of cold items, finer", [step * scale for step in FINER], "all", scale)
    if settings.text_halfway is None:
        before = {regime: measured(settings, regime) for regime in ("warm", "all") if choose.has(sample, regime)}
        settings = settings.with_(text_halfway=0.0)
        for halfway in HALFWAYS if before else ():
            option = settings.with_(text_halfway=halfway)
            found = {regime: measured(option, regime) for regime in before}
            logger.info("words up to %g interactions: %s", halfway, choose.summary(found))
            if all(found[regime] >= before[regime] * (1 - HALFWAY_TOLERANCE) for regime in before):
                return option
    return settings


def assign(
    model: TwoTower,
    split: Split,
    factors: Factors,
    told: Factors,
    maps: WordMaps | None,
    settings: Settings,
) -> None:
    """Loads factors, maps and scales into the weights of the model."""
    outputs = told.outputs
    if maps is not None and settings.warm_text_scale:  # the ID is what the fusion's own share of the words leaves
        in_fusion = np.float32(settings.warm_text_scale) * maps.candidates
        outputs = np.where(split.warm_items[:, None], outputs - in_fusion, 0).astype(np.float32)
    model.candidate_tower.embedding.set_weights([outputs])
    model.history_tower.embedding.set_weights([factors.inputs])
    identity = np.eye(model.dim, dtype=np.float32)
    user_fusion = model.user_tower.fusion
    words = {
        name: np.zeros((encoder.feature_width, model.dim), np.float32) if encoder.kernel is None else identity
        for name, encoder in model.user_features.encoders.items()
    }
    user_fusion.set_linear(block_kernels={**words, HISTORY: identity})
    model.user_tower.fading.set_weights_of(settings.user_words_strength or 0.0, settings.user_words_decay or 0.0)
    towers = (model.candidate_tower, model.history_tower)
    for side, tower in enumerate(towers):
        if maps is not None and isinstance(tower.fusion, ConcatFusion):
            tower.fusion.set_linear(block_kernels=maps.kernels[side])
    if isinstance(model.candidate_tower.fusion, ConcatFusion):
        if maps is not None and settings.norm_shrinkage:
            model.candidate_tower.fusion.norms.set_weights_of(settings.norm_shrinkage, maps.norm)
        model.candidate_tower.fusion.cold_scale.assign((settings.cold_scale or 1.0) * (settings.exposure or 1.0))
        model.candidate_tower.fusion.warm_text_scale.assign(settings.warm_text_scale or 0.0)
        # ridge shrinks both sides alike: a cold item in a history counts as much as a warm one
        beside = settings.history_text_scale or 0.0
        model.history_tower.fusion.cold_scale.assign((settings.cold_scale or 1.0) + beside)
        model.history_tower.fusion.warm_text_scale.assign(beside)
    model.user_tower.shrinkage.set_weights_of(
        factors.spectrum,
        settings.shrinkage or 0.0,
        settings.shrinkage_decay or 0.0,
    )
    if model.user_tower.similar.num_users:
        model.user_tower.similar.set_weights_of(
            landmarks_of(split, told.inputs, settings.seed),
            settings.similar_strength or 0.0,
            settings.similar_sharpness or 1.0,
        )
    if model.user_tower.embedding is not None and (settings.fold_in_share or settings.confidence_spread):
        own = np.zeros((len(split.warm_users), told.dim), np.float32)
        if settings.confidence_spread:
            own += weighed_sums(split, told.inputs)
        if settings.fold_in_share:
            own += np.float32(settings.fold_in_share) * beyond_the_sum(split, told, split.warm_users, settings)
        model.user_tower.embedding.set_weights([own])
    model.prior.set_weights_of(*settings.prior_curve)
