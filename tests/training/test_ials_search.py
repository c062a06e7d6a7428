"""The climb over penalty, alpha and width, on a landscape whose top is known."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tfcold.training import Settings, ials_search
from tfcold.training.ials_search import IALS_CHOICES, best_ials


class Landscape:
    """In the place of `IalsFits`: quality falls with the distance from a top, which may move with the width."""

    def __init__(self, top: Callable[[int], tuple[float, float]], height: Callable[[int], float]) -> None:
        self.top, self.height, self.asked = top, height, []

    def factors(self, dim: int, penalty: float, alpha: float) -> Any:
        self.asked.append((dim, round(penalty, 3), round(alpha, 3)))
        return SimpleNamespace(dim=dim, penalty=penalty, alpha=alpha)

    def quality(self, factors: Any) -> float:
        top = self.top(factors.dim)
        away = sum(np.log(got / best) ** 2 for got, best in zip((factors.penalty, factors.alpha), top, strict=True))
        return self.height(factors.dim) - 0.01 * away


def found(land: Landscape, dim: int = 1024, **named: float) -> list[tuple[int, float, float]]:
    every = best_ials(land, land.quality, Settings(**named), dim)
    return [(one.dim, one.penalty, one.alpha) for _, one, _ in every]


@pytest.fixture
def rising() -> Landscape:
    """Each width is better than the last, and asks for a higher penalty and half the alpha."""
    return Landscape(lambda dim: (60.0 * 1.7 ** np.log2(dim / 256), 50.0 * 256 / dim), lambda dim: 0.1 * np.log2(dim))


def test_every_width_climbs_from_the_best_of_the_one_before(rising: Landscape) -> None:
    expected = [(256, 60.0, 50.0), (512, 60.0 * 1.7, 25.0), (1024, 60.0 * 1.7**2, 12.5)]
    np.testing.assert_allclose(found(rising), expected)


def test_choices_are_only_where_it_starts() -> None:
    land = Landscape(lambda dim: (400.0, 8.0), lambda dim: 0.2)
    ((_, penalty, alpha),) = found(land, 256)

    assert penalty / 400 == pytest.approx(1, rel=0.3)
    assert alpha / 8 == pytest.approx(1, rel=0.5)
    assert len(land.asked) <= len(IALS_CHOICES) + 2 * (2 * ials_search._MOST_STEPS)


def test_what_is_named_stays(rising: Landscape) -> None:
    assert {alpha for _, _, alpha in found(rising, ials_alpha=7.0)} == {7.0}
    assert {penalty for _, penalty, _ in found(rising, ials_penalty=9.0)} == {9.0}
    rising.asked.clear()
    found(rising, 256, ials_alpha=7.0, ials_penalty=9.0)
    assert rising.asked == [(256, 9.0, 7.0)]


def test_a_width_that_gains_less_than_half_a_percent_is_not_taken() -> None:
    flat = Landscape(lambda dim: (60.0, 50.0), lambda dim: 0.5 + (0.002 if dim > 256 else 0))

    assert [dim for dim, _, _ in found(flat)] == [256]
    every = best_ials(flat, flat.quality, Settings(dim=512), 512)
    assert every[-1][1].dim == 512  # it was asked for


def test_cold_items_may_not_lose_more_than_warm_ones_gain(rising: Landscape) -> None:
    def of_cold(left: float) -> Callable[[Any], float]:
        return lambda factors: left if factors.dim > 512 else 1.0

    def last(left: float) -> int:
        return int(best_ials(rising, rising.quality, Settings(), 1024, of_cold(left))[-1][1].dim)

    gain = 1.0 / 0.9
    assert last(0.99 / gain) == 512
    assert last(1.01 / gain) == 1024


def test_a_wider_one_goes_one_way_only() -> None:
    land = Landscape(lambda dim: (60.0, 50.0) if dim == 256 else (20.0, 200.0), lambda dim: dim / 256)

    assert found(land, 512) == [(256, 60.0, 50.0), (512, 60.0, 50.0)]
    assert [one[1:] for one in land.asked if one[0] == 512] == [(60.0, 50.0), (102.0, 50.0), (60.0, 25.0)]


def test_twice_the_width_may_be_too_little_to_see() -> None:
    slow = Landscape(lambda dim: (60.0, 50.0), lambda dim: 0.5 + 0.0015 * np.log2(dim / 256))

    assert [dim for dim, _, _ in found(slow, 512)] == [256]
    assert [dim for dim, _, _ in found(slow, 1024)] == [256, 1024]


def test_a_step_that_hardly_gains_is_not_taken() -> None:
    edge = Landscape(lambda dim: (140.0, 50.0), lambda dim: 5.0)  # 170 is nearer than 100, and gains 0.1%

    assert found(edge, 256) == [(256, 100.0, 50.0)]


def test_the_widest_goes_on_from_the_width_that_was_not_taken() -> None:
    """At 512 nothing is gained but the way is found."""
    land = Landscape(lambda dim: (60.0 * 1.7 ** (4 * np.log2(dim / 256)), 50.0), lambda dim: 1.02 if dim > 512 else 1.0)

    assert found(land) == [(256, 60.0, 50.0), pytest.approx((1024, 60.0 * 1.7**8, 50.0))]


def test_a_width_is_held_against_the_last_one_that_was_taken() -> None:
    heights = {256: 1.0, 512: 1.01, 1024: 1.013}

    assert [dim for dim, _, _ in found(Landscape(lambda dim: (60.0, 50.0), heights.__getitem__))] == [256, 512]


def test_no_more_than_four_steps_a_way() -> None:
    endless = Landscape(lambda dim: (1e9, 50.0), lambda dim: 10.0)

    assert found(endless, 256) == [(256, pytest.approx(100 * 1.7**4), 50.0)]


def test_where_nothing_is_found_nothing_moves() -> None:
    nothing = Landscape(lambda dim: (60.0, 50.0), lambda dim: 0.0)
    every = best_ials(nothing, lambda factors: 0.0, Settings(), 1024, lambda factors: 0.0)

    assert [(one.dim, one.penalty, one.alpha) for _, one, _ in every] == [(256, *IALS_CHOICES[0])]
