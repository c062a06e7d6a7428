"""What is fitted once, and what has no room to be kept."""

from __future__ import annotations

import numpy as np
import pytest

from tfcold.blocks import Features
from tfcold.splits.split import Split
from tfcold.training import Settings, ials_fits
from tfcold.training.factors import ials_factors
from tfcold.training.ials_fits import IalsFits
from tfcold.training.start import started_model

World = tuple[Split, Features]


def test_what_was_fitted_is_given_again_and_is_what_a_fit_gives(world: World) -> None:
    fits = IalsFits(world[0], seed=3)
    one = fits.factors(6, 20.0, 5.0)

    assert fits.factors(6, 20.0, 5.0) is one
    np.testing.assert_array_equal(one.outputs, ials_factors(world[0], 6, penalty=20.0, alpha=5.0, seed=3).outputs)
    for other in ((4, 20.0, 5.0), (6, 10.0, 5.0), (6, 20.0, 1.0)):
        assert fits.factors(*other) is not one


def test_what_has_no_room_is_fitted_each_time(world: World) -> None:
    one = ials_factors(world[0], 6, penalty=20.0, alpha=5.0, seed=0)
    fits = IalsFits(world[0], seed=0, max_kept=one.inputs.nbytes + one.outputs.nbytes)
    kept, later = fits.factors(6, 20.0, 5.0), fits.factors(6, 10.0, 5.0)

    assert fits.factors(6, 20.0, 5.0) is kept
    again = fits.factors(6, 10.0, 5.0)
    assert again is not later
    np.testing.assert_array_equal(again.outputs, later.outputs)


def test_a_start_fits_no_setting_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []

    def counted(split, dim, *, penalty, alpha, seed):  # type: ignore[no-untyped-def]
        if split is world[0]:  # users held out ask for one more, of the rows of the others
            fitted.append((dim, penalty, alpha))
        return ials_factors(split, dim, penalty=penalty, alpha=alpha, seed=seed)

    monkeypatch.setattr(ials_fits, "ials_factors", counted)
    started_model(*world, Settings(teacher="ials", max_dim=8, words_ials_penalty=60.0, words_ials_alpha=50.0))

    assert (8, 60.0, 50.0) in fitted  # of the teacher's search, and what words are taught
    assert len(set(fitted)) == len(fitted)
