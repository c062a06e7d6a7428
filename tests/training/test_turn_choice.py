"""Items of few interactions turn to their words where these say more of them, and not where they say nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.ranking import Scorer
from tfcold.splits.split import Split
from tfcold.training import Settings, turn_choice
from tfcold.training.factors import Factors, ials_factors
from tfcold.training.gains import Gains
from tfcold.training.turn_choice import choose_turn
from tfcold.training.word_maps import WordMaps, maps_of

World = tuple[Split, Features]
SETTINGS = Settings(cold_scale=4.0, warm_text_scale=0.5, text_halfway=0.0, history_text_scale=0.0)


@pytest.fixture(scope="module")
def factors(world: World) -> Factors:
    return ials_factors(world[0], 8, penalty=5.0, alpha=10.0, seed=0)


def known(split: Split, factors: Factors) -> tuple[Factors, WordMaps]:
    """A teacher that knows nothing of items of few interactions, whose words know all that it had known."""
    few = split.warm_items & (split.item_counts <= turn_choice.FEW)
    noise = np.random.default_rng(0).normal(size=factors.outputs.shape).astype(np.float32)
    blurred = np.where(
        few[:, None], noise * np.linalg.norm(factors.outputs, axis=1, keepdims=True) / 3, factors.outputs
    )
    told = np.concatenate([np.where(few[:, None], factors.outputs, 0), np.zeros_like(factors.inputs)], axis=1)
    return replace(factors, outputs=blurred.astype(np.float32)), maps_of(told.astype(np.float32))


def test_they_turn_where_words_say_more(world: World, factors: Factors) -> None:
    split = world[0]
    assert (split.item_counts[split.warm_items] <= turn_choice.FEW).any()
    assert choose_turn(split, *known(split, factors), SETTINGS).text_turn in turn_choice.TURNS


def test_they_do_not_where_words_say_nothing(world: World, factors: Factors) -> None:
    split = world[0]
    noise = np.random.default_rng(1).normal(size=(len(split.warm_items), 16)).astype(np.float32)
    assert choose_turn(split, factors, maps_of(noise), SETTINGS).text_turn == 0.0


def test_what_is_named_stays_and_without_rows_nothing_turns(world: World, factors: Factors) -> None:
    split = world[0]
    told = known(split, factors)
    assert choose_turn(split, *told, SETTINGS.with_(text_turn=7.0)).text_turn == 7.0
    assert choose_turn(replace(split, validation={}), *told, SETTINGS).text_turn == 0.0
    cold = {"cold_item": split.validation["cold_item"]}
    assert choose_turn(replace(split, validation=cold), *told, SETTINGS).text_turn == 0.0


def test_lists_of_all_items_must_not_lose(world: World, factors: Factors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_choice, "_TOLERANCE", -1.0)  # every option loses
    split = world[0]
    assert choose_turn(split, *known(split, factors), SETTINGS).text_turn == 0.0


def test_they_must_not_lose_much_in_lists_of_all_items(
    world: World, factors: Factors, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = world[0]
    told = known(split, factors)
    assert choose_turn(split, *told, SETTINGS).text_turn != 0.0
    whole = turn_choice.gains_of

    def losing(scorer: Scorer, *rest: Any) -> Gains:
        """The further they turn, the less is found in lists of all items, and of that alone."""
        found = whole(scorer, *rest)
        if isinstance(scorer, turn_choice._Among):
            return found
        first.append(found)
        return found if len(first) == 1 else found - first[0] - first[0]

    first: list[Gains] = []
    monkeypatch.setattr(turn_choice, "gains_of", losing)
    assert choose_turn(split, *told, SETTINGS).text_turn == 0.0
    assert len(first) > 1


def test_there_is_nothing_to_turn_to_where_words_count_in_full(
    world: World, factors: Factors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_choice, "towers_of", None)  # nothing is measured
    split = world[0]
    assert choose_turn(split, *known(split, factors), SETTINGS.with_(warm_text_scale=4.0)).text_turn == 0.0
