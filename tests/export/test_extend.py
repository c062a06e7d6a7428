from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tfcold.errors import BundleError, EncoderMismatchError, InputError
from tfcold.export import add_items, export
from tfcold.manifest import read_manifest
from tfcold.serving import Recommender
from tfcold.text.vectors import TextVectors


@pytest.fixture(scope="module")
def earlier(world, toys, tmp_path_factory):
    """A bundle from before the last item came."""
    folder = tmp_path_factory.mktemp("earlier") / "shop"
    items = world.items[world.items["item_id"] != toys.LAST]
    export(toys.without_last_item(world.trained), folder, items=items, encoders={"lexical": world.lexical})
    return folder


def new(ids):
    return pd.DataFrame({"item_id": ids, "title": [f"Title of {name}" for name in ids]})


def picked(vectors, names, ids=None):
    """Vectors of these items, by block, under other ids if given."""
    found = {}
    for block, one in vectors.items():
        at = [one.ids.tolist().index(name) for name in names]
        found[block] = TextVectors(np.array(ids or names, object), one.vectors[at], one.provenance)
    return found


def test_item_added_later_is_the_item_that_was_always_there(world, toys, bundle, earlier, tmp_path):
    out = add_items(earlier, new([toys.LAST]), picked(world.vectors, [toys.LAST]), tmp_path / "grown")
    always, later = Recommender(bundle), Recommender(out)
    users = [*world.trained.user_ids.ids, "nobody"]
    pairs = pd.DataFrame({"user_id": users, "item_id": toys.LAST})

    np.testing.assert_allclose(always.score(pairs)["score"], later.score(pairs)["score"], atol=1e-5)
    assert np.ptp(later.score(pairs)["score"]) > 0.1  # and it says something
    lists = [model.recommend(users, k=30) for model in (always, later)]
    assert lists[0]["item_id"].tolist() == lists[1]["item_id"].tolist()
    np.testing.assert_allclose(lists[0]["score"], lists[1]["score"], atol=1e-5)
    histories = {"a": [toys.LAST], "b": [toys.LAST, "i3"]}
    told = [model.recommend_from_history(histories, k=5) for model in (always, later)]
    assert told[0]["item_id"].tolist() == told[1]["item_id"].tolist()
    np.testing.assert_allclose(told[0]["score"], told[1]["score"], atol=1e-5)


def test_next_version_stands_beside_the_old_one(world, toys, earlier):
    before = sorted(path.name for path in earlier.iterdir())
    out = add_items(earlier, new(["x", "y"]), picked(world.vectors, [toys.LAST], ["x"]))
    manifest, model = read_manifest(out), Recommender(earlier)

    assert before == ["1"]
    assert sorted(path.name for path in earlier.iterdir()) == ["1", "2"]
    assert (manifest.sizes["items"], manifest.sizes["cold_items"], manifest.sizes["unknown_items"]) == (31, 2, 2)
    assert [record["items"] for record in manifest.added] == [2]
    assert model.titles(["x", "i3"])["title"].tolist() == ["Title of x", world.items.set_index("item_id").title["i3"]]
    listed = set(model.recommend(["nobody"], k=99)["item_id"])
    assert "x" in listed
    assert "y" not in listed  # it has no vector
    again = add_items(earlier, new(["z"]), picked(world.vectors, [toys.LAST], ["z"]))
    assert [record["items"] for record in read_manifest(again).added] == [2, 1]
    assert tf.saved_model.load(str(again)).signatures["score"](
        user_id=tf.constant(["u0", "u0"]), item_id=tf.constant(["x", "z"])
    )["score"].numpy().tolist() == pytest.approx(
        [Recommender(again).score(pd.DataFrame({"user_id": ["u0"], "item_id": ["x"]}))["score"][0]] * 2, abs=1e-6
    )


def test_what_cannot_be_added_is_named_and_nothing_is_written(world, toys, bundle, tmp_path):
    vectors = picked(world.vectors, [toys.LAST], ["x"])
    other = TextVectors(np.array(["x"], object), vectors["lexical"].vectors, {"encoder_fingerprint": "f" * 64})
    narrow = TextVectors(np.array(["x"], object), np.ones((1, 2), np.float32))
    for error, match, items, given in (
        (InputError, "knows 1 of 2 ids already: 'i3'", new(["x", "i3"]), vectors),
        (InputError, "each once; 0 of 2 are empty, 1 come again", new(["x", "x"]), vectors),
        (InputError, "must have a column 'item_id'", new(["x"]).rename(columns={"item_id": "id"}), vectors),
        (InputError, "none of 1 ids has one", new(["x"]), {}),
        (InputError, "received \\['image'\\]", new(["x"]), {"image": narrow}),
        (EncoderMismatchError, "must be 5 wide .* received 2", new(["x"]), {"text": narrow}),
        (EncoderMismatchError, "two encoders", new(["x"]), {"lexical": other}),
    ):
        with pytest.raises(error, match=match):
            add_items(bundle, items, given, tmp_path / "out")
    (tmp_path / "mine").write_text("")
    with pytest.raises(BundleError, match="is not a bundle"):
        add_items(bundle, new(["x"]), vectors, tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
