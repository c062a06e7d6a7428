"""What teaches the words of new items, and through which kernel: chosen by new items and by known ones left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tfcold.baselines.kernel import Factor, leverages, own_part, ridge_factor, ridge_solution
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.choose import DotScorer
from tfcold.training.factors import Factors, seen_from
from tfcold.training.gains import Evidence, evidence_of
from tfcold.training.ials_fits import IalsFits
from tfcold.training.kernel_words import GAMMA, PENALTY, KernelWords
from tfcold.training.settings import Settings
from tfcold.training.teacher import SEARCH_DIM

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Ials = tuple[float, float]  # penalty, alpha

GAMMAS: Final = (0.5, 1.0)  # narrower ones learn what is nearly there already, and validation may hold much of that
PENALTIES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
BLOCK_WEIGHTS: Final = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of a block beside the first one
THE_TEACHER: Final = (0.0, 0.0)
OTHER_TEACHERS: Final[tuple[Ials, ...]] = ((20.0, 20.0), (60.0, 50.0), (100.0, 50.0))
SEARCH_ROWS: Final = 3_000  # warm items that teach while all this is chosen, and at most as many are left out
CUT: Final = 100  # of the lists that are compared: few new items can be asked for, and the first 20 places are noisy
_ERRORS: Final = 0.5  # standard errors that a lower penalty must bring
_LEAST_GAIN: Final = 1.003  # what weights or another teacher must bring


@dataclass(frozen=True)
class Lesson:
    """What words are taught, and through which kernel.

    Args:
        gamma, penalty: float. Of the kernel, and of its ridge regression.
        weights: of the blocks, by name, as pairs.
        ials: penalty and alpha of the iALS that teaches; `THE_TEACHER` for the one of warm items.
    """

    gamma: float
    penalty: float
    weights: tuple[tuple[str, float], ...] = ()
    ials: Ials = THE_TEACHER


def choose_words(split: Split, fits: IalsFits, words: KernelWords, factors: Factors, settings: Settings) -> Settings:
    """Settings with the kernel of words, the weights of its blocks, and what teaches them.

    Coordinate by coordinate: width of the kernel and penalty together, then the weight of each block after the first,
    then the teacher, the last two with the penalty beside them, and the penalty once more with all rows. What
    `settings` name stays.

    Args:
        split: its validation rows of cold and of warm items are asked.
        fits: iALS of it, to rows that all count alike.
        words: at most `SEARCH_ROWS` of its items teach here.
        factors: the teacher's of warm items.
        settings: with the teacher chosen.
    """
    sample = choose.sample_of(split, settings)
    named = settings.kernel_gamma, settings.text_penalty, settings.block_weights, settings.words_ials_penalty
    start = Lesson(
        gamma=settings.kernel_gamma or GAMMA,
        penalty=settings.text_penalty or PENALTY,
        weights=tuple((settings.block_weights or {}).items()),
        ials=(settings.words_ials_penalty or 0.0, settings.words_ials_alpha or 0.0),
    )
    if None in named and choose.has(sample, "cold_item"):
        search = _Search(fits, sample, words, factors, SEARCH_ROWS)
        start = search.best(start, settings)
        if settings.text_penalty is None and len(words.landmarks) > SEARCH_ROWS:
            start = search.with_all_rows().less_penalty(start)
    return settings.with_(
        kernel_gamma=start.gamma, text_penalty=start.penalty, block_weights=dict(start.weights),
        words_ials_penalty=start.ials[0], words_ials_alpha=start.ials[1],
    )  # fmt: skip


def targets_of(fits: IalsFits, factors: Factors, settings: Settings) -> Factors:
    """What words are taught under chosen settings: the teacher's factors, or other outputs seen from its queries."""
    ials = settings.words_ials_penalty or 0.0, settings.words_ials_alpha or 0.0
    return replace(factors, outputs=_outputs(fits, factors, ials))


def _outputs(fits: IalsFits, factors: Factors, ials: Ials) -> Floats:
    if not ials[0]:
        return factors.outputs
    width = min(SEARCH_DIM, factors.dim)
    other = fits.factors(width, ials[0], ials[1] or 10.0)
    return seen_from(factors, other, fits.split.train_matrix())


def cold_quality(fits: IalsFits, words: KernelWords, settings: Settings) -> Callable[[Factors], float] | None:
    """Measures factors by the cold items that learn from them, over several kernels and penalties.

    One lesson alone tells little: what a kernel happens to lose with factors is as large as what factors lose.
    None where validation has no rows of cold items, or nothing has words.
    """
    sample = choose.sample_of(fits.split, settings)
    if not len(words.taught) or not choose.has(sample, "cold_item"):
        return None
    lessons = [Lesson(gamma, penalty) for gamma in GAMMAS for penalty in (PENALTY, 10 * PENALTY)]

    def measured(factors: Factors) -> float:
        search = _Search(fits, sample, words, factors, SEARCH_ROWS)
        return float(np.mean([search.measured(lesson).new.mean for lesson in lessons]))

    return measured


