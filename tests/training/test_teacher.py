from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfcold.splits.split import Split
from tfcold.training import Settings, teacher
from tfcold.training.factors import Factors, ease_factors, ials_factors, joined
from tfcold.training.gains import Gains
from tfcold.training.ials_fits import IalsFits


def test_named_teacher_is_taken_as_it_is(world: tuple[Split, object]) -> None:
    split = world[0]
    asked = Settings(teacher="ease", dim=4, penalty=30.0, ease_dropout=0.5, confidence_spread=0.0)
    factors, settings = teacher.choose_teacher(IalsFits(split, 0), asked)

    expected = ease_factors(split, 4, penalty=30.0, dropout=0.5, seed=0)
    np.testing.assert_array_equal(factors.outputs, expected.outputs)
    assert settings == asked


def test_teacher_of_two_halves_is_both(world: tuple[Split, object]) -> None:
    split = world[0]
    asked = Settings(
        teacher="both", dim=6, ease_dim=2, ease_weight=0.5, penalty=30.0, ease_dropout=0.0, ials_penalty=3.0,
        ials_alpha=8.0, confidence_spread=0.0,
    )  # fmt: skip
    factors, _ = teacher.choose_teacher(IalsFits(split, 0), asked)
    ials = ials_factors(split, 4, penalty=3.0, alpha=8.0, seed=0)
    expected = joined(ials, ease_factors(split, 2, penalty=30.0, seed=0), 0.5)

    np.testing.assert_allclose(factors.inputs @ factors.outputs.T, expected.inputs @ expected.outputs.T, atol=1e-5)


def test_teacher_that_is_chosen_is_the_best_of_those_tried(world: tuple[Split, object]) -> None:
    split = world[0]
    factors, settings = teacher.choose_teacher(IalsFits(split, 0), Settings(max_dim=8))
    again, _ = teacher.choose_teacher(IalsFits(split, 0), settings)

    assert settings.teacher in ("ials", "ease", "both")
    assert settings.dim == factors.dim <= 8
    np.testing.assert_allclose(again.inputs @ again.outputs.T, factors.inputs @ factors.outputs.T, atol=1e-4)


def test_ease_is_left_out_where_it_cannot_be_inverted(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "MAX_EASE_SIDE", 10)
    _, settings = teacher.choose_teacher(IalsFits(world[0], 0), Settings(max_dim=8))

    assert settings.teacher == "ials"
    assert settings.ials_penalty is not None
    assert settings.penalty is None


