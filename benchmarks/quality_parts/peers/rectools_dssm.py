"""DSSM, as RecTools has it.

Source: Huang et al. 2013, Learning Deep Structured Semantic Models for Web Search using Clickthrough Data, CIKM, in
the form of the package rectools: a network over an item's features alone, a network over a user's features and rows,
and the triplet loss with Euclidean distance. A new item is its features, a new user their rows. RecTools asks for
features of users, too: there are none, so all users have the same one. Departure: training samples are made for the
whole batch at once, by the package's rule: the package makes them one row at a time.

The package asks for an older NumPy than this project does (before Python 3.13) and for an older pandas, and brings a
package of its own under the name `implicit`; so it is not in the extra `peers`, though it runs when installed without
its dependencies. Where it is not installed, the table says so.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from quality_parts.peers.material import Floats, Material
from quality_parts.peers.peer import ContentPeer, Tables, Watch, pytorch, required
from quality_parts.peers.search import peer_system
from tfcold.ranking import Queries

EPOCHS: Final = 400  # one sample a user each
LOOK: Final = 20
PATIENCE: Final = 3


class RecToolsDSSM(ContentPeer):
    """Settings: `factors`, `learning_rate`, `margin`, `batch_size`."""

    def _fit(self, material: Material, watch: Watch) -> None:
        torch = pytorch()
        package = required("rectools.models.nn.dssm", "rectools[torch]")
        torch.manual_seed(self.seed)
        how, rng = self.settings, np.random.default_rng(self.seed)
        self._torch, self._warm = torch, material.warm_rows
        self._content = torch.from_numpy(np.ascontiguousarray(material.content))
        self._model = package.DSSM(
            how["factors"], how["factors"], 1, self._content.shape[1], len(self._warm),
            lr=how["learning_rate"], triplet_loss_margin=how["margin"], log_to_prog_bar=False,
        )  # fmt: skip
        optimizer = self._model.configure_optimizers()
        rows = material.train[:, self._warm].tocsr()
        users = np.flatnonzero(np.diff(rows.indptr))
        best, highest, idle, worth = None, -1.0, 0, watch.epochs or EPOCHS
        for epoch in range(1, worth + 1):
            order = rng.permutation(users)
            for start in range(0, len(order), how["batch_size"]):
                self._step(optimizer, rows[order[start : start + how["batch_size"]]], rng)
            late = watch.late()
            if watch.judge is None or (epoch % LOOK and not late):
                continue
            self.tables = self._tables()
            reached = watch.judge(self)
            if reached > highest:
                highest, idle, how["epochs"] = reached, 0, epoch
                best = {name: one.clone() for name, one in self._model.state_dict().items()}
            else:
                idle += 1
            if idle >= PATIENCE or late:
                break
        if best is not None:
            self._model.load_state_dict(best)
        self.tables = self._tables()

    def _step(self, optimizer: Any, rows: Any, rng: np.random.Generator) -> None:
        """One batch of users [B, W]: a row of theirs against an item drawn from all."""
        torch = self._torch
        counts = np.diff(rows.indptr)
        liked = rows.indices[rows.indptr[:-1] + (rng.random(len(counts)) * counts).astype(int)]
        other = rng.integers(0, len(self._warm), len(counts))
        items = [self._content[torch.from_numpy(self._warm[part].astype(np.int64))] for part in (liked, other)]
        anchor, positive, negative = self._model(*items, *self._inputs(rows))
        loss = torch.nn.functional.triplet_margin_loss(
            anchor, positive, negative, margin=self._model.triplet_loss_margin
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _inputs(self, rows: Any) -> tuple[Any, Any]:
        return self._torch.ones(rows.shape[0], 1), self._torch.from_numpy(rows.toarray().astype(np.float32))

    def _tables(self) -> Tables:
        """Nearer is better: `-|u - v|^2` orders as `u . v - |v|^2 / 2`."""
        with self._torch.no_grad():
            items = self._model.item_net(self._content).numpy()
        return Tables(None, items, -0.5 * (items**2).sum(axis=1))

    def queries(self, queries: Queries) -> Floats:
        with self._torch.no_grad():
            return np.asarray(self._model.user_net(*self._inputs(queries.histories[:, self._warm])).numpy())


SYSTEM: Final = peer_system(
    "RecTools DSSM",
    RecToolsDSSM,
    [
        {"factors": 128, "learning_rate": 0.01, "margin": 0.4, "batch_size": 128},
        {"factors": 128, "learning_rate": 0.001, "margin": 0.4, "batch_size": 128},
        {"factors": 128, "learning_rate": 0.001, "margin": 1.0, "batch_size": 128},
        {"factors": 256, "learning_rate": 0.001, "margin": 0.4, "batch_size": 128},
        {"factors": 64, "learning_rate": 0.003, "margin": 0.2, "batch_size": 128},
    ],
)
