"""What words of users say by themselves, and beside EASE: the references of users who are described.

Kernel ridge regression from the vectors of users to their rows of length 1, with the RBF kernel of vectors that are
centred and of length 1, summed over blocks. Beside EASE, words count `weight / (1 + n) ** fade` at n interactions, of
scores that are spread as those of one click. Ours, from parts of textbooks.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quality_parts.peers.material import Material
from quality_parts.peers.peer import Peer, Watch
from quality_parts.peers.search import peer_system, search
from quality_parts.system import Job, System, Unable
from tfcold.baselines import EASE
from tfcold.baselines.kernel import rbf_of_units, ridge_factor, ridge_solution
from tfcold.baselines.vectors import centred_unit
from tfcold.ranking import Queries, Rows, Scorer, Scores

Floats = npt.NDArray[np.float32]

GAMMA: Final = 1.0
MOST: Final = 12_000  # users that teach


class UserWords(Peer):
    """Scores of words alone."""

    def _fit(self, material: Material, watch: Watch) -> None:
        blocks = material.features.users
        if not blocks:
            raise Unable("needs words of users")
        warm = np.diff(material.train.indptr) > 0
        self._units = {name: centred_unit(block, warm) for name, block in blocks.items()}
        self._masks = {name: block.mask for name, block in blocks.items()}
        if not (warm & np.any(list(self._masks.values()), axis=0)).any():
            raise Unable("needs words of users who did something")
        taught = np.flatnonzero(warm & np.any(list(self._masks.values()), axis=0))
        self._taught = np.sort(np.random.default_rng(self.seed).permutation(taught)[:MOST])
        rows = material.train[self._taught]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        self._rows = sp.csr_matrix(sp.diags(1 / lengths) @ rows, dtype=np.float32)
        self._factor = ridge_factor(self._kernel(self._taught), self.settings["penalty"])

    def _kernel(self, users: npt.NDArray[np.integer[Any]]) -> Floats:
        """float32 [B, M] with the users that teach."""
        found = np.zeros((len(users), len(self._taught)), np.float32)
        for name, units in self._units.items():
            mask = self._masks[name].astype(np.float32)
            kernel = rbf_of_units(units[users], units[self._taught], GAMMA)
            found += kernel * mask[users][:, None] * mask[self._taught][None]
        return found

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        rows = queries.user_rows if queries.word_rows is None else queries.word_rows
        weights = ridge_solution(self._factor, self._kernel(rows).T)
        found = np.asarray((self._rows[:, item_rows].T @ weights).T, np.float32)
        found[:, ~self.can_score[item_rows]] = -np.inf
        return found


class EaseAndUserWords(UserWords):
    """Scores of EASE, and of words beside it."""

    def _fit(self, material: Material, watch: Watch) -> None:
        super()._fit(material, watch)
        self._ease = EASE(self.settings["ease"])
        self._ease.fit(material.split, material.features)
        some = material.warm_rows
        drawn = np.random.default_rng(0).choice(some, size=min(500, len(some)), replace=False)
        clicks = sp.csr_matrix(
            (np.ones(len(drawn), np.float32), (np.arange(len(drawn)), drawn)), shape=(len(drawn), material.num_items)
        )
        one_click = self._ease.scores(Queries(np.zeros(len(drawn), np.int32), clicks), some)
        teaching = self._taught[:500].astype(np.int32)
        said = super().scores(Queries(teaching, material.train[teaching]), some)
        self._unit = float(one_click.std() / max(float(said.std()), 1e-9))

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        known = np.diff(queries.histories.indptr)[:, None]
        weight = self.settings["weight"] * self._unit / (1 + known) ** self.settings["fade"]
        said = np.asarray(super().scores(queries, item_rows) * weight, np.float32)
        done = np.where(known > 0, self._ease.scores(queries, item_rows), 0)  # without any, EASE lists what is popular
        return np.asarray(done + said, np.float32)


def _joined(job: Job) -> Scorer:
    """With the penalty of EASE that is best by itself."""
    options = [
        {"ease": job.tuned.ease.penalty, "penalty": 1.0, "weight": weight, "fade": fade}
        for weight, fade in (
            (1.0, 0.5),
            (0.3, 0.0),
            (1.0, 1.0),
            (0.3, 0.5),
            (3.0, 1.0),
            (1.0, 0.0),
            (0.1, 0.0),
            (3.0, 0.5),
        )
    ]
    return search(EaseAndUserWords, options, job)


SYSTEM = peer_system("words of users", UserWords, [{"penalty": penalty} for penalty in (1.0, 3.0, 0.3, 10.0)])
JOINED = System("EASE + words of users", _joined, seeded=True)
