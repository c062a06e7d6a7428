"""What joined or left a bundle is explained as what was there: every split sums to the score."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.cli import main
from tfcold.errors import InputError
from tfcold.export import add_items, add_users, export, remove_items
from tfcold.serving.explanation import VIEWS

GONE = "i3"


@pytest.fixture(scope="module")
def versions(toys, tmp_path_factory):
    """A bundle of four versions: as fitted, with an item more, with one item less, with a user more.

    In some directions, short histories weigh less in it: what an item brings depends on how many there are.
    """
    world = toys.make_world(user_weights=False)
    shrinkage = world.trained.model.user_tower.shrinkage
    shrinkage.set_weights_of(np.linspace(1, 0.01, shrinkage.dim), shrinkage=2.0, decay=0.5)
    folder = tmp_path_factory.mktemp("bundles") / "shop"
    export(world.trained, folder, items=world.items, features=world.features, encoders={"lexical": world.lexical})
    row = world.items[world.items["item_id"] == toys.COLD].assign(item_id="new")
    vectors = {}
    for name, block in world.vectors.items():
        at = list(block.ids).index(toys.COLD)
        vectors[name] = type(block)(np.array(["new"], object), block.vectors[[at]], block.provenance)
    add_items(folder, row, vectors)
    remove_items(folder, [GONE])
    add_users(folder, pd.DataFrame({"user_id": "late", "item_id": ["i1", "new", GONE, "i9"]}))
    return folder, [tfcold.load(folder / str(number)) for number in (1, 2, 3, 4)]


def values(frame):
    return dict(zip(frame["name"], frame["value"], strict=True))


def assert_sums(recommender, user, item):
    explanation = recommender.explain(user, item)
    scored = recommender.score(pd.DataFrame({"user_id": [user], "item_id": [item]}))["score"][0]
    assert explanation.score == pytest.approx(scored, abs=1e-5)
    for view in VIEWS:
        assert getattr(explanation, view)["value"].sum() == pytest.approx(scored, abs=1e-5)
    return explanation


def test_every_version_sums(versions, toys):
    _, (first, grown, smaller, last) = versions
    for recommender in (first, grown, smaller, last):
        for user in [*first.user_ids[:3], *(["late"] if recommender is last else [])]:
            for item in ["i1", "i9", toys.COLD, *(["new"] if recommender is not first else [])]:
                found = assert_sums(recommender, user, item)
                assert any(name.startswith("block:") for name in found.by_item["name"])


def test_old_items_keep_their_parts(versions, toys):
    _, (first, *later) = versions
    user = first.user_ids[0]
    for item in ("i1", toys.COLD):
        expected = values(first.explain(user, item).by_item)
        for recommender in later:
            assert values(recommender.explain(user, item).by_item) == pytest.approx(expected, abs=1e-6)


def test_new_item_is_explained_as_its_twin(versions, toys):
    """`new` has the vectors of the cold item, so it has its parts."""
    _, (*_, last) = versions
    user = last.user_ids[0]

    assert values(last.explain(user, "new").by_item) == pytest.approx(
        values(last.explain(user, toys.COLD).by_item), abs=1e-5
    )


def test_removed_item_is_not_explained_and_still_explains(versions):
    _, (*_, last) = versions
    with pytest.raises(InputError, match=f"it cannot list '{GONE}'"):
        last.explain("late", GONE)
    named = values(last.explain("late", "i1").by_history)

    assert {f"history:{item}" for item in ("i1", "new", GONE, "i9")} <= set(named)
    assert abs(named[f"history:{GONE}"]) > 0


def test_history_is_split_without_a_rest(versions):
    """A plain tower is linear in what a history of a given length sums up; leaning towards similar users is not."""
    _, (first, *_, last) = versions
    for recommender, user, rest in ((first, first.user_ids[0], False), (last, "late", True)):
        assert ("history" in set(recommender.explain(user, "i1").by_history["name"])) == rest


def test_command_line(versions, capsys):
    folder, _ = versions
    for item in ("i1", "new"):
        capsys.readouterr()
        code = main(["explain", "--model", str(folder), "--user", "late", "--item", item, "--json", "--quiet"])
        answer = json.loads(capsys.readouterr().out)

        assert code == 0
        assert sum(part["value"] for part in answer["parts"]) == pytest.approx(answer["score"], abs=1e-5)
