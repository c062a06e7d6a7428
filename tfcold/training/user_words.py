"""What the words of users say they will do: kernel ridge regression, chosen on users set aside, beside any history.

Words are a prior of the user's own: all there is to go by before the first interaction, and the less of it the more
interactions are known.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tfcold.baselines.kernel import ridge_factor, ridge_solution
from tfcold.models.feature_table import Kernels
from tfcold.models.prior import FLOOR, popularity
from tfcold.progress import logger
from tfcold.training import choose
from tfcold.training.factors import Factors
from tfcold.training.fold_in import WARM, place_in, prior_among, spread_of, warm_asked
from tfcold.training.kernel_words import KernelWords
from tfcold.training.newcomers import Asked, Newcomers
from tfcold.training.settings import Settings
from tfcold.training.similar_users import scores_of

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Curve = tuple[float, float]  # strength, decay
Tables = dict[str, tuple[Numbers, Numbers]]  # by group: lengths of histories [B], quality [B, W]

LANDMARKS: Final = 8192  # users at most that others are compared with
GAMMA: Final = 1.0
PENALTIES: Final = (0.3, 1.0, 3.0, 10.0)
PENALTY: Final = 1.0  # where nobody can be asked
WEIGHTS: Final = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # that are measured, in spreads of the scores of one click
STRENGTHS: Final = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 3.0, 6.0, 10.0)
DECAYS: Final = (0.0, 0.25, 0.5, 1.0, 2.0)
UNTOLD: Final = (1.0, 1.0)  # strength and decay where nobody can be asked

_LESSON: Final = 3000  # users that teach while the penalty is chosen
_SHIFT: Final = 1.0  # of the mean squared length of an axis
_LEAST_GAIN: Final = 0.005
_ERRORS: Final = 1.5  # standard errors that a gain must have
_WARM_TOLERANCE: Final = 0.002
_ASKED: Final = 512  # users by whom spreads are measured


def lesson_of(split: Split, outputs: Floats, users: Rows) -> Factors:
    """For training users the query whose scores come closest to what they did, as outputs; there are no inputs.

    `q = y C (C'C + shift I)^-1` of the user's row `y` of length 1 and warm candidates `C`: so what words predict of two
    users alike is the mean of what they did, as far as candidates can tell.

    Args:
        split: its training rows are read.
        outputs: float32 [I + 1, D]. Candidates of warm items, as they are searched.
        users: int64 [R]. Who teaches; the others' queries are zeros.
    """
    rows = split.train_matrix()[users].astype(np.float64)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    told = np.where(split.warm_items[:, None], outputs, 0).astype(np.float64)
    gram = told.T @ told
    gram[np.diag_indices_from(gram)] += max(_SHIFT * float(np.trace(gram)) / len(gram), 1e-12)
    queries = np.asarray(rows @ told) / np.maximum(lengths, 1e-12)[:, None]
    solved = np.zeros((len(split.warm_users), outputs.shape[1]), np.float32)
    solved[users] = np.linalg.solve(gram, queries.T).T
    return Factors(np.zeros((len(solved), 0), np.float32), solved, np.zeros(0, np.float32))


def choose_user_words(
    words: KernelWords, split: Split, told: Factors, newcomers: Newcomers | None, settings: Settings
) -> tuple[Kernels | None, Settings]:
    """How much words of users count beside a history of n interactions, and the regression that says what they mean.

    The penalty of the regression is best for users of whom nothing else is known. The curve over n is the best on
    average over users with none, one, three and ten known rows and users of warm validation rows, each as a share of
    its best. It must gain half a percent, and one and a half standard errors over users, and users of warm validation
    rows may lose a fifth of a percent by it; else words count as little as `UNTOLD` says if that gains at all, or
    nothing.

    Args:
        words: of users, some of whom teach.
        split: its training rows, and its validation rows of warm items.
        told: factors of warm items as both towers add them up.
        newcomers: None where nobody could be spared.
        settings: with what is chosen for newcomers.

    Returns: by block the landmarks float32 [M, T] and coefficients float32 [M, D] of queries, whose scores for users
        who do not teach are spread as those of one click, or None where words count nothing; and settings.
    """
    if settings.user_words_strength == 0:
        return None, settings
    tables: Tables = {}
    if newcomers is not None and not is_settled(settings):
        penalty, tables = _tables(words, split, told, newcomers, settings)
        settings = settings.with_(user_words_penalty=penalty)
    settings = settings.with_(user_words_penalty=settings.user_words_penalty or PENALTY)
    kernels = _kernels(words, split, told, settings)
    if not is_settled(settings):
        curves = _curves(settings, told=bool(tables))
        if choose.has(split, "warm"):
            tables |= _warm_table(words, kernels, split, told, settings)
        strength, decay, gains = _best_curve(tables, curves, named=settings.user_words_strength is not None)
        logger.info(
            "words of users: penalty %g, %g / (1 + n)^%g%s", settings.user_words_penalty, strength, decay, gains
        )
        settings = settings.with_(user_words_strength=strength, user_words_decay=decay)
    return kernels if settings.user_words_strength else None, settings


def is_settled(settings: Settings) -> bool:
    """True where `choose_user_words` has nothing to choose."""
    named = settings.user_words_penalty, settings.user_words_strength, settings.user_words_decay
    return None not in named or settings.user_words_strength == 0


def _curves(settings: Settings, *, told: bool) -> list[Curve]:
    """Those to choose among: all, or where newcomers can't tell, one."""
    strengths, decays = (STRENGTHS, DECAYS) if told else ((UNTOLD[0],), (UNTOLD[1],))
    strength, decay = settings.user_words_strength, settings.user_words_decay
    return list(product(strengths if strength is None else (strength,), decays if decay is None else (decay,)))


