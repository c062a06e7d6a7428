"""Users in words, from what may be seen and nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tfcold.data import Dataset, synthetic_world
from tfcold.language import EndpointModel, histories_of, profile_split, profile_users, revealed_histories
from tfcold.language.profile import with_profiles
from tfcold.remote import Masker
from tfcold.splits import cold_both, cold_user, warm

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "title": ["The dark comet", "A comet of ice", "Comet rocket", "Oven bread", "The oven"],
        "secret": "margin 9",
    }
)
CLICKS = pd.DataFrame({"user_id": ["u1", "u1", "u1", "u1", "u2"], "item_id": ["a", "b", "c", "d", "e"]})


def test_counted_profile_names_common_words_and_the_most_typical_titles() -> None:
    done = profile_users(histories_of(CLICKS), ITEMS)

    profile = dict(zip(done.frame["user_id"], done.frame["profile"], strict=True))
    assert profile["u1"].startswith("Likes comet, ")  # the one word of several titles comes first
    assert "Oven bread" not in profile["u1"]  # the title farthest from the middle
    assert profile["u2"] == "Likes oven. Typical: The oven."
    assert set(done.frame["profile_made_by"]) == {"tfcold"}
    assert set(done.frame["profile_made_with"]) == {"counted.v1"}


def test_a_title_that_two_items_have_is_named_once() -> None:
    twins = ITEMS.assign(title=["The dark comet", "The dark comet", "Comet rocket", "Oven bread", "The oven"])
    profile = profile_users(histories_of(CLICKS), twins, users=["u1"]).frame["profile"].iloc[0]

    assert profile.count("The dark comet") == 1
    assert "Comet rocket" in profile


def test_users_without_words_have_no_row_and_asked_ones_are_chosen() -> None:
    done = profile_users(histories_of(CLICKS), ITEMS, users=["u2", "nobody"])

    assert done.frame["user_id"].tolist() == ["u2"]
    assert done.outcome.rows == 2
    table = with_profiles(pd.DataFrame({"user_id": ["nobody", "u2"], "city": ["x", "y"]}), done.frame)
    assert table["city"].tolist() == ["x", "y"]
    assert table["profile"].isna().tolist() == [True, False]


def test_model_sees_titles_without_ids_and_its_answer_is_the_profile(serve: Any) -> None:
    server = serve()

    done = profile_users(histories_of(CLICKS), ITEMS, EndpointModel(server.url, "small"))

    assert done.frame["profile"].str.startswith("Cares for ").all()
    assert done.frame["profile_made_by"].str.endswith("#small").all()
    sent = [json.loads(body["messages"][-1]["content"][9:-10]) for body in server.asked]
    assert all(set(data) == {"row", "things"} for data in sent)
    assert "margin" not in json.dumps(server.asked)


def test_counted_profile_stands_in_where_the_model_fails(serve: Any) -> None:
    server = serve()
    server.script.extend([{"choices": [{"message": {"content": "no"}}]}] * 2)
    model = EndpointModel(server.url, "small", concurrency=1)

    done = profile_users(histories_of(CLICKS.iloc[:4]), ITEMS, model)

    assert done.frame["profile_made_by"].tolist() == ["tfcold"]
    assert done.frame["profile"][0].startswith("Likes comet")
    assert done.outcome.invalid == 1


def test_user_ids_in_titles_are_masked(serve: Any) -> None:
    server = serve()
    clicks = pd.DataFrame({"user_id": ["jane_doe", "jane_doe"], "item_id": ["a", "b"]})
    items = pd.DataFrame({"item_id": ["a", "b"], "title": ["A gift for jane_doe", "An oven"]})

    done = profile_users(histories_of(clicks), items, EndpointModel(server.url, "small"))

    assert "jane_doe" not in json.dumps(server.asked)
    assert "[user_id]" in json.dumps(server.asked)
    assert done.outcome.masked == {"user_id": 1}
    counted = profile_users(histories_of(clicks), items).frame["profile"][0]
    assert "A gift for" in counted
    assert "jane" not in counted
    assert "user_id" not in counted


def test_histories_come_latest_first() -> None:
    assert histories_of(CLICKS)["u1"] == ["d", "c", "b", "a"]
    assert histories_of(CLICKS.assign(timestamp=[4.0, 1.0, 3.0, 2.0, 0.0]))["u1"] == ["a", "c", "d", "b"]


# -- nothing later leaks in --------------------------------------------------------------------------------------------


def world() -> Dataset:
    interactions, items, users = synthetic_world(60, 50, seed=5)
    return Dataset.from_tables(interactions, items, users)


SPLITS = {
    "cold_user": lambda data: cold_user(data, reveal=3, seed=1),
    "cold_both": lambda data: cold_both(data, seed=1),
    "warm": lambda data: warm(data, seed=1),
}


@pytest.mark.parametrize("name", SPLITS)
def test_history_is_training_and_revealed_rows(name: str) -> None:
    split = SPLITS[name](world())
    rows = np.concatenate([split.train, split.revealed])
    frame = split.dataset.interactions.frame

    found = {(user, item) for user, items in revealed_histories(split).items() for item in items}

    assert found == set(zip(frame["user_id"].iloc[rows], frame["item_id"].iloc[rows], strict=True))
    assert len(found) < len(frame)


@pytest.mark.parametrize("name", SPLITS)
def test_profiles_do_not_change_with_what_is_held_out(name: str, serve: Any) -> None:
    """The same profiles, and the same words sent, when every held-out row is about something else."""
    split = SPLITS[name](world())
    frame = split.dataset.interactions.frame
    seen = np.sort(np.concatenate([split.train, split.revealed]))
    later = np.setdiff1d(np.arange(len(frame)), seen)
    rewritten = split.dataset.items.frame.copy()
    only_later = set(frame["item_id"].iloc[later]) - set(frame["item_id"].iloc[seen])
    rewritten.loc[rewritten["item_id"].isin(only_later), "title"] = "LEAKED words of later"
    servers = serve(), serve()

    ours = profile_split(split, EndpointModel(servers[0].url, "small"))
    theirs = profile_users(  # of a dataset in which the held-out rows never happened
        histories_of(frame.iloc[seen]), rewritten, EndpointModel(servers[1].url, "small")
    )

    pd.testing.assert_frame_equal(
        ours.frame[["user_id", "profile"]].sort_values("user_id", ignore_index=True),
        theirs.frame[["user_id", "profile"]].sort_values("user_id", ignore_index=True),
    )
    asked = [sorted(json.dumps(body["messages"]) for body in server.asked) for server in servers]
    assert asked[0] == asked[1]
    counted = profile_split(split).frame
    assert (
        counted["profile"].tolist()
        == profile_users(histories_of(frame.iloc[seen]), rewritten).frame["profile"].tolist()
    )
    titles = dict(split.dataset.items.frame[["item_id", "title"]].to_numpy())
    held = set(zip(frame["user_id"].iloc[later], frame["item_id"].iloc[later], strict=True))
    own = revealed_histories(split)
    told = dict(zip(counted["user_id"], counted["profile"], strict=True))
    seen_titles = {user: {titles[item] for item in items} for user, items in own.items()}
    leaks = [(u, i) for u, i in held if titles[i] not in seen_titles.get(u, set()) and titles[i] in told.get(u, "")]
    assert leaks == []


def test_masker_of_ones_own_is_used(serve: Any) -> None:
    server = serve()

    profile_users(histories_of(CLICKS), ITEMS, EndpointModel(server.url, "small"), masker=Masker(["rocket"]))

    assert "rocket" not in json.dumps(server.asked)
