"""LightFM, WARP, with identities and the principal components of the items' vectors.

Source: Kula 2015, Metadata Embeddings for User and Item Cold-start Recommendations, arXiv:1507.08439; the package
lightfm-next. A new item is its features alone, as there. Departures: features are real numbers (LightFM allows it);
new users go by `FoldIn`, since LightFM has no way to place one without features.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from quality_parts.peers.material import Material
from quality_parts.peers.peer import ContentPeer, Tables, Watch, required
from quality_parts.peers.search import peer_system

EPOCHS: Final = 40
LOOK: Final = 4
PATIENCE: Final = 2


class LightFM(ContentPeer):
    """Settings: `factors`, `width` of the components, their `scale`, `learning_rate`, `item_alpha` (L2).

    An identity is a feature of 1; the components of an item have, times `scale`, a mean length of 1.
    """

    def _scorable(self, material: Material) -> Any:
        return super()._scorable(material) if material.features.items else material.warm_items

    def _fit(self, material: Material, watch: Watch) -> None:
        package = required("lightfm", "lightfm-next")
        how = self.settings
        features = self._features(material)
        model = package.LightFM(
            no_components=how["factors"],
            loss="warp",
            learning_rate=how["learning_rate"],
            item_alpha=how["item_alpha"],
            max_sampled=10,
            random_state=self.seed,
        )
        rows = material.train.tocoo()
        best, highest, idle, worth = None, -1.0, 0, watch.epochs or EPOCHS
        for epoch in range(LOOK, worth + 1, LOOK):
            model.fit_partial(rows, item_features=features, epochs=LOOK, num_threads=1)
            self.tables = self._tables(model, features, material)
            if watch.judge is None:
                continue
            reached = watch.judge(self)
            if reached > highest:
                best, highest, idle, how["epochs"] = self.tables, reached, 0, epoch
            else:
                idle += 1
            if idle >= PATIENCE or watch.late():
                break
        if best is not None:
            self.tables = best

    def _features(self, material: Material) -> sp.csr_matrix:
        """[I + 1, W + C]: an identity for each warm item, and the components of each with vectors."""
        warm = material.warm_rows
        ones = np.ones(len(warm), np.float32)
        identity = sp.csr_matrix((ones, (warm, np.arange(len(warm)))), (material.num_items, len(warm)))
        if not material.features.items:
            return identity
        components = self.settings["scale"] * material.components(self.settings["width"])
        return sp.hstack([identity, sp.csr_matrix(components)], format="csr", dtype=np.float32)

    def _tables(self, model: Any, features: sp.csr_matrix, material: Material) -> Tables:
        bias, items = model.get_item_representations(features)
        _, users = model.get_user_representations()
        return Tables(np.array(users, np.float32), np.asarray(items, np.float32), np.asarray(bias, np.float32))


SYSTEM: Final = peer_system(
    "LightFM",
    LightFM,
    [
        {"factors": 64, "width": 32, "scale": 1.0, "learning_rate": 0.05, "item_alpha": 0.0},
        {"factors": 64, "width": 64, "scale": 1.0, "learning_rate": 0.05, "item_alpha": 1e-6},
        {"factors": 64, "width": 32, "scale": 3.0, "learning_rate": 0.05, "item_alpha": 0.0},
        {"factors": 128, "width": 64, "scale": 1.0, "learning_rate": 0.05, "item_alpha": 0.0},
        {"factors": 64, "width": 32, "scale": 0.3, "learning_rate": 0.05, "item_alpha": 0.0},
        {"factors": 64, "width": 32, "scale": 1.0, "learning_rate": 0.02, "item_alpha": 0.0},
    ],
)
