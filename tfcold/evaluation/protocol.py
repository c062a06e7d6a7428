"""The protocol: full ranking of all candidates, by regime, in blocks of users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from tfcold.errors import InputError
from tfcold.evaluation.candidates import MIXED, candidates_of, checked_regimes, held_out, seen_matrix, targets_of
from tfcold.evaluation.evaluation import Evaluation, RegimeResult
from tfcold.evaluation.metrics import METRICS, coverage, gini, hits_of, novelty
from tfcold.progress import bar
from tfcold.ranking import Queries, Rows, Scorer, Scores, blocks_of, recommend_rows

if TYPE_CHECKING:
    from tfcold.splits.split import Split

Ints = npt.NDArray[np.int64]
Known = tuple[sp.csr_matrix, sp.csr_matrix]  # histories, and what was seen: both [all users, I + 1]

_OF_NEW_USERS: Final = {"warm": ("cold_user",), "cold_item": ("cold_both",), MIXED: ("cold_user", "cold_both")}


def evaluate(
    scorer: Scorer,
    split: Split,
    *,
    part: str = "test",
    regimes: Sequence[str] | None = None,
    k: int | Sequence[int] = 20,
) -> Evaluation:
    """Quality of a scorer's lists on the held-out rows, by regime and user by user.

    Every candidate of a regime is ranked (no sampled negatives) for every user with a target in it. A user without a
    list scores 0, an entry that is no target is a miss.

    | regime | users | candidates |
    |---|---|---|
    | warm | with a warm row in the part | items with a training row |
    | cold_item | with a cold_item row | items with a cold_item row in the part |
    | all | with either | both together: the list a shop would show |
    | cold_user, users_k | new; known by their revealed rows alone | items with a training row |
    | cold_both | new | items with a cold_item or cold_both row in the part |
    | items_k | with a row of the regime | items with a row of the regime |

    What a user did in training, in revealed rows and (for the test) in warm validation rows is never listed. Histories
    are training and revealed rows; users without a training row are asked about as row 0.

    Args:
        scorer: any `tfcold.ranking.Scorer`: a model, a baseline.
        split: what was held out. The scorer must have been fitted on `split.train` alone.
        part: str, default `"test"`. Or `"validation"`, to choose settings by.
        regimes: names, or None (default) for all that have rows.
        k: int or several, default 20. Cut-offs.

    Returns: `Evaluation` with NDCG, Recall, Hit and MRR of every user, and coverage, Gini and novelty of the lists;
        for `all` also the share of cold items in the lists (`cold_share`) beside their share of the targets
        (`cold_target_share`): equal when cold and warm scores are calibrated against each other.

    Raises:
        InputError: `part`, `regimes` or `k` break these rules.
    """
    cuts = _checked_cuts(k)
    names = checked_regimes(split, part, regimes)
    known = _known(split, part)
    results = {name: _evaluate_regime(scorer, split, part, name, cuts, known) for name in names}
    about = {
        "fingerprint": split.fingerprint,
        "protocol": split.protocol,
        "seed": split.seed,
        "parameters": dict(split.parameters),
    }
    return Evaluation(scorer.name, part, cuts, results, about)


def _evaluate_regime(
    scorer: Scorer,
    split: Split,
    part: str,
    regime: str,
    cuts: tuple[int, ...],
    known: Known,
) -> RegimeResult:
    blocks = listed_blocks(scorer, split, regime, part, max(cuts), known=known)
    candidates, targets, users = blocks.candidates, blocks.targets, blocks.users
    num_targets = np.diff(targets.indptr)[users].astype(np.int64)
    metrics = {f"{name}@{k}": np.zeros(len(users)) for name in METRICS for k in cuts}
    counts = {k: np.zeros(targets.shape[1], np.int64) for k in cuts}

    for block, listed, _ in blocks:
        hits = hits_of(listed, targets[users[block]])
        for k in cuts:
            for name, metric in METRICS.items():
                metrics[f"{name}@{k}"][block] = metric(hits, num_targets[block], k)
            counts[k] += np.bincount(listed[:, :k].reshape(-1), minlength=targets.shape[1])

    lists = _list_measures(split, regime, candidates, counts, targets)
    return RegimeResult(regime, split.dataset.user_ids.ids_of(users), num_targets, metrics, lists, len(candidates))


def lists_of(
    scorer: Scorer, split: Split, regime: str, *, part: str = "test", k: int = 20, new_users: bool = False
) -> pd.DataFrame:
    """The lists that `evaluate` judges, for another program to judge.

    Args:
        scorer, split, part: as in `evaluate`.
        regime: str. One that has rows.
        k: int, at least 1, default 20. The longest a list may be.
        new_users: bool, default False. Of warm and cold items and of both, also the lists of users without a training
            row who have a row of these items in the part; `evaluate` judges them in regimes of their own.

    Returns: a frame `user_id, item_id, rank, score`, one row an entry, rank 1 the best; by user and rank.

    Raises:
        InputError: `part`, `regime` or `k` break these rules.
    """
    (k,) = _checked_cuts(k)
    (regime,) = checked_regimes(split, part, [regime])
    blocks = listed_blocks(scorer, split, regime, part, k, new_users=new_users)
    frames = []
    for block, listed, scores in blocks:
        owner, place = np.nonzero(listed)
        frames.append(
            pd.DataFrame(
                {
                    "user_id": split.dataset.user_ids.ids_of(blocks.users[block][owner]),
                    "item_id": split.dataset.item_ids.ids_of(listed[owner, place]),
                    "rank": place + 1,
                    "score": scores[owner, place],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class ListedBlocks:
    """The lists of a regime, block by block of its users: where the block stands, item rows [B, K], scores [B, K].

    Args:
        scorer, split: as in `evaluate`.
        users: int32 [U]. User rows with a target, rising.
        candidates: int32 [N]. Item rows that may be listed.
        targets: CSR [all users, I + 1]. What is to be found.
        histories, seen: CSR [all users, I + 1]. What is asked with, and what is never listed.
        k: int. The longest a list may be.
        title: str. Of the progress bar.
    """

    scorer: Scorer
    split: Split
    users: Rows
    candidates: Rows
    targets: sp.csr_matrix
    histories: sp.csr_matrix
    seen: sp.csr_matrix
    k: int
    title: str

    def __iter__(self) -> Iterator[tuple[slice, Rows, Scores]]:
        user_rows = np.where(self.split.warm_users[self.users], self.users, 0).astype(np.int32)
        with bar(len(self.users), title=self.title, unit="user") as progress:
            for block in blocks_of(len(self.users), len(self.candidates)):
                asked = self.users[block]
                queries = Queries(user_rows[block], self.histories[asked], asked)
                listed, scores = recommend_rows(self.scorer, queries, self.candidates, self.k, exclude=self.seen[asked])
                yield block, listed, scores
                progress.update(len(asked))


def listed_blocks(
    scorer: Scorer, split: Split, regime: str, part: str, k: int, *, new_users: bool = False, known: Known | None = None
) -> ListedBlocks:
    """The lists of one regime that has rows; `new_users` as in `lists_of`, `known` where several regimes share it."""
    rows = [targets_of(split, part, regime)]
    if new_users:
        rows += [held_out(split, part).get(one, rows[0][:0]) for one in _OF_NEW_USERS.get(regime, ())]
    targets = split.dataset.matrix(np.concatenate(rows))
    histories, seen = known or _known(split, part)
    return ListedBlocks(
        scorer=scorer,
        split=split,
        users=np.flatnonzero(np.diff(targets.indptr)).astype(np.int32),
        candidates=candidates_of(split, part, regime),
        targets=targets,
        histories=histories,
        seen=seen,
        k=k,
        title=f"{scorer.name}, {regime}",
    )


def _known(split: Split, part: str) -> Known:
    """What users are asked about with, and what is never listed."""
    histories = split.history_matrix()
    return histories, seen_matrix(split, part, histories)


def _list_measures(
    split: Split, regime: str, candidates: Rows, counts: Mapping[int, Ints], targets: sp.csr_matrix
) -> dict[str, float]:
    """Coverage and its kin at every cut-off `k`, where `counts[k]` int64 [I + 1] says how often each item is listed."""
    train_rows = split.item_counts[candidates]
    num_users = int(split.warm_users.sum())
    is_cold = ~split.warm_items
    measures = {}
    for k, of_all in counts.items():
        listed = of_all[candidates]
        measures[f"coverage@{k}"] = coverage(listed)
        measures[f"gini@{k}"] = gini(listed)
        measures[f"novelty@{k}"] = novelty(listed, train_rows, num_users)
        if regime == MIXED:
            measures[f"cold_share@{k}"] = float(listed[is_cold[candidates]].sum() / max(1, listed.sum()))
            measures[f"cold_target_share@{k}"] = float(is_cold[targets.indices].mean())
    return measures


def _checked_cuts(k: int | Sequence[int]) -> tuple[int, ...]:
    cuts = tuple(k) if isinstance(k, Iterable) else (k,)
    if not cuts or not all(isinstance(cut, (int, np.integer)) and cut >= 1 for cut in cuts):
        raise InputError(f"`k` must be one whole number of at least 1, or several; received {k!r}. Pass 20")
    return tuple(sorted({int(cut) for cut in cuts}))
