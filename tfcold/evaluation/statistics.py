"""How sure a mean over users is: bootstrap intervals and a paired test, seeded and in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tfcold.errors import InputError

Floats = npt.NDArray[np.float64]

_BLOCK_CELLS = 4_000_000  # resamples x users held at once: 32 MB of float64


def bootstrap_means(values: npt.ArrayLike, *, resamples: int = 1000, seed: int = 0) -> Floats:
    """Means over users drawn with replacement, one row a resample.

    The columns share their draws, and so do two calls with the same number of users, resamples and seed: means of
    two systems over the same users are paired.

    Args:
        values: float [U, M], U at least 1.
        resamples: int R, at least 1, default 1000.
        seed: int, default 0.

    Returns: float64 [R, M].
    """
    table = _checked(values, resamples)
    num_users = len(table)
    random = np.random.default_rng(seed)
    means = np.empty((resamples, table.shape[1]))
    for part in _parts(resamples, num_users):
        size = part.stop - part.start
        drawn = random.integers(0, num_users, (size, num_users)) + np.arange(size)[:, None] * num_users
        times = np.bincount(drawn.reshape(-1), minlength=size * num_users).reshape(size, num_users)
        means[part] = times.astype(np.float64) @ table / num_users
    return means


def bootstrap_interval(
    values: npt.ArrayLike, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[Floats, Floats]:
    """Lower and upper end of the percentile bootstrap interval of every column's mean.

    Args:
        values: float [U, M]. One row a user.
        confidence: float in (0, 1), default 0.95. Share of the resampled means between the ends.
        resamples: int, at least 1, default 1000.
        seed: int, default 0.

    Returns: float64 [M] and [M].

    References: Efron 1979, Bootstrap methods: another look at the jackknife. Percentiles, without bias correction.
    """
    if not 0 < confidence < 1:
        raise InputError(f"`confidence` must lie between 0 and 1; received {confidence}. Pass 0.95 for 95%")
    tail = (1 - confidence) / 2
    low, high = np.quantile(bootstrap_means(values, resamples=resamples, seed=seed), [tail, 1 - tail], axis=0)
    return low, high


def paired_test(differences: npt.ArrayLike, *, resamples: int = 1000, seed: int = 0) -> Floats:
    """Two-sided p-values that the mean difference of paired users is 0, by sign flips.

    If neither system were better, the sign of each user's difference could as well be the other one. The p-value is
    the share of random sign patterns whose mean is at least as far from 0 as the observed one, which itself counts:
    `(1 + extreme) / (1 + resamples)`. It can therefore not fall below `1 / (1 + resamples)`.

    Args:
        differences: float [U, M]. System minus baseline, one row a user.
        resamples: int, at least 1, default 1000.
        seed: int, default 0.

    Returns: float64 [M], in (0, 1]; 1 where all differences are 0.

    References: Smucker, Allan and Carterette 2007, A comparison of statistical significance tests for IR evaluation.
    """
    table = _checked(differences, resamples)
    num_users = len(table)
    random = np.random.default_rng(seed)
    total = table.sum(axis=0)
    # sums of the same numbers in another order differ in their last digits: count such as equal
    observed = np.abs(total) - 1e-9 * np.abs(table).sum(axis=0)
    extreme = np.zeros(table.shape[1], np.int64)
    for part in _parts(resamples, num_users):
        size = part.stop - part.start
        octets = random.integers(0, 256, (size, -(-num_users // 8)), np.uint8)
        kept = np.unpackbits(octets, axis=1, count=num_users).astype(np.float64)
        flipped = 2 * (kept @ table) - total  # kept with +, the others with -
        extreme += (np.abs(flipped) >= observed).sum(axis=0)
    p_values: Floats = (1 + extreme) / (1 + resamples)
    return p_values


def _checked(values: npt.ArrayLike, resamples: int) -> Floats:
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or not len(table):
        raise InputError(f"`values` must be [U, M] with at least one user; received shape {list(table.shape)}")
    if resamples < 1:
        raise InputError(f"`resamples` must be at least 1; received {resamples}. Pass 1000")
    return table


def _parts(resamples: int, num_users: int) -> Iterator[slice]:
    step = max(1, _BLOCK_CELLS // num_users)
    for start in range(0, resamples, step):
        yield slice(start, min(start + step, resamples))
