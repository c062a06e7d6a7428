"""The start of a fit: what is chosen in closed form, in which order, and the model that it is loaded into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tfcold.blocks import Features
from tfcold.models import TwoTower
from tfcold.models.feature_table import Kernels
from tfcold.schema import Schema
from tfcold.training import closed_form, fold_in, kernel_words, similar_users, user_words
from tfcold.training.cold_prior import choose_cold_prior, chosen_direction
from tfcold.training.content_profile import content_profile
from tfcold.training.factors import Factors
from tfcold.training.fold_in import choose_for_newcomers
from tfcold.training.ials_fits import IalsFits
from tfcold.training.kernel_words import KernelWords
from tfcold.training.known_users import choose_known
from tfcold.training.newcomers import newcomers_of
from tfcold.training.norms import choose_norms, with_norms
from tfcold.training.profile_choice import choose_profile, weighed_kernels, weighed_maps
from tfcold.training.settings import Settings
from tfcold.training.teacher import choose_teacher
from tfcold.training.user_words import choose_user_words
from tfcold.training.word_maps import WordMaps, kernels_of, linear_maps, maps_of
from tfcold.training.worded import towers_of, worded
from tfcold.training.words_choice import SEARCH_ROWS, choose_words, cold_quality, targets_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split


def started_model(split: Split, features: Features, settings: Settings) -> tuple[TwoTower, Settings]:
    """A model that is as good as closed form makes it, and settings with what was chosen on the way."""
    words = KernelWords(split, features, settings.max_landmarks, settings.seed)
    fits = IalsFits(split, settings.seed)
    factors, settings = choose_teacher(fits, settings, cold_quality(fits, words, settings))
    split = split.weighed(settings.confidence_spread or 0.0)
    maps, kernels = None, None
    if len(words.taught):
        factors, maps, kernels, settings = _told_by_kernels(split, fits, words, factors, settings)
    else:
        settings = settings.with_(profile_weight=0.0)
        if (split.warm_items & words.has_words).any():
            maps, settings = linear_maps(words.features(), split, factors, settings)
            maps, settings = _scaled(split, factors, maps, settings)
    told, candidates = factors, factors.outputs
    if maps is not None:
        told = worded(split, factors, maps, settings)
        candidates = towers_of(split, factors, maps, settings).candidates
    settings = choose_known(split, told, candidates, settings)
    user_kernels, settings = _told_by_users(split, features, told, words, settings)
    model = build_model(split, features, settings, kernels, user_kernels)
    if maps is not None:
        cold = np.float32(settings.cold_scale or 0.0) * maps.candidates
        settings = choose_cold_prior(split, told, cold, settings)
        model.prior.set_direction(chosen_direction(split, cold, settings))
        maps = maps if kernels is None else replace(maps, kernels=kernels_of(model))
    closed_form.assign(model, split, factors, told, maps, settings)
    return model, settings


def build_model(
    split: Split,
    features: Features,
    settings: Settings,
    kernels: Kernels | None = None,
    user_kernels: Kernels | None = None,
) -> TwoTower:
    """A `TwoTower` for a split and its vectors, adapted but not yet trained; linear without `kernels`."""
    dataset = split.dataset
    schema = Schema(
        num_users=len(dataset.user_ids),
        num_items=len(dataset.item_ids),
        item_vectors={name: block.width for name, block in features.items.items()},
        user_vectors={name: block.width for name, block in features.users.items()},
    )
    model = TwoTower(
        schema,
        dim=settings.width,
        num_landmarks=_numbers(kernels),
        kernel_gamma=settings.kernel_gamma or kernel_words.GAMMA,
        kernel_dim=None if kernels is None else 2 * settings.width,
        num_user_landmarks=_numbers(user_kernels),
        user_kernel_gamma=user_words.GAMMA,
        id_dropout=settings.id_dropout,
        num_similar_users=0 if settings.similar_strength == 0 else min(similar_users.MOST, int(split.warm_users.sum())),
        seed=settings.seed,
    )
    model.adapt(
        features,
        item_counts=split.item_counts,
        seed=settings.seed,
        kernels=kernels,
        warm_users=split.warm_users,
        user_kernels=user_kernels,
    )
    return model


def _numbers(kernels: Kernels | None) -> dict[str, int]:
    return {name: len(landmarks) for name, (landmarks, _) in (kernels or {}).items()}


def _told_by_kernels(
    split: Split, fits: IalsFits, words: KernelWords, factors: Factors, settings: Settings
) -> tuple[Factors, WordMaps, Kernels, Settings]:
    """What the kernel regression from words says beside the teacher, with its lengths, scales and content profile."""
    settings = choose_words(split, fits, words, factors, settings)
    gamma, penalty, weights = _kernel(settings)
    profile = content_profile(split, words, factors, settings)
    targets = profile.taught(targets_of(fits, factors, settings))
    kernels, own = words.solve(targets, gamma, penalty, weights)
    full = maps_of(words.predicted(kernels, gamma), own, factors.dim)  # with a profile of weight 1
    rescale = settings.cold_scale is None
    _, settings = _scaled(split, factors, weighed_maps(full, 0.0), settings)
    settings = choose_profile(split, factors, profile, full, settings, rescale=rescale)
    weight = settings.profile_weight or 0.0
    maps = with_norms(weighed_maps(full, weight), split, settings)
    return profile.weighed(weight).beside(factors), maps, weighed_kernels(kernels, factors.dim, weight), settings


def _scaled(split: Split, factors: Factors, maps: WordMaps, settings: Settings) -> tuple[WordMaps, Settings]:
    settings = choose_norms(split, factors, maps, settings)
    maps = with_norms(maps, split, settings)
    return maps, closed_form.choose_scales(split, factors, maps, settings)


def _kernel(settings: Settings) -> tuple[float, float, kernel_words.Weights]:
    gamma, penalty = settings.kernel_gamma or kernel_words.GAMMA, settings.text_penalty or kernel_words.PENALTY
    return gamma, penalty, settings.block_weights or {}


def _told_by_users(
    split: Split, features: Features, told: Factors, words: KernelWords, settings: Settings
) -> tuple[Kernels | None, Settings]:
    """The kernel regression from words of users, and settings with how much these and a short history count."""

    def narrow_worded(narrow: Factors) -> Factors:
        if not len(words.taught):
            return narrow
        profile = content_profile(split, words, narrow, settings).weighed(settings.profile_weight or 0.0)
        beside = profile.beside(narrow)
        scales = settings.history_text_scale, settings.warm_text_scale, settings.text_halfway
        if not any(scales):
            return beside
        ahead = words.maps(profile.taught(narrow), *_kernel(settings), SEARCH_ROWS, settings.seed, narrow.dim)
        is_warm = np.asarray(narrow.outputs.any(axis=1))
        return worded(split, beside, with_norms(ahead, split, settings), settings, is_warm)

    of_users = KernelWords(split, features, user_words.LANDMARKS, settings.seed, side="users")
    asks = not fold_in.is_settled(settings) or (len(of_users.taught) > 0 and not user_words.is_settled(settings))
    newcomers = newcomers_of(split, settings, narrow_worded) if asks else None
    settings = choose_for_newcomers(split, told, newcomers, settings)
    if not len(of_users.taught):
        return None, settings
    return choose_user_words(of_users, split, told, newcomers, settings)
