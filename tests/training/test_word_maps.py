"""What a linear map says of items, and of each if it were left out."""

from __future__ import annotations

import numpy as np

from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, word_maps
from tfcold.training.choose import DotScorer
from tfcold.training.factors import ials_factors
from tfcold.training.gains import evidence_of
from tfcold.training.kernel_words import KernelWords
from tfcold.training.start import build_model
from tfcold.training.word_maps import linear_maps

World = tuple[Split, Features]


def test_an_item_left_out_of_a_linear_map_is_what_the_others_say(world: World, given: Settings) -> None:
    split = world[0]
    blocks = KernelWords(*world, max_landmarks=0).features()
    factors = ials_factors(split, 12, penalty=2.0, seed=0)
    maps, _ = linear_maps(blocks, split, factors, given.with_(text_penalty=0.5))
    features = blocks["text"].astype(np.float64)
    taught = np.flatnonzero(split.warm_items & world[1].items["text"].mask)
    left, others = taught[4], np.delete(taught, 4)
    gram = features[others].T @ features[others] + 0.5 * np.eye(features.shape[1])
    expected = features[left] @ np.linalg.solve(gram, features[others].T @ factors.outputs[others])

    np.testing.assert_allclose(maps.left_out[left], expected, atol=1e-3)
    assert np.abs(maps.left_out[left] - maps.candidates[left]).max() > 1e-2
    cold = ~split.warm_items
    np.testing.assert_array_equal(maps.left_out[cold], maps.candidates[cold])
    assert maps.known == 12


def test_new_items_and_known_ones_left_out_choose_the_penalty(world: World, given: Settings) -> None:
    split = world[0]
    blocks = KernelWords(*world, max_landmarks=0).features()
    factors = ials_factors(split, 12, penalty=2.0, seed=0)
    taught = split.warm_items & world[1].items["text"].mask
    found = {}
    for penalty in word_maps.LINEAR_PENALTIES:
        maps, _ = linear_maps(blocks, split, factors, given.with_(text_penalty=penalty))
        sides = (DotScorer(factors.inputs, side) for side in (maps.candidates, maps.left_out))
        found[penalty] = evidence_of(*sides, split, 20, taught)

    _, settings = linear_maps(blocks, split, factors, given.with_(text_penalty=None))
    assert settings.text_penalty == max(found, key=lambda penalty: found[penalty].mean)
    assert len({one.known.mean for one in found.values()}) > 1


def test_a_linear_map_reads_the_features_that_the_model_makes(world: World, given: Settings) -> None:
    model = build_model(*world, given)
    blocks = KernelWords(*world, max_landmarks=0).features()
    rows = np.arange(len(blocks["text"]), dtype=np.int32)
    np.testing.assert_allclose(blocks["text"], model.item_features.lookup(rows)[0]["text"], atol=1e-5)
