"""A score is the sum of its parts, whatever the model; and each part is what it says."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.errors import InputError
from tfcold.export import export
from tfcold.serving.explanation import VIEWS

WORLDS = {
    "toy": {},
    "plain": {"user_weights": False},
    "mlp": {"fusion_options": {"hidden_units": (4,)}, "user_weights": False, "pooling_alpha": 0.0},
    "gated": {"fusion": "gated", "normalise": True},
}


@pytest.fixture(scope="module")
def opens(toys, tmp_path_factory):
    """Function of a name in `WORLDS`, gives the world and its bundle, opened; each is made once."""

    @functools.cache
    def made(name):
        world = toys.make_world(**WORLDS[name])
        folder = tmp_path_factory.mktemp("bundles") / name
        export(world.trained, folder, items=world.items, features=world.features, encoders={"lexical": world.lexical})
        return world, tfcold.load(folder)

    return made


@pytest.fixture(scope="module", params=list(WORLDS))
def opened(request, opens):
    return opens(request.param)


def values(frame):
    return dict(zip(frame["name"], frame["value"], strict=True))


def test_every_view_sums_to_the_score(opened):
    _, recommender = opened
    lists = recommender.recommend(recommender.user_ids[:4], k=40)

    for user, item, score in zip(lists["user_id"], lists["item_id"], lists["score"], strict=True):
        explanation = recommender.explain(user, item)
        assert explanation.score == pytest.approx(score, rel=1e-5, abs=1e-6)
        for view in VIEWS:
            assert sum(row["value"] for row in explanation.to_dict()[view]) == pytest.approx(
                explanation.score, rel=1e-9, abs=1e-9
            )


def test_pieces_of_an_item_are_shapley_values(opened):
    """Worked out by hand for an item of both blocks: over the six orders of ID and two blocks."""
    import itertools

    import tensorflow as tf

    world, recommender = opened
    model = world.trained.model
    row = int(world.trained.item_ids.rows(["i1"])[0])
    query = recommender._now.queries.take(np.array([1]))[0, :-1].astype(float)

    def worth(players):
        blocks = world.features.items
        raw = {name: tf.constant(block.vectors[[row]]) for name, block in blocks.items()}
        masks = {name: tf.constant([name in players]) for name in blocks}
        features, masks = model.item_features.encode(raw, masks)
        one = model.candidate_tower.embedding(tf.constant([row])) * (1.0 if "id" in players else 0.0)
        fused = model.candidate_tower.fusion(one, features, masks, tf.constant([False]), training=False)
        return float(model.similarity.unit(fused).numpy()[0] @ query)

    expected = dict.fromkeys(["id", "text", "lexical"], 0.0)
    for order in itertools.permutations(expected):
        for place, name in enumerate(order):
            expected[name] += (worth(order[: place + 1]) - worth(order[:place])) / 6
    found = values(recommender.explain(recommender.user_ids[0], "i1").by_item)

    for name, value in expected.items():
        key = name if name == "id" else f"block:{name}"
        assert found.get(key, 0.0) == pytest.approx(value, rel=1e-3, abs=2e-5)


def test_history_is_what_a_newcomer_would_get(opened):
    _, recommender = opened
    done = ["i2", "i5", "i9"]
    explanation = recommender.explain("somebody", "i1", history=done)
    listed = recommender.recommend_from_history({"somebody": done}, k=40).set_index("item_id")["score"]

    assert explanation.score == pytest.approx(float(listed["i1"]), rel=1e-5, abs=1e-6)
    named = {name for name in explanation.by_history["name"] if name.startswith("history:")}
    assert named == {f"history:{item}" for item in done}


def test_plain_history_has_no_rest(opens):
    _, recommender = opens("plain")

    assert "history" not in set(recommender.explain(recommender.user_ids[0], "i1").by_history["name"])


def test_cold_item_has_no_id(opened, toys):
    _, recommender = opened
    found = values(recommender.explain(recommender.user_ids[0], toys.COLD).by_item)

    assert "id" not in found
    assert {"block:text", "block:lexical"} <= set(found)


def test_bundle_without_split_says_item(world, bare):
    found = bare.explain(world.trained.user_ids.ids[0], "i1").by_item

    assert set(found["name"]) == {"item", "prior"}


def test_added_items_can_be_explained(toys, world, bundle, tmp_path):
    from tfcold.export import add_items

    row = world.items[world.items["item_id"] == toys.COLD].assign(item_id="new")
    one = world.vectors["text"]
    at = list(one.ids).index(toys.COLD)
    vectors = {"text": type(one)(np.array(["new"], object), one.vectors[[at]], one.provenance)}
    add_items(bundle, row, vectors, tmp_path / "b")
    explanation = tfcold.load(tmp_path / "b").explain(world.trained.user_ids.ids[0], "new")

    assert set(explanation.by_item["name"]) == {
        "block:text",
        "base",
        "prior",
    }  # base: the toy's random prior of unknown rows


def test_lists_as_a_frame(opened):
    _, recommender = opened
    lists = recommender.recommend(recommender.user_ids[:2], k=3)
    frame = recommender.explain_lists(lists, view="by_item")

    assert list(frame.columns) == ["user_id", "item_id", "score", "name", "value"]
    summed = frame.groupby(["user_id", "item_id"])["value"].sum()
    for user, item, score in zip(lists["user_id"], lists["item_id"], lists["score"], strict=True):
        assert summed[user, item] == pytest.approx(score, rel=1e-5, abs=1e-6)
    assert len(recommender.explain_lists(lists.iloc[:0])) == 0


def test_mistakes(opened, toys):
    _, recommender = opened
    with pytest.raises(InputError, match="`item`"):
        recommender.explain(recommender.user_ids[0], toys.UNKNOWN)
    with pytest.raises(InputError, match="`item`"):
        recommender.explain(recommender.user_ids[0], "nothing")
    with pytest.raises(InputError, match="`user`"):
        recommender.explain("nobody", "i1")
    with pytest.raises(InputError, match="`view`"):
        recommender.explain_lists(pd.DataFrame({"user_id": [], "item_id": []}), view="other")
