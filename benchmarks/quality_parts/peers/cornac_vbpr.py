"""VBPR over the items' vectors, as Cornac has it.

Source: He, McAuley 2016, VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback, AAAI; the package cornac,
which needs PyTorch for it. Text vectors take the place of the image's. A new item is scored by its vector alone, since
it has no factors; so that it is not a negative in training, Cornac is shown warm items only. Departure: new users go
by `FoldIn`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from quality_parts.peers.material import Material
from quality_parts.peers.peer import ContentPeer, Tables, Watch, pytorch, required
from quality_parts.peers.search import peer_system


class CornacVBPR(ContentPeer):
    """Settings: `factors` of identities, `width` of the vectors' space, `n_epochs`, `learning_rate`, `lambda_e`."""

    def _fit(self, material: Material, watch: Watch) -> None:
        pytorch()
        models, data = required("cornac.models", "cornac"), required("cornac.data", "cornac")
        how, warm, content = self.settings, material.warm_rows, material.content
        column = np.full(material.num_items, -1)
        column[warm] = np.arange(len(warm))
        users, items = material.pairs
        triples = users, column[items], np.ones(len(users))
        ids = {str(row): row for row in range(material.num_users)}, {str(row): row for row in range(len(warm))}
        train = data.Dataset(material.num_users, len(warm), *ids, triples, seed=self.seed)
        train.add_modalities(item_image=data.ImageModality(features=content[warm], ids=list(ids[1])))
        train.item_image.build(id_map=ids[1])
        model = models.VBPR(
            k=how["factors"],
            k2=how["width"],
            n_epochs=how["n_epochs"],
            batch_size=512,
            learning_rate=how["learning_rate"],
            lambda_e=how["lambda_e"],
            verbose=False,
            seed=self.seed,
        )
        model.fit(train)
        read = content @ model.emb_matrix
        own = np.zeros((material.num_items, how["factors"]), np.float32)
        bias = (content @ model.beta_prime).ravel()
        own[warm] = model.gamma_item
        bias[warm] += model.beta_item
        self.tables = Tables(np.hstack([model.gamma_user, model.theta_user]), np.hstack([own, read]), bias)


SYSTEM: Final = peer_system(
    "Cornac VBPR",
    CornacVBPR,
    [
        {"factors": 32, "width": 32, "n_epochs": 30, "learning_rate": 0.002, "lambda_e": 0.01},
        {"factors": 32, "width": 32, "n_epochs": 60, "learning_rate": 0.002, "lambda_e": 0.01},
        {"factors": 32, "width": 32, "n_epochs": 30, "learning_rate": 0.005, "lambda_e": 0.01},
        {"factors": 64, "width": 64, "n_epochs": 30, "learning_rate": 0.002, "lambda_e": 0.01},
        {"factors": 32, "width": 32, "n_epochs": 30, "learning_rate": 0.002, "lambda_e": 1.0},
        {"factors": 10, "width": 50, "n_epochs": 30, "learning_rate": 0.002, "lambda_e": 0.1},
    ],
)