def _kernels(words: KernelWords, split: Split, told: Factors, settings: Settings) -> Kernels:
    lesson = lesson_of(split, told.outputs, words.taught)
    kernels, own = words.solve(lesson, GAMMA, settings.user_words_penalty or PENALTY, {})
    warm = np.flatnonzero(split.warm_items).astype(np.int32)
    drawn = words.drawn(_ASKED)
    left_out = words.predicted(kernels, GAMMA, drawn) - own[drawn]
    scale = _scale(np.asarray(left_out @ told.outputs[warm].T, np.float32), spread_of(told, split.train_matrix(), warm))
    return {name: (landmarks, np.float32(scale) * solved) for name, (landmarks, solved) in kernels.items()}


def _tables(
    words: KernelWords, split: Split, told: Factors, newcomers: Newcomers, settings: Settings
) -> tuple[float, Tables]:
    """The penalty, and what newcomers with words reach with each of `WEIGHTS`: no tables where there are none."""
    groups = [_among(one, words.has_words[one.users]) for one in (newcomers.unknown, *newcomers.asked.values())]
    groups = [one for one in groups if len(one.users)]
    able = words.drawn(len(words.taught))
    taught = np.sort(able[newcomers.rest.warm_users[able]][:_LESSON])
    penalty = settings.user_words_penalty or PENALTY
    if not groups or not len(taught):
        return penalty, {}
    factors, listed = newcomers.factors, newcomers.listed
    prior = prior_among(newcomers, split, told, settings)
    # without a prior of its own, an empty history has the popular list all the same
    floor = prior if prior.any() else np.float32(FLOOR) * popularity(split.item_counts)
    unit = spread_of(factors, newcomers.rest.train_matrix(), listed)
    lesson = lesson_of(newcomers.rest, factors.outputs, taught).outputs[taught]
    gram = words.kernel(taught, taught, GAMMA, {})

    def scores(penalty: float, users: Rows) -> Floats:
        """What words say, float32 [B, N], spread as one click."""
        solved = ridge_solution(ridge_factor(gram.copy(), penalty), lesson)
        said = np.asarray(words.kernel(users, taught, GAMMA, {}) @ solved @ factors.outputs[listed].T, np.float32)
        return said * np.float32(_scale(said, unit))

    def table(asked: Asked, said: Floats) -> Numbers:
        base = scores_of(newcomers, asked, prior if asked.histories.nnz else floor, settings)
        return _table(asked, base, said, listed)

    first = groups[0]
    if settings.user_words_penalty is None:
        found = {option: table(first, scores(option, first.users)).mean(axis=0).max() for option in PENALTIES}
        penalty = max(found, key=lambda option: found[option])
    return penalty, {
        f"{int(one.counts.max())} known": (one.counts, table(one, scores(penalty, one.users))) for one in groups
    }


