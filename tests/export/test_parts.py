from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfcold.errors import BundleError
from tfcold.export.parts import Parts


@pytest.mark.parametrize("fusion", ["concat", "gated", "heads", "adapter"])
def test_parts_compute_what_the_model_computes(toys, fusion):
    world = toys.make_world(fusion, normalise=fusion == "gated", user_weights=fusion != "heads")
    model = world.trained.model
    parts = Parts.of_model(model)
    again = Parts.from_config(parts.config(), parts.arrays())
    blocks = {name: one.block(name, world.trained.item_ids) for name, one in world.vectors.items()}
    vectors = {name: tf.constant(block.vectors[1:]) for name, block in blocks.items()}
    masks = {name: tf.constant(block.mask[1:]) for name, block in blocks.items()}
    candidates, histories = model.from_vectors(vectors, masks)
    summed = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    counts = np.array([0, 1, 5], np.float32)
    summed[0] = 0
    query = model.pooled_queries(tf.zeros([3], tf.int32), tf.constant(summed), tf.constant(counts))

    for one in (parts, again):
        found = one.items(blocks)
        np.testing.assert_allclose(found[0], candidates, atol=1e-6)
        np.testing.assert_allclose(found[1], histories, atol=1e-6)
        np.testing.assert_allclose(one.query(tf.constant(summed), tf.constant(counts)), query, atol=1e-6)
    assert np.ptp(np.asarray(query), axis=0).min() > 1e-3  # the three differ


def test_parts_are_copies(world):
    parts = Parts.of_model(world.trained.model)
    theirs = {id(weight) for weight in world.trained.model.weights}

    assert not theirs & {id(weight) for weight in parts.variables}


def test_layer_that_does_not_exist_is_named(world):
    parts = Parts.of_model(world.trained.model)
    config = parts.config()
    config["layers"]["similarity"]["class"] = "os.system"

    with pytest.raises(BundleError, match=r"does not have: 'os\.system'"):
        Parts.from_config(config, parts.arrays())


def test_weights_that_earlier_bundles_lack_are_as_if_never_set_and_others_are_missed(world):
    parts = Parts.of_model(world.trained.model)
    arrays = parts.arrays()
    earlier = {
        key: value
        for key, value in arrays.items()
        if not (
            key.startswith("candidate_fusion/")
            and int(key.rpartition("/")[2]) >= len(parts.candidate_fusion.weights) - 2
        )
    }
    again = Parts.from_config(parts.config(), earlier)
    assert len(arrays) - len(earlier) == 2
    assert (float(again.candidate_fusion.norms.share), float(again.candidate_fusion.norms.norm)) == (0.0, 1.0)

    del earlier["candidate_fusion/0"]
    with pytest.raises(BundleError, match="cannot be rebuilt"):
        Parts.from_config(parts.config(), earlier)
