"""Width, penalty and alpha of iALS: tuned at every width, which doubles where that gains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tfcold.progress import logger
from tfcold.training.factors import Factors
from tfcold.training.ials_fits import IalsFits
from tfcold.training.settings import Settings

IALS_CHOICES: Final = (  # penalty, alpha
    (5.0, 5.0), (20.0, 20.0), (20.0, 50.0), (20.0, 100.0), (60.0, 50.0), (100.0, 50.0),
)  # fmt: skip
IALS_CHOICE: Final = (20.0, 20.0)
SEARCH_DIM: Final = 256  # of the choices above, and of what else is tried with many teachers
WIDER: Final = 1.005  # what a wider one must bring
_FURTHER: Final = 1.002  # and a step
_STEPS: Final = {"ials_penalty": 1.7, "ials_alpha": 0.5}  # up is the way that a wider one asks for
_MOST_STEPS: Final = 4
_BOTH_WAYS: Final = (1, -1)

Found = tuple[float, Factors, Settings]  # quality on warm validation rows, and what has it
Measure = Callable[[Factors], float]


def best_ials(
    fits: IalsFits, quality: Measure, settings: Settings, dim: int, of_cold: Measure | None = None
) -> list[Found]:
    """The best of a width, and of each wider one that gains, narrowest first; the last one is taken.

    At the first width penalty and alpha go up or down by steps, from the best of some choices: at most four, each of
    which must gain 0.2%. A wider one asks for more of a penalty, or for less weight of what was seen, if for anything:
    there they go on from the best of the width before, and that way only. A width that gains nothing does not end it:
    on a sample of users twice the width may be too little to see.

    Args:
        fits: iALS of a split.
        quality: of factors, on warm validation rows.
        settings: what is named is not tuned. A named `dim` is gone to whatever it gains.
        dim: int. The widest.
        of_cold: quality of cold items that learn from factors: a wider one is not taken where they lose more, as a
            share, than warm ones gain. None does not ask.

    References:
        Rendle et al. 2022, Revisiting the Performance of iALS on Item Recommendation Benchmarks, RecSys: width and
        penalty matter, and are to be tuned together.
    """
    search, width = _Search(fits, quality, settings), min(dim, SEARCH_DIM)
    last = search.climbed(search.best_choice(width), width, _BOTH_WAYS)
    found = [last]
    while width < dim:
        width = min(2 * width, dim)
        last = search.climbed(search.tried(last[2], width), width, _BOTH_WAYS[:1])
        if settings.dim is not None or (last[0] > found[-1][0] * WIDER and _pays(found[-1], last, of_cold)):
            found.append(last)
    return found


class _Search:
    def __init__(self, fits: IalsFits, quality: Measure, named: Settings) -> None:
        self._fits, self._quality, self._named = fits, quality, named

    def best_choice(self, width: int) -> Found:
        """The best of `IALS_CHOICES`, with what is named in its place."""
        named = self._named
        choices = {(named.ials_penalty or penalty, named.ials_alpha or alpha): None for penalty, alpha in IALS_CHOICES}
        options = (named.with_(ials_penalty=penalty, ials_alpha=alpha) for penalty, alpha in choices)
        return max((self.tried(option, width) for option in options), key=lambda one: one[0])

    def tried(self, option: Settings, width: int) -> Found:
        penalty, alpha = option.ials_penalty or IALS_CHOICE[0], option.ials_alpha or IALS_CHOICE[1]
        factors = self._fits.factors(width, penalty, alpha)
        value = self._quality(factors)
        logger.info("iALS of width %d, penalty %.3g, alpha %.3g: %.4f", width, penalty, alpha, value)
        return value, factors, option

    def climbed(self, best: Found, width: int, ways: Sequence[int]) -> Found:
        for field, step in _STEPS.items():
            ways_open = ways if getattr(self._named, field) is None else ()
            for way in ways_open:
                best, moved = self._along(best, width, field, step**way)
                if moved:
                    break
        return best

    def _along(self, best: Found, width: int, field: str, factor: float) -> tuple[Found, bool]:
        for number in range(_MOST_STEPS):
            further = self.tried(best[2].with_(**{field: factor * getattr(best[2], field)}), width)
            if further[0] <= best[0] * _FURTHER:
                return best, number > 0
            best = further
        return best, True


def _pays(narrow: Found, wide: Found, of_cold: Measure | None) -> bool:
    """Whether warm items gain, by a factor, at least what cold items lose."""
    if of_cold is None:
        return True
    before, after = of_cold(narrow[1]), of_cold(wide[1])
    logger.info("warm items have %.4f for %.4f, cold ones %.4f for %.4f", wide[0], narrow[0], after, before)
    return wide[0] * after >= narrow[0] * before