class _Search:
    """Measures lessons on validation rows, each once, with at most `rows` of the items to teach."""

    def __init__(
        self,
        fits: IalsFits,
        sample: Split,
        words: KernelWords,
        factors: Factors,
        rows: int,
    ) -> None:
        self._fits, self._sample, self._words, self._factors = fits, sample, words, factors
        self._drawn = words.drawn(rows)
        self._held = self._drawn[-SEARCH_ROWS:]
        self._listed = np.zeros(len(sample.warm_items), bool)
        self._listed[self._held] = True
        self._asked = np.unique(sample.dataset.item_rows[sample.validation["cold_item"]]).astype(np.int64)
        self._targets: dict[Ials, Floats] = {}
        self._quality: dict[Lesson, Evidence] = {}
        self._kernels: tuple[object, Floats, Floats] | None = None  # of the last gamma and weights
        self._factors_of: tuple[object, Factor, Floats] | None = None  # of these and the last penalty

    def best(self, start: Lesson, settings: Settings) -> Lesson:
        gammas = GAMMAS if settings.kernel_gamma is None else (start.gamma,)
        penalties = PENALTIES if settings.text_penalty is None else (start.penalty,)
        grid = [replace(start, gamma=gamma, penalty=penalty) for gamma in gammas for penalty in penalties]
        lesson = self._best_of("kernel of words", grid)
        if settings.block_weights is None:
            for name in self._words.blocks[1:]:
                pairs = {weight: {**dict(lesson.weights), name: weight} for weight in BLOCK_WEIGHTS}
                near = _near(penalties, lesson.penalty)
                grid = [
                    replace(lesson, penalty=penalty, weights=tuple(pairs[weight].items()))
                    for weight in BLOCK_WEIGHTS
                    for penalty in near
                ]
                lesson = self._better(lesson, self._best_of(f"weight of block {name}", grid))
        if settings.words_ials_penalty is None:
            grid = [replace(lesson, penalty=penalty, ials=ials) for penalty in penalties for ials in OTHER_TEACHERS]
            lesson = self._better(lesson, self._best_of("teacher of words", grid))
        return lesson

    def _better(self, lesson: Lesson, other: Lesson) -> Lesson:
        return other if self.measured(other).mean > _LEAST_GAIN * self.measured(lesson).mean else lesson

    def with_all_rows(self) -> _Search:
        """The same search, slower, where as many teach as there are landmarks."""
        rows = len(self._words.landmarks)
        return _Search(self._fits, self._sample, self._words, self._factors, rows)

    def less_penalty(self, lesson: Lesson) -> Lesson:
        """The lesson, or with the next lower penalty where that gains something: few rows may ask for more of it."""
        less = replace(lesson, penalty=PENALTIES[max(0, PENALTIES.index(lesson.penalty) - 1)])
        best = self._best_of("penalty with all rows", (lesson, less))
        return best if self.measured(best).clearly_above(self.measured(lesson), _ERRORS) else lesson

    def _best_of(self, name: str, lessons: Iterable[Lesson]) -> Lesson:
        found = {lesson: self.measured(lesson).mean for lesson in lessons}
        best = max(found, key=lambda lesson: found[lesson])
        logger.info("%s: %.4f with %s", name, found[best], best)
        return best

    def measured(self, lesson: Lesson) -> Evidence:
        """NDCG on cold validation rows, and on warm ones when each item is what the others say of its words.

        New items of validation may be fewer than a tenth of the known ones, and of another kind than those to come.
        """
        if lesson not in self._quality:
            outputs = self._taught(lesson.ials)
            cross, factor, held_leverages = self._factored(lesson)
            solved = ridge_solution(factor, outputs[self._drawn])
            candidates = np.zeros_like(outputs)
            candidates[self._asked] = cross @ solved
            errors = np.float32(lesson.penalty) * solved[-len(self._held) :]
            own = own_part(errors, held_leverages)
            candidates[self._held] = outputs[self._held] - errors - own
            scorer = DotScorer(self._factors.inputs, candidates)
            self._quality[lesson] = evidence_of(scorer, scorer, self._sample, CUT, self._listed)
        return self._quality[lesson]

    def _factored(self, lesson: Lesson) -> tuple[Floats, Factor, Floats]:
        """The kernel of those asked, the factor of the ridge, and the leverages of those held out."""
        key = lesson.gamma, lesson.weights, lesson.penalty
        if self._factors_of is None or self._factors_of[0] != key:
            self._factors_of = None
            gram, _ = self._kernels_of(lesson)
            factor = ridge_factor(gram.copy(), lesson.penalty)
            self._factors_of = key, factor, leverages(factor, lesson.penalty, len(self._held))
        _, factor, held_leverages = self._factors_of
        return self._kernels_of(lesson)[1], factor, held_leverages

    def _kernels_of(self, lesson: Lesson) -> tuple[Floats, Floats]:
        """Of the items that teach among themselves, and of those asked with them."""
        key = lesson.gamma, lesson.weights
        if self._kernels is None or self._kernels[0] != key:
            self._kernels = None  # let go before the next ones are made
            weights = dict(lesson.weights)
            self._kernels = (
                key,
                self._words.kernel(self._drawn, self._drawn, lesson.gamma, weights),
                self._words.kernel(self._asked, self._drawn, lesson.gamma, weights),
            )
        return self._kernels[1:]

    def _taught(self, ials: Ials) -> Floats:
        if ials not in self._targets:
            self._targets[ials] = _outputs(self._fits, self._factors, ials)
        return self._targets[ials]


def _near(options: tuple[float, ...], value: float) -> tuple[float, ...]:
    """The options beside a value, and itself."""
    place = options.index(value)
    return options[max(0, place - 1) : place + 2]
