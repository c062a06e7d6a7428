"""A profile of content beside the teacher: how near the words of an item are to those of a history.

What a teacher knows of an item, words can say only as far as items with alike words have alike users. That somebody
goes on with what is *about* the same things needs no teacher. So a few columns are put beside its factors: the words
themselves, as components of their kernel, whitened. Their dot products sum up to kernel ridge regression from words to
the raw rows, cut to as many components; a user stays one sum over the history, an item one vector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp

from tfcold.training import choose
from tfcold.training.factors import Factors, spectrum_of
from tfcold.training.kernel_words import GAMMA, KernelWords, Weights
from tfcold.training.settings import Settings

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Floats = npt.NDArray[np.float32]

PENALTY: Final = 10.0  # where settings name none: 10 and 30 did alike
MARKS: Final = 3_000  # warm items, drawn, whose kernel gives the components
_PASS: Final = 16_384
_USERS_AT_ONCE: Final = 65_536
_LEAST: Final = 1e-6  # share of the first component's variance; less is rounding


@dataclass(frozen=True)
class ContentProfile:
    """Columns that stand behind those of a teacher.

    Args:
        inputs: float32 [I + 1, P]. Of warm items with words; zeros of the others.
        outputs: float32 [I + 1, P]. The same to another scale: what words are taught of candidates.
        spectrum: float32 [P]. As in `Factors`.
    """

    inputs: Floats
    outputs: Floats
    spectrum: Floats

    def beside(self, factors: Factors) -> Factors:
        """The factors of warm items: as candidates they are what the teacher says, and nothing of their words."""
        return self._joined(factors, np.zeros_like(self.outputs))

    def taught(self, targets: Factors) -> Factors:
        """What words are taught beside `targets`."""
        return self._joined(targets, self.outputs)

    def weighed(self, weight: float) -> ContentProfile:
        """The same with scores `weight` times as large; without columns for 0."""
        if not weight:
            return nothing(len(self.inputs))
        root = np.float32(np.sqrt(weight))
        return replace(self, inputs=root * self.inputs, outputs=root * self.outputs)

    def _joined(self, factors: Factors, outputs: Floats) -> Factors:
        return Factors(
            np.concatenate([factors.inputs, self.inputs], axis=1),
            np.concatenate([factors.outputs, outputs], axis=1),
            np.concatenate([factors.spectrum, self.spectrum]),
        )


def nothing(num_rows: int) -> ContentProfile:
    """A profile without columns for `num_rows` item rows."""
    empty = np.zeros((num_rows, 0), np.float32)
    return ContentProfile(empty, empty, np.zeros(0, np.float32))


def components(words: KernelWords, warm: npt.NDArray[np.bool_], gamma: float, weights: Weights, dim: int) -> Floats:
    """Kernel principal components of warm items with words, float32 [I + 1, `dim`], the strongest first.

    Their dot products come near the kernel. They are those of at most `MARKS` drawn items, seen from the others.
    Columns beyond the number of items are zeros.

    References:
        Schölkopf, Smola & Müller 1998, Nonlinear Component Analysis as a Kernel Eigenvalue Problem, Neural Computation
        (we do not centre). Williams & Seeger 2001, Using the Nyström Method to Speed Up Kernel Machines, NeurIPS.
    """
    marks = words.drawn(MARKS)
    num = min(dim, len(marks))
    found = np.zeros((len(warm), dim), np.float32)
    if not num:
        return found
    own = words.kernel(marks, marks, gamma, weights)
    values, axes = scipy.linalg.eigh(own, subset_by_index=(len(marks) - num, len(marks) - 1), overwrite_a=True)
    values, axes = values[::-1], axes[:, ::-1]
    towards = (axes / np.sqrt(np.maximum(values, _LEAST * values[0]))).astype(np.float32)
    told = np.flatnonzero(warm & words.has_words)
    for start in range(0, len(told), _PASS):
        part = told[start : start + _PASS]
        found[part, :num] = words.kernel(part, marks, gamma, weights) @ towards
    return found


def profile_of(split: Split, found: Floats, factors: Factors, penalty: float) -> ContentProfile:
    """The profile of components beside a teacher: as spread as this, over training users and warm items.

    Args:
        split: its training rows are read.
        found: float32 [I + 1, P]. `components`.
        factors: the teacher's.
        penalty: float > 0. Of the ridge regression from words to raw rows.
    """
    values, axes = np.linalg.eigh(np.asarray(found.T @ found, np.float64))
    whitened = np.asarray(found @ ((axes / np.sqrt(np.maximum(values, 0) + penalty)) @ axes.T).astype(np.float32))
    train = split.train_matrix()
    theirs, own = _squares(train, factors.inputs, factors.outputs), _squares(train, whitened, whitened)
    scale = np.sqrt(theirs / max(own, 1e-30))
    lengths = [float(np.linalg.norm(side)) or 1.0 for side in (factors.inputs, factors.outputs)]
    ratio = lengths[0] / lengths[1]  # the profile is as much of one side as of the other
    inputs, outputs = (np.float32(np.sqrt(scale * part)) * whitened for part in (ratio, 1 / ratio))
    return ContentProfile(inputs, outputs, spectrum_of(train, outputs))


def _squares(train: sp.csr_matrix, inputs: Floats, outputs: Floats) -> float:
    """Sum of the squared scores of all users and items."""
    gram = np.zeros((inputs.shape[1],) * 2)
    for start in range(0, train.shape[0], _USERS_AT_ONCE):
        queries = np.asarray(train[start : start + _USERS_AT_ONCE] @ inputs, np.float32)
        gram += queries.T @ queries
    return float(np.sum(gram * np.asarray(outputs.T @ outputs)))


def content_profile(split: Split, words: KernelWords, factors: Factors, settings: Settings) -> ContentProfile:
    """A profile of weight 1, for a weight to be chosen; without columns where none is asked for or can be told."""
    weight = settings.profile_weight
    if weight == 0 or (weight is None and not choose.has(split, "cold_item")) or not len(words.taught):
        return nothing(len(split.warm_items))
    columns = settings.profile_dim or max(1, factors.dim // 4)
    gamma, weights = settings.kernel_gamma or GAMMA, settings.block_weights or {}
    found = components(words, split.warm_items, gamma, weights, columns)
    return profile_of(split, found, factors, settings.profile_penalty or PENALTY)
