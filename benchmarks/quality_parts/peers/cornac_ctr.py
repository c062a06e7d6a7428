"""Collaborative topic regression, as Cornac has it.

Source: Wang, Blei 2011, Collaborative Topic Modeling for Recommending Scientific Articles, KDD; the package cornac,
whose updates are used here. Items are drawn to the topics of their words. A new item is the topics of its words
(out-of-matrix prediction). Cornac has no call for an item or a user that training did not see, so both are done here:
topics of a new item by the same multinomial updates with the word distributions fixed, a new user by the user's
update of the factorisation. Words are single, in lower case, at most 8,000 of them, without English stop words.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import ContentPeer, Tables, Watch, required
from quality_parts.peers.search import peer_system
from quality_parts.system import Unable
from tfcold.ranking import Queries

MAX_WORDS: Final = 8000
EPOCHS: Final = 30
LOOK: Final = 3
PATIENCE: Final = 2


class CornacCTR(ContentPeer):
    """Settings: `factors`, `lambda_u`, `lambda_v`, `b` (confidence of a cell without a row; 1 with one)."""

    def _scorable(self, material: Material) -> Any:
        self.bags = _bags(material.words())
        return material.warm_items | (np.diff(self.bags.indptr) > 0)

    def _fit(self, material: Material, watch: Watch) -> None:
        package = required("cornac.models.ctr.ctr", "cornac")
        how, warm = self.settings, material.warm_rows
        rng = np.random.default_rng(self.seed)
        train = material.train[:, warm]
        width = how["factors"]
        model = package.Model(
            U=0.1 * rng.standard_normal((material.num_users, width)),
            V=0.1 * rng.standard_normal((len(warm), width)),
            n_user=material.num_users,
            n_item=len(warm),
            n_vocab=self.bags.shape[1],
            k=width,
            lambda_u=how["lambda_u"],
            lambda_v=how["lambda_v"],
            b=how["b"],
            seed=self.seed,
        )
        users, items, bags = _lists(train), _lists(train.T.tocsr()), _lists(self.bags[warm])
        best, highest, idle, worth = None, -1.0, 0, watch.epochs or EPOCHS
        for epoch in range(1, worth + 1):
            with np.errstate(all="ignore"):
                model.update_cf(user_data=users, item_data=items)
                model.update_theta(doc_ids=bags[0], doc_cnt=bags[1])
                model.update_beta()
            late = watch.late()
            if watch.judge is None or (epoch % LOOK and not late):
                continue
            self.tables = self._tables(model, material)
            reached = watch.judge(self)
            if reached > highest:
                best, highest, idle, how["epochs"] = self.tables, reached, 0, epoch
            else:
                idle += 1
            if idle >= PATIENCE or late:
                break
        self.tables = self._tables(model, material) if best is None else best

    def _tables(self, model: Any, material: Material) -> Tables:
        items = np.zeros((material.num_items, model.k), np.float32)
        new = np.flatnonzero(self.can_score & ~material.warm_items)
        items[new] = _topics(self.bags[new], model.beta)
        items[material.warm_rows] = model.V
        return Tables(np.array(model.U, np.float32), items)

    def queries(self, queries: Queries) -> Floats:
        vectors = self.tables.users[queries.user_rows]
        how, items = self.settings, self.tables.items[self.material.warm_rows]
        gram = how["b"] * items.T @ items + how["lambda_u"] * np.eye(items.shape[1])
        for place in np.flatnonzero(queries.user_rows == 0):
            known = self.tables.items[queries.histories[place].indices]
            vectors[place] = np.linalg.solve(gram + (1 - how["b"]) * known.T @ known, known.sum(axis=0))
        return vectors


def _bags(texts: list[str]) -> sp.csr_matrix:
    """Counts of words [I + 1, W]."""
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        return CountVectorizer(max_features=MAX_WORDS, stop_words="english").fit_transform(texts).tocsr()
    except ValueError as error:
        raise Unable(f"needs words of items: {error}") from error


def _lists(matrix: sp.csr_matrix) -> tuple[list[Any], list[Any]]:
    """Columns and values of each row, as Cornac's updates want them."""
    ends = matrix.indptr[1:-1]
    return np.split(matrix.indices, ends), np.split(matrix.data, ends)


def _topics(bags: sp.csr_matrix, words: Any, rounds: int = 30) -> Floats:
    """Topics [N, k] of bags of words, each summing to 1, with the word distributions [W, k] fixed."""
    topics = np.full((bags.shape[0], words.shape[1]), 1 / words.shape[1])
    cells = bags.tocoo()
    for _ in range(rounds):
        shares = topics[cells.row] * words[cells.col] + 1e-100
        shares *= (cells.data / shares.sum(axis=1))[:, None]
        topics = np.zeros_like(topics)
        np.add.at(topics, cells.row, shares)
        topics /= np.maximum(topics.sum(axis=1, keepdims=True), 1e-12)
    return topics.astype(np.float32)


SYSTEM: Final = peer_system(
    "Cornac CTR",
    CornacCTR,
    [
        {"factors": 50, "lambda_u": 0.1, "lambda_v": 10.0, "b": 0.01},
        {"factors": 50, "lambda_u": 0.1, "lambda_v": 1.0, "b": 0.01},
        {"factors": 50, "lambda_u": 0.1, "lambda_v": 100.0, "b": 0.01},
        {"factors": 50, "lambda_u": 0.1, "lambda_v": 10.0, "b": 0.1},
        {"factors": 100, "lambda_u": 0.1, "lambda_v": 10.0, "b": 0.01},
        {"factors": 100, "lambda_u": 1.0, "lambda_v": 10.0, "b": 0.05},
    ],
)
