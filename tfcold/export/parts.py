"""The small layers that serve what training never saw: new histories, new sentences, new items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfcold._keras import keras
from tfcold.blocks import VectorBlock
from tfcold.errors import BundleError
from tfcold.layers import FadingWords, Fusion, HistoryShrinkage, SimilarUsers, WeightedDot
from tfcold.models import PopularityPrior, TwoTower
from tfcold.registration import REGISTRY
from tfcold.towers import BlockEncoder
from tfcold.towers.user_tower import HISTORY

Floats = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[Any]]

_PASS: Final = 4096
_ENCODER: Final = "item_block/"
_USER_ENCODER: Final = "user_block/"
_LATER: Final = {"tfcold.layers.ConcatFusion": 2}  # last weights that bundles of 0.1.0 may lack: they stay initial

Sums = tuple[tf.Tensor, tf.Tensor]  # of history vectors [B, D], and their number [B]
Words = Mapping[str, tuple[tf.Tensor, tf.Tensor]]  # raw vectors [B, T] and masks bool [B] by block of users


@dataclass(frozen=True)
class Parts:
    """What a trained model needs beside its tables, rebuilt in float32 and free of embedding tables.

    Args:
        encoders: mapping of item block to its `BlockEncoder`, in order.
        user_encoders: the same of user blocks; empty in bundles of earlier versions.
        candidate_fusion, history_fusion, user_fusion: as trained.
        shrinkage: `HistoryShrinkage` of pooled histories.
        similar: `SimilarUsers` of them.
        fading: `FadingWords` of users' own words.
        similarity: `WeightedDot`.
        prior: `PopularityPrior` of no items: its weights by length of history, and what it says of new items.
        pooling_alpha: float. Of the pooled history.
    """

    encoders: Mapping[str, BlockEncoder]
    user_encoders: Mapping[str, BlockEncoder]
    candidate_fusion: Fusion
    history_fusion: Fusion
    user_fusion: Fusion
    shrinkage: HistoryShrinkage
    similar: SimilarUsers
    fading: FadingWords
    similarity: WeightedDot
    prior: PopularityPrior
    pooling_alpha: float

    # -- maths, the same as in `TwoTower` ------------------------------------------------------------------------

    @property
    def dim(self) -> int:
        """D."""
        return int(self.user_fusion.dim)

    def query(
        self, summed: tf.Tensor, counts: tf.Tensor, words: Words | None = None, *, said: Sums | None = None
    ) -> tf.Tensor:
        """Query vectors [B, D + 1] of newcomers, from the sum [B, D] and the number [B] of what they did.

        With `words`, from their own as well. With `said`, from sums and numbers of sentences as well; these are not
        compared with what others did.
        """
        done = self._pooled(summed, counts)
        all_counts, everything = counts, done
        if said is not None:
            all_counts = counts + said[1]
            everything = self._pooled(summed + said[0], all_counts)
        shrunk = self.shrinkage(everything, all_counts)
        history = tf.where(counts[:, None] > 0, self.similar(shrunk, done, counts), shrunk)
        return self._of_history(history, all_counts, words)

    def known_query(self, summed: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        """The same [B, D + 1] of what the history of training users says, their ID left out."""
        return self._of_history(self._pooled(summed, counts), counts)

    def _pooled(self, summed: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        return summed / tf.pow(tf.maximum(counts, 1.0), self.pooling_alpha)[:, None]

    def _of_history(self, history: tf.Tensor, counts: tf.Tensor, words: Words | None = None) -> tf.Tensor:
        num = tf.shape(history)[0]
        blocks, masks = self._absent(self.user_fusion.block_dims, num)
        for name, (vectors, mask) in (words or {}).items():
            blocks[name], masks[name] = self.fading(self._user_features(name, vectors, mask), counts), mask
        blocks[HISTORY] = history
        masks[HISTORY] = counts > 0
        query = self._cold(self.user_fusion, blocks, masks, num)
        return tf.concat([self.similarity.fold(query), self.prior.weight(counts)[:, None]], axis=1)

    def _user_features(self, name: str, vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Features [B, F] of a user block; in passes, as a kernel takes [B, landmarks]."""
        encoder, starts = self.user_encoders[name], range(0, max(1, len(vectors)), _PASS)
        parts = [encoder(vectors[start : start + _PASS], mask[start : start + _PASS]) for start in starts]
        return tf.concat(parts, axis=0)

    def candidate(self, features: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Candidate vectors [N, D + 1] of items known by encoded features alone."""
        num = tf.shape(next(iter(features.values())))[0]
        unit = self.similarity.unit(self._cold(self.candidate_fusion, features, masks, num))
        return tf.concat([unit, self.prior.cold(unit)[:, None]], axis=1)

    def history(self, features: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """History vectors [N, D] of items known by encoded features alone."""
        return self._cold(self.history_fusion, features, masks, tf.shape(next(iter(features.values())))[0])

    def sentence(self, vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """History vectors [B, D] of sentences: items of which only the first block [B, T] is known."""
        return self.history(*self._first_alone(vectors, mask))

    def newcomer(self, vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Candidate vectors [B, D + 1] of items of which only the first block [B, T] is known."""
        return self.candidate(*self._first_alone(vectors, mask))

    def _first_alone(self, vectors: tf.Tensor, mask: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        features, masks = self._absent(
            {name: encoder.feature_width for name, encoder in self.encoders.items()}, tf.shape(vectors)[0]
        )
        first = next(iter(self.encoders))
        features[first], masks[first] = self.encoders[first](vectors, mask), mask
        return features, masks

    def items(self, blocks: Mapping[str, VectorBlock]) -> tuple[Floats, Floats]:
        """Candidate [N, D + 1] and history [N, D] vectors of rows 1..N of raw blocks, one block for each encoder."""
        num = len(next(iter(blocks.values())).mask)
        candidates, histories = [], []
        for start in range(1, num, _PASS):
            part = slice(start, start + _PASS)
            masks = {name: tf.constant(blocks[name].mask[part]) for name in self.encoders}
            raw = {name: tf.constant(blocks[name].vectors[part]) for name in self.encoders}
            features, masks = self.encoded(raw, masks)
            candidates.append(self.candidate(features, masks).numpy())
            histories.append(self.history(features, masks).numpy())
        return np.concatenate(candidates), np.concatenate(histories)

    def encoded(
        self, vectors: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """What the fusions are fed, of raw vectors [N, T] and masks bool [N] of every block."""
        features = {name: encoder(vectors[name], masks[name]) for name, encoder in self.encoders.items()}
        return features, dict(masks)

    def fused(
        self, features: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor], ids: tf.Tensor, is_cold: tf.Tensor
    ) -> tf.Tensor:
        """Candidate vectors [N, D], without the prior, of ID embeddings [N, D] and what `encoded` gives."""
        fused = self.candidate_fusion(ids, blocks=features, block_masks=masks, is_cold=is_cold, training=False)
        return self.similarity.unit(fused)

    def _cold(
        self, fusion: Fusion, blocks: Mapping[str, tf.Tensor], masks: Mapping[str, tf.Tensor], num: tf.Tensor
    ) -> tf.Tensor:
        nothing = tf.zeros([num, fusion.id_dim])
        return fusion(nothing, blocks=blocks, block_masks=masks, is_cold=tf.fill([num], True), training=False)

    def _absent(self, widths: Mapping[str, int], num: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        blocks = {name: tf.zeros([num, width]) for name, width in widths.items()}
        return blocks, {name: tf.fill([num], False) for name in widths}

    # -- in and out ----------------------------------------------------------------------------------------------

    @property
    def layers(self) -> dict[str, keras.layers.Layer]:
        """Every layer by its name in the bundle."""
        named = {f"{_ENCODER}{name}": encoder for name, encoder in self.encoders.items()}
        named |= {f"{_USER_ENCODER}{name}": encoder for name, encoder in self.user_encoders.items()}
        fusions = ("candidate_fusion", "history_fusion", "user_fusion")
        others = ("shrinkage", "similar", "fading", "similarity", "prior")
        return named | {name: getattr(self, name) for name in (*fusions, *others)}

    @property
    def variables(self) -> list[tf.Variable]:
        """Every weight."""
        return [weight for layer in self.layers.values() for weight in layer.weights]

    def config(self) -> dict[str, Any]:
        """How to rebuild the layers, fit for JSON."""
        layers = {name: _config_of(layer, self.dim) for name, layer in self.layers.items()}
        return {"layers": layers, "pooling_alpha": self.pooling_alpha}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The weights by `<layer>/<place>`, fit for an npz file."""
        return {
            f"{name}/{place}": value
            for name, layer in self.layers.items()
            for place, value in enumerate(layer.get_weights())
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], arrays: Arrays) -> Parts:
        """The parts that `config` and `arrays` describe.

        Raises:
            BundleError: a layer that tfcold does not have, or weights that do not fit.
        """
        policy = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy("float32")
        try:
            built = {name: _layer_of(name, one, arrays) for name, one in config["layers"].items()}
            items, users = (
                {name.removeprefix(prefix): built.pop(name) for name in list(built) if name.startswith(prefix)}
                for prefix in (_ENCODER, _USER_ENCODER)
            )
            built.setdefault("similar", SimilarUsers(built["user_fusion"].dim))  # bundles of 0.1.0 have none
            built.setdefault("fading", FadingWords())
            alpha = float(config["pooling_alpha"])
            return cls(encoders=items, user_encoders=users, pooling_alpha=alpha, **built)
        except BundleError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"`parts` of the bundle cannot be rebuilt: {error}") from error
        finally:
            keras.mixed_precision.set_global_policy(policy)

    @classmethod
    def of_model(cls, model: TwoTower) -> Parts:
        """Copies of the parts of a trained model."""
        prior = PopularityPrior(num_items=0, floor=model.prior.floor, dim=model.dim, dtype="float32")
        prior.set_weights_of(float(model.prior.strength.numpy()), float(model.prior.decay.numpy()))
        prior.set_direction(model.prior.direction)
        original = cls(
            encoders=dict(model.item_features.encoders),
            user_encoders=dict(model.user_features.encoders),
            candidate_fusion=model.candidate_tower.fusion,
            history_fusion=model.history_tower.fusion,
            user_fusion=model.user_tower.fusion,
            shrinkage=model.user_tower.shrinkage,
            similar=_used(model.user_tower.similar),
            fading=model.user_tower.fading,
            similarity=model.similarity,
            prior=prior,
            pooling_alpha=float(model.pooling_alpha),
        )
        return cls.from_config(original.config(), original.arrays())


def _used(similar: SimilarUsers) -> SimilarUsers:
    """The layer, or one without landmarks where these count for nothing."""
    return similar if float(similar.strength.numpy()) else SimilarUsers(similar.dim, dtype="float32")


def _config_of(layer: keras.layers.Layer, dim: int) -> dict[str, Any]:
    name = next((name for name, cls in REGISTRY.items() if cls is type(layer)), None)
    if name is None:
        raise BundleError(
            f"`{type(layer).__name__}` must be registered to travel in a bundle. "
            'Decorate the class with `@tfcold.registration.export("your.module.ClassName")`'
        )
    config = {**layer.get_config(), "dtype": "float32"}
    width = layer.id_dim if isinstance(layer, Fusion) else layer.width if isinstance(layer, BlockEncoder) else dim
    return {"class": name, "config": config, "input_width": int(width)}


def _layer_of(name: str, content: Mapping[str, Any], arrays: Arrays) -> keras.layers.Layer:
    if content["class"] not in REGISTRY:
        raise BundleError(f"`parts` of the bundle names a layer that this tfcold does not have: {content['class']!r}")
    layer = REGISTRY[content["class"]].from_config(dict(content["config"]))  # type: ignore[attr-defined]
    if not layer.built:
        layer.build([None, int(content["input_width"])])
    initial = layer.get_weights()
    there = len(initial) - _LATER.get(content["class"], 0)
    named = {place: f"{name}/{place}" for place in range(len(initial))}
    layer.set_weights(
        [arrays[key] if place < there or key in arrays else initial[place] for place, key in named.items()]
    )
    return layer
