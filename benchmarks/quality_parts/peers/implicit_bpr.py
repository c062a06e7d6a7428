"""Matrix factorisation by pairs, of the package implicit.

Source: Rendle et al. 2009, BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI. Warm items alone. The
package's ALS is the system `iALS`. Departure: new users go by `FoldIn`; the package can fold in for ALS only.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from quality_parts.peers.material import Material
from quality_parts.peers.peer import Peer, Tables, Watch, required
from quality_parts.peers.search import peer_system


class ImplicitBPR(Peer):
    """Settings: `factors`, `learning_rate`, `regularization`, `iterations`."""

    def _fit(self, material: Material, watch: Watch) -> None:
        package = required("implicit.cpu.bpr", "implicit")
        how = {name: value for name, value in self.settings.items() if name != "epochs"}
        model = package.BayesianPersonalizedRanking(**how, random_state=self.seed, num_threads=1)
        warm = material.warm_rows
        model.fit(material.train[:, warm], show_progress=False)
        items = np.zeros((material.num_items, model.item_factors.shape[1]), np.float32)
        items[warm] = model.item_factors
        self.tables = Tables(np.array(model.user_factors, np.float32), items)


SYSTEM: Final = peer_system(
    "implicit BPR",
    ImplicitBPR,
    [
        {"factors": factors, "learning_rate": rate, "regularization": penalty, "iterations": 150}
        for factors in (64, 128)
        for rate in (0.05, 0.1)
        for penalty in (0.01, 0.03)
    ],
)