def _warm_table(words: KernelWords, kernels: Kernels, split: Split, told: Factors, settings: Settings) -> Tables:
    """The same of users of warm validation rows, for whom the sum of what they did speaks."""
    asked = warm_asked(split, settings)
    asked = _among(asked, words.has_words[asked.users])
    if not len(asked.users):
        return {}
    listed = np.flatnonzero(split.warm_items).astype(np.int32)
    outputs = told.outputs[listed]
    strength, decay = settings.prior_curve
    leaning = strength / (1 + asked.counts) ** decay
    prior = leaning[:, None] * popularity(split.item_counts)[listed]
    base = np.asarray(asked.histories @ told.inputs @ outputs.T + prior, np.float32)
    return {WARM: (asked.counts, _table(asked, base, words.predicted(kernels, GAMMA, asked.users) @ outputs.T, listed))}


def _table(asked: Asked, base: Floats, said: Floats, listed: npt.NDArray[np.int32]) -> Numbers:
    """NDCG@20 [B, W] of each user with each of `WEIGHTS`."""
    return np.stack([asked.ndcg(base + np.float32(weight) * said, listed) for weight in WEIGHTS], axis=1)


def _best_curve(tables: Tables, curves: list[Curve], *, named: bool) -> tuple[float, float, str]:
    """The best strength and decay on average over the groups; and what they bring, in words.

    Args:
        named: bool. Whether the strength is one that was asked for, which stands whatever it brings.
    """
    if not tables:
        return *curves[0], ""
    found = np.array([[_along(*table, *curve).mean() for curve in curves] for table in tables.values()])  # [G, C]
    without = np.array([table[:, 0].mean() for _, table in tables.values()])
    best = np.maximum(np.maximum(found.max(axis=1), without), 1e-9)
    value = (found / best[:, None]).mean(axis=0)
    if WARM in tables:
        place = list(tables).index(WARM)
        value[found[place] < without[place] * (1 - _WARM_TOLERANCE)] = -np.inf
    value -= (without / best).mean()
    chosen = int(np.argmax(value))
    curve, reached = curves[chosen], found[:, chosen]
    if len(curves) == 1:  # no choice that chance could make
        is_taken = named or value[0] > -np.inf
    else:
        is_taken = named or value[chosen] >= max(_LEAST_GAIN, _ERRORS * _error(tables, curve, best))
        if not is_taken and UNTOLD in curves:
            place = curves.index(UNTOLD)
            curve, reached, is_taken = UNTOLD, found[:, place], value[place] > 0
    if not is_taken:
        curve, reached = (0.0, curve[1]), without
    pairs = zip(tables, reached, without, strict=True)
    return *curve, ": " + ", ".join(f"{name} {new:.4f} (without: {old:.4f})" for name, new, old in pairs)


def _error(tables: Tables, curve: Curve, best: Numbers) -> float:
    """Standard error of the mean gain, as of users who are the same in all groups: at most that much."""
    gains = [_along(counts, table, *curve) - table[:, 0] for counts, table in tables.values()]
    return float(np.mean([gain.std() / np.sqrt(len(gain)) for gain in gains] / best))


def _along(counts: Numbers, table: Numbers, strength: float, decay: float) -> Numbers:
    """Quality [B] along a curve, by linear interpolation in the table."""
    low, part = place_in(strength / (1 + counts) ** decay, WEIGHTS)
    users = np.arange(len(counts))
    return np.asarray((1 - part) * table[users, low] + part * table[users, low + 1])


def _among(asked: Asked, wanted: npt.NDArray[np.bool_]) -> Asked:
    return Asked(sp.csr_matrix(asked.histories[wanted]), sp.csr_matrix(asked.targets[wanted]), asked.users[wanted])


def _scale(scores: Floats, unit: float) -> float:
    """What makes the standard deviation of the scores the unit."""
    return unit / (float(scores.std()) or 1.0)