def test_width_stays_within_the_memory_of_a_large_catalogue(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    split = world[0]
    monkeypatch.setattr(teacher, "MAX_CELLS", 150 * int(split.warm_items.sum()))
    monkeypatch.setattr(teacher, "MAX_EASE_SIDE", 10)
    monkeypatch.setattr(teacher, "_TOLERANCE", -1.0)  # wider is always taken
    _, settings = teacher.choose_teacher(IalsFits(split, 0), Settings(max_dim=512))

    assert settings.dim == 150


@pytest.mark.parametrize("name", ["ials", "ease", "both"])
def test_named_teacher_is_tuned_where_settings_leave_it_open(world: tuple[Split, object], name: str) -> None:
    factors, settings = teacher.choose_teacher(IalsFits(world[0], 0), Settings(teacher=name, max_dim=8))

    assert settings.teacher == name
    assert (settings.penalty is not None) == (name != "ials")
    assert (settings.ease_dropout is not None) == (name != "ials")
    assert (settings.ials_penalty is not None) == (name != "ease")
    assert (settings.ease_weight is not None) == (name == "both")
    assert settings.dim == factors.dim <= 8


def test_no_wider_where_cold_items_lose_more_than_warm_ones_gain(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "MAX_EASE_SIDE", 10)
    monkeypatch.setattr(teacher, "SEARCH_DIM", 2)
    monkeypatch.setattr(teacher, "_TOLERANCE", -1.0)  # warm items always ask for more

    def chosen(left_by_wider: float) -> int | None:
        def of_cold(factors: Factors) -> float:
            return 0.5 * left_by_wider if factors.dim > 4 else 0.5

        return teacher.choose_teacher(IalsFits(world[0], 0), Settings(max_dim=8), of_cold)[1].dim

    assert chosen(0.1) == 4
    assert chosen(100.0) == 8
    assert teacher.choose_teacher(IalsFits(world[0], 0), Settings(max_dim=8))[1].dim == 8


def test_where_nothing_is_found_the_first_width_stays(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "MAX_EASE_SIDE", 10)
    monkeypatch.setattr(teacher, "SEARCH_DIM", 2)
    monkeypatch.setattr(teacher, "_quality", lambda sample, factors: 0.0)
    _, settings = teacher.choose_teacher(IalsFits(world[0], 0), Settings(max_dim=8), lambda factors: 0.0)

    assert settings.dim == 2


def _spread(split: Split) -> float:
    found = 0.0 if split.confidences is None else np.abs(split.confidences - 1).max()
    return max(one for one in teacher.SPREADS if one <= found + 0.2)


@pytest.mark.parametrize("name", ["ials", "ease", "both"])
@pytest.mark.parametrize(("gains", "expected"), [((0.02, 0.0), 0.5), ((0.2, -0.19), 0.0)], ids=["clear", "by chance"])
def test_rows_count_by_weight_as_far_as_warm_rows_gain(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch, name: str, gains: tuple[float, float], expected: float
) -> None:
    split = world[0]
    asked = Settings(
        teacher=name, dim=6, ease_dim=2, ease_weight=0.5, penalty=30.0, ease_dropout=0.0, ials_penalty=3.0,
        ials_alpha=8.0,
    )  # fmt: skip

    def gains_of(scorer: object, sample: Split, regime: str) -> Gains:
        gained = np.tile(gains, 50) if _spread(sample) == 0.5 else np.zeros(100)
        return Gains(0.5 + gained, np.zeros(3))

    monkeypatch.setattr(teacher, "gains_of", gains_of)
    factors, settings = teacher.choose_teacher(IalsFits(split, 0), asked)
    assert settings == asked.with_(confidence_spread=expected)
    named, _ = teacher.choose_teacher(IalsFits(split, 0), settings)
    np.testing.assert_array_equal(named.outputs, factors.outputs)
    flat, _ = teacher.choose_teacher(IalsFits(split, 0), asked.with_(confidence_spread=0.0))
    assert np.allclose(flat.inputs @ flat.outputs.T, factors.inputs @ factors.outputs.T) == (expected == 0)


def test_where_rows_weigh_alike_nothing_is_tried(toy_split: Split) -> None:
    split = replace(toy_split, train=toy_split.train[1:], validation={"warm": toy_split.train[:1]}, test={})
    _, settings = teacher.choose_teacher(IalsFits(split, 0), Settings(teacher="ials", max_dim=2))
    assert settings.confidence_spread == 0


@pytest.mark.parametrize(
    "teacher_of", [{}, {"ials_penalty": 3.0, "ials_alpha": 8.0, "dim": 6}], ids=["open", "settled"]
)
def test_a_spread_that_is_named_is_taken_without_validation_rows(
    world: tuple[Split, object], teacher_of: dict[str, float]
) -> None:
    split = replace(world[0], validation={})
    asked = Settings(teacher="ials", max_dim=6, confidence_spread=0.5, **teacher_of)  # type: ignore[arg-type]
    factors, settings = teacher.choose_teacher(IalsFits(split, 0), asked)
    same, _ = teacher.choose_teacher(IalsFits(split.weighed(0.5), 0), asked.with_(confidence_spread=0.0))
    flat, _ = teacher.choose_teacher(IalsFits(split, 0), asked.with_(confidence_spread=None))

    assert settings.confidence_spread == 0.5
    np.testing.assert_array_equal(factors.outputs, same.outputs)
    assert np.abs(factors.outputs - flat.outputs).max() > 1e-3
