"""Width, penalty and alpha of iALS: tuned at a moderate width, then wider where that gains."""

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
SEARCH_DIM: Final = 256  # at which the choices above are compared
WIDER: Final = 1.005  # what a wider one must bring
_FURTHER: Final = 1.002  # and a step
_STEPS: Final = {"ials_penalty": 1.7, "ials_alpha": 0.5}  # up is the way that a wider one asks for
_MOST_STEPS: Final = 4

Found = tuple[float, Factors, Settings]  # quality on warm validation rows, and what has it
Measure = Callable[[Factors], float]


def best_ials(
    fits: IalsFits, quality: Measure, settings: Settings, dim: int, of_cold: Measure | None = None
) -> list[Found]:
    """The best of a width, and of each wider one that gains, narrowest first; the last one is the best of all.

    At the first width penalty and alpha go up or down in steps, from the best of some choices, for as long as quality
    gains. A wider one asks for more of a penalty, or for less weight of what was seen, if for anything: there they go
    on from the best of the width before, and that way only. A width that gains nothing does not end it: on a sample
    of users twice the width may be too little to see.

    Args:
        fits: iALS of a split.
        quality: of factors, on warm validation rows.
        settings: what is named is not tuned.
        dim: int. The widest; with `settings.dim`, the width of the last one whatever it gains.
        of_cold: quality of cold items that learn from factors: a wider one is not taken where they lose more, as a
            share, than warm ones gain. None does not ask.

    References:
        Rendle et al. 2022, Revisiting the Performance of iALS on Item Recommendation Benchmarks, RecSys: width and
        penalty matter, and are to be tuned together.
    """

    def tried(option: Settings, width: int) -> Found:
        penalty, alpha = option.ials_penalty or IALS_CHOICE[0], option.ials_alpha or IALS_CHOICE[1]
        factors = fits.factors(width, penalty, alpha)
        value = quality(factors)
        logger.info("iALS of width %d, penalty %.3g, alpha %.3g: %.4f", width, penalty, alpha, value)
        return value, factors, option.with_(ials_penalty=penalty, ials_alpha=alpha)

    def climbed(best: Found, width: int, ways: Sequence[int]) -> Found:
        for field, step in _STEPS.items():
            if getattr(settings, field) is not None:
                continue
            for factor in (step**way for way in ways):
                before = best
                for _ in range(_MOST_STEPS):
                    further = tried(best[2].with_(**{field: factor * getattr(best[2], field)}), width)
                    if further[0] < best[0] * _FURTHER:
                        break
                    best = further
                if best is not before:
                    break
        return best

    width = min(dim, SEARCH_DIM)
    options = {
        (settings.ials_penalty or penalty, settings.ials_alpha or alpha): None for penalty, alpha in IALS_CHOICES
    }
    first = (tried(settings.with_(ials_penalty=penalty, ials_alpha=alpha), width) for penalty, alpha in options)
    last = climbed(max(first, key=lambda one: one[0]), width, (1, -1))
    found = [last]
    while width < dim:
        width = min(2 * width, dim)
        last = climbed(tried(last[2], width), width, (1,))
        if settings.dim is not None or (last[0] >= found[-1][0] * WIDER and _pays(found[-1], last, of_cold)):
            found.append(last)
    return found


def _pays(narrow: Found, wide: Found, of_cold: Measure | None) -> bool:
    """Whether warm items gain, by a factor, at least what cold items lose."""
    if of_cold is None:
        return True
    gain, before, after = wide[0] / narrow[0], of_cold(narrow[1]), of_cold(wide[1])
    logger.info("warm items have %.3f of it, cold ones %.4f for %.4f", gain, after, before)
    return gain * after >= before
