"""What joins and leaves a recommender in memory, held against the bundle that is written with the same change."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.errors import EncoderMismatchError, InputError
from tfcold.export import add_items, add_users, remove_items
from tfcold.serving import Recommender
from tfcold.serving.state import State
from tfcold.steering import Steering
from tfcold.text.vectors import TextVectors

ARRIVALS = pd.DataFrame({"item_id": ["n1", "néu 2", "mute"], "title": ["A quiet comet", "Twin of n1", "Nothing known"]})


def vectors_of(items, world, seed=3, *, twins=True):
    """Drawn vectors of the first block and of the second; `mute` has none, and twins have the same."""
    rng = np.random.default_rng(seed)
    ids = (
        items["item_id"].to_numpy(object)[:-1] if "mute" in set(items["item_id"]) else items["item_id"].to_numpy(object)
    )
    num = 1 if twins else len(ids)
    drawn = rng.normal(size=(num, 5)).astype(np.float32).repeat(len(ids) // num, axis=0)
    lexical = rng.normal(size=(num, world.lexical.dim)).astype(np.float32).repeat(len(ids) // num, axis=0)
    return {"text": TextVectors(ids, drawn, {"encoder": "drawn"}), "lexical": TextVectors(ids, lexical, {})}


USERS = pd.DataFrame({"user_id": ["x", "x", "x", "y"], "item_id": ["i3", "néu 2", "i4", "nowhere"]})


def change(model, world):
    model.add_items(ARRIVALS, vectors_of(ARRIVALS, world))
    model.remove_items(["i4", "i28", "n1"])
    model.add_users(USERS)
    more = pd.DataFrame({"item_id": ["late"], "title": ["Late"]})
    model.add_items(more, vectors_of(more, world, seed=4))
    return model


@pytest.fixture(scope="module")
def written(world, bundle, tmp_path_factory):
    """The bundle after the same changes, in four versions."""
    out = tmp_path_factory.mktemp("written") / "toy"
    add_items(bundle, ARRIVALS, vectors_of(ARRIVALS, world), out)
    remove_items(out, ["i4", "i28", "n1"])
    add_users(out, USERS)
    more = pd.DataFrame({"item_id": ["late"], "title": ["Late"]})
    add_items(out, more, vectors_of(more, world, seed=4))
    return tfcold.load(out)


ANEW = pd.DataFrame(
    {
        "item_id": ["i3", "i27", "fresh", "i29", "néu 2", "mute"],  # warm, without words, new, cold, two newcomers
        "title": ["Other words", "Words at last", "Fresh", "Moved", None, "Still nothing known"],
    }
)
AGAIN = pd.DataFrame({"item_id": ["i29", "late"], "year": [2031, 2032], "colour": "red"})
PRICES = pd.DataFrame({"item_id": ["late", "i3", "i29"], "year": [1901, 1902, 1903]})


def describe(model, world):
    model.add_items(ANEW, vectors_of(ANEW, world, seed=5, twins=False), replace=True)
    model.add_items(AGAIN, vectors_of(AGAIN.iloc[:1], world, seed=6), replace=True)  # nothing places `late` any more
    model.add_items(PRICES, replace="shown")
    return model


@pytest.fixture(scope="module")
def described(changed, world):
    """In memory, items described anew after the other changes."""
    return describe(changed._pinned(changed._now), world)


@pytest.fixture(scope="module")
def rewritten(written, world, tmp_path_factory):
    """On disk, the same."""
    out = tmp_path_factory.mktemp("rewritten") / "toy"
    add_items(written.folder, ANEW, vectors_of(ANEW, world, seed=5, twins=False), out, replace=True)
    add_items(out, AGAIN, vectors_of(AGAIN.iloc[:1], world, seed=6), replace=True)
    add_items(out, PRICES, None, replace="shown")
    return tfcold.load(out)


@pytest.fixture(scope="module")
def untouched(bundle):
    return tfcold.load(bundle)


@pytest.fixture(scope="module")
def changed(world, bundle):
    return change(tfcold.load(bundle), world)


@pytest.fixture
def model(untouched):
    """One of its own over the same SavedModel, which takes seconds to load."""
    return untouched._pinned(State.of(untouched._opened))


def same(one, other):
    for column in one.columns:
        if column == "score" or column == "value":
            np.testing.assert_allclose(one[column].to_numpy(float), other[column].to_numpy(float), atol=1e-5)
        else:
            assert one[column].tolist() == other[column].tolist(), column
    assert one.columns.tolist() == other.columns.tolist()


HISTORIES = {
    "a": ["néu 2", "i3"], "b": ["i4"], "c": ["late", "late", "n1"], "d": [], "e": ["nowhere"], "f": ["i29", "i9"],
}  # fmt: skip
PAIRS = pd.DataFrame(
    {"user_id": ["u1", "x", "y", "u2", "x", "zz"], "item_id": ["n1", "late", "i3", "i4", "néu 2", "i9"]}
)
VECTORS = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
SOME = ["n1", "néu 2", "late", "i4", "i7", "i9", "mute", "i27", "i29"]
EVERYBODY = [*(f"u{number}" for number in range(24)), "x", "y", "nobody"]
QUESTIONS = {
    "recommend": lambda model: model.recommend(EVERYBODY, k=99),
    "short": lambda model: model.recommend(EVERYBODY, k=3),
    "among": lambda model: model.recommend(EVERYBODY, k=4, candidates=SOME),
    "exclude": lambda model: model.recommend(EVERYBODY, k=5, exclude=PAIRS),
    "where": lambda model: model.recommend(EVERYBODY, k=5, where="title in ('Late', 'Moved') or year > 1990"),
    "steer": lambda model: model.recommend(["x", "u1"], k=9, steer=Steering(like=["late"], unlike=["i9", "néu 2"])),
    "history": lambda model: model.recommend_from_history(HISTORIES, k=99),
    "vectors": lambda model: model.recommend_from_vectors(VECTORS, k=99),
    "score": lambda model: model.score(PAIRS),
    "similar": lambda model: model.similar_items(["i3", *SOME, "what"], k=99),
    "audience": lambda model: model.audience(["i3", *SOME, "what"], k=99),
    "audience of vectors": lambda model: model.audience(vectors=VECTORS, k=99),
    "titles": lambda model: model.titles(["late", "i3", "n1", "what", "néu 2", "i4"]).astype(object).fillna("-"),
    "attributes": lambda model: model.attributes.reset_index().astype(object).fillna("-"),
    "ids": lambda model: pd.DataFrame({"item_id": model.item_ids}),
    "users": lambda model: pd.DataFrame({"user_id": model.user_ids}),
    "cold": lambda model: pd.DataFrame({"is_cold": model.is_cold(SOME)}),
    "explain": lambda model: model.explain_lists(
        pd.DataFrame({"user_id": ["x", "x", "u1", "u2"], "item_id": ["néu 2", "i7", "i29", "i3"]})
    ),
    "explain history": lambda model: model.explain(
        "new", "i29", history=["néu 2", "i3", "i29"]
    ).by_history.sort_values("name", ignore_index=True),  # by size, parts of nothing but rounding come in any order
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_in_memory_is_what_a_written_bundle_answers(changed, written, name):
    ours = QUESTIONS[name](changed)

    assert len(ours) > 0
    same(ours, QUESTIONS[name](written))


@pytest.mark.parametrize(
    "name",
    ["recommend", "short", "exclude", "where", "history", "vectors", "score", "similar", "audience",
     "audience of vectors", "titles", "attributes", "ids", "users"],
)  # fmt: skip
def test_change_is_seen(untouched, changed, name):
    assert not QUESTIONS[name](untouched).equals(QUESTIONS[name](changed))


@pytest.mark.parametrize("name", QUESTIONS)
def test_described_anew_in_memory_is_what_a_written_bundle_answers(described, rewritten, name):
    ours = QUESTIONS[name](described)

    assert len(ours) > 0
    same(ours, QUESTIONS[name](rewritten))


def test_described_anew_a_cold_item_moves_and_a_warm_one_stays(changed, described):
    def scores(model):
        return model.score(pd.DataFrame({"user_id": "u1", "item_id": ["i3", "i9", "i29", "i27", "late"]}))["score"]

    before, after = scores(changed).to_numpy(), scores(described).to_numpy()
    assert after[:2].tolist() == before[:2].tolist()
    assert abs(after[2] - before[2]) > 1e-2
    assert np.isneginf(before).tolist() == [False, False, False, True, False]
    assert np.isneginf(after).tolist() == [False, False, False, False, True]
    assert described.titles(["i3", "i29", "late"])[["title", "year"]].to_numpy(object).tolist() == [
        ["Other words", 1902], ["Moved", 1903], ["Late", 1901]
    ]  # fmt: skip
    assert changed.titles(["i29"])["title"].tolist() != ["Moved"]  # whoever asks the state before goes on
    for model in (changed, described):
        assert model.is_cold(["i3", "i29"]).tolist() == [False, True]


def test_newcomer_is_listed_at_once_and_what_left_is_not(world, model):
    assert "n1" not in set(model.recommend(["u1"], k=99)["item_id"])
    model.add_items(ARRIVALS, vectors_of(ARRIVALS, world))
    listed = model.recommend(["u1"], k=99)["item_id"].tolist()
    assert listed.index("néu 2") == listed.index("n1") + 1  # twins score the same; who came first stands first
    assert "mute" not in listed
    twins = pd.DataFrame({"item_id": ["fresh", "i29"]})
    model.add_items(twins, vectors_of(twins, world, seed=8), replace=True)
    listed = model.recommend(["u1"], k=99)["item_id"].tolist()
    assert listed.index("fresh") == listed.index("i29") + 1
    model.remove_items(["n1"])
    assert "n1" not in set(model.recommend(["u1"], k=99)["item_id"])


def test_many_left_are_searched_row_by_row(world, model, monkeypatch):
    model.add_items(ARRIVALS, vectors_of(ARRIVALS, world))
    gone = [f"i{number}" for number in range(2, 20)]
    model.remove_items(gone)
    at_once = model.recommend(EVERYBODY, k=4)
    monkeypatch.setattr("tfcold.serving.search._MOST_GONE", 2)
    same(model.recommend(EVERYBODY, k=4), at_once)
    assert not set(at_once["item_id"]) & set(gone)
    assert (at_once.groupby("user_id").size() == 4).all()


def test_words_alone_place_a_newcomer(world, tmp_path):
    """A bundle whose every block can be encoded: the frame is enough."""
    from dataclasses import replace

    from tfcold.export import encode_new_items, export

    trained = replace(world.trained, provenance={**world.trained.provenance, "text": {"encoder": "lexical"}})
    folder = tmp_path / "shop"
    first = world.lexical.__class__(5).fit(world.items)
    trained.provenance["text"] = {"encoder": first.name, "encoder_fingerprint": first.fingerprint}
    export(trained, folder, items=world.items, encoders={"text": first, "lexical": world.lexical})
    new = world.items.iloc[[5, 9]].assign(item_id=["a", "b"]).reset_index(drop=True)
    model = tfcold.load(folder)
    model.add_items(new)
    add_items(folder, new, encode_new_items(folder, new))
    same(model.recommend(EVERYBODY, k=99), tfcold.load(folder).recommend(EVERYBODY, k=99))
    assert {"a", "b"} <= set(model.recommend(["u1"], k=99)["item_id"])


def add(model, columns, vectors):
    model.add_items(pd.DataFrame(columns), vectors)


def join(model, columns):
    model.add_users(pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("act", "match"),
    [
        (lambda model, given: add(model, {"item_id": ["i3"]}, given(["i3"])), "knows 1 of 1 ids already: 'i3'"),
        (lambda model, given: add(model, {"item_id": ["n", "n"]}, given(["n"])), "1 come again"),
        (lambda model, given: add(model, {"item_id": []}, given(["n"])), "at least one row"),
        (lambda model, given: add(model, {"title": ["x"]}, given(["n"])), "must have a column 'item_id'"),
        (lambda model, given: add(model, {"item_id": ["n"]}, given(["other"])), "at least one new item"),
        (lambda model, given: add(model, {"item_id": ["n"]}, {"image": given(["n"])["text"]}), "image"),
        (lambda model, given: model.add_items(pd.DataFrame({"item_id": ["n", "i3"]}), replace="shown"),
         "does not have 1 of 2 ids: 'n'"),
        (lambda model, given: model.add_items(pd.DataFrame({"item_id": ["i3"], "year": ["soon"]}), replace="shown"),
         "must hold numbers in column 'year'"),
        (lambda model, given: model.add_items(pd.DataFrame({"item_id": ["i3"]}), given(["i3"]), replace="shown"),
         "must be None with `replace='shown'`"),
        (lambda model, given: model.add_items(pd.DataFrame({"item_id": ["i3"]}), given(["i3"]), replace="all"),
         "must be False, True or 'shown'; received 'all'"),
        (lambda model, given: model.remove_items([]), "at least one row"),
        (lambda model, given: model.remove_items(["i3", "zz"]), "does not have 1 of 2 ids: 'zz'"),
        (lambda model, given: join(model, {"user_id": ["u1"], "item_id": ["i3"]}), "knows 1 of 1 already: 'u1'"),
        (lambda model, given: join(model, {"user_id": ["z"]}), "item_id is missing"),
        (lambda model, given: model.add_items("x"), "`items` must be a frame, one row each; received str"),
        (lambda model, given: add(model, {"item_id": ["n"]}, {"text": np.ones((1, 5))}),
         "`vectors` must be `TextVectors` by block; received ndarray for block 'text'"),
        (lambda model, given: add(model, {"item_id": ["n"]}, given(["n"])["text"]), "received TextVectors for block"),
        (lambda model, given: model.add_users("x"), "`history` must be a frame, one row each; received str"),
        (lambda model, given: model.add_users(users=["z"]), "`users` must be a frame, one row each; received list"),
        (lambda model, given: model.add_users(users=pd.DataFrame({"user_id": ["z"]}), vectors={"about": [1]}),
         "received list for block 'about'"),
        (lambda model, given: join(model, {"user_id": [None], "item_id": ["i3"]}), "1 rows do not"),
    ],
)  # fmt: skip
def test_what_cannot_change_is_named_and_changes_nothing(model, act, match):
    def given(ids):
        return {"text": TextVectors(np.array(ids, object), np.ones((len(ids), 5), np.float32), {"encoder": "drawn"})}

    before = model.recommend(["u1"], k=99)
    with pytest.raises(InputError, match=match):
        act(model, given)
    assert model.recommend(["u1"], k=99).equals(before)


def test_vectors_of_another_width_or_with_nan(model):
    new = pd.DataFrame({"item_id": ["n"]})
    with pytest.raises(EncoderMismatchError, match="must be 5 wide"):
        model.add_items(new, {"text": TextVectors(np.array(["n"], object), np.ones((1, 4), np.float32), {})})
    with pytest.raises(InputError, match="must be finite; 1 rows"):
        model.add_items(new, {"text": TextVectors(np.array(["n"], object), np.full((1, 5), np.nan, np.float32), {})})


def test_opened_by_serving_alone_says_how_to_let_newcomers_in(bundle, world):
    model = Recommender(bundle)
    model.remove_items(["i3"])  # needs no layers
    assert "i3" not in set(model.recommend(["u1"], k=99)["item_id"])
    with pytest.raises(InputError, match=r"Open it with `tfcold\.load`"):
        model.add_items(ARRIVALS, vectors_of(ARRIVALS, world))


def test_no_new_trace(world, model):
    model.recommend(EVERYBODY, candidates=["i3"])
    model.recommend_from_history({"a": ["i3"]})
    bundle = model._opened.model
    functions = [bundle.search, bundle.query_of_histories, bundle.search_among, bundle.similar]
    counts = [len(one.concrete_functions) for one in functions]
    describe(change(model, world), world)
    for ask in QUESTIONS.values():
        ask(model)
    assert [len(one.concrete_functions) for one in functions] == counts == [1, 1, 1, 1]


def test_readers_see_one_state_whole(world, bundle):
    """Eight readers and a writer: every answer is that of one of the states."""
    steps = [
        lambda model: model.add_items(ARRIVALS, vectors_of(ARRIVALS, world)),
        lambda model: model.remove_items(["i4", "n1"]),
        lambda model: model.add_users(USERS),
        lambda model: model.remove_items(["i5", "i6"]),
        lambda model: model.add_items(ANEW, vectors_of(ANEW, world, seed=5), replace=True),
    ]
    questions = [QUESTIONS[name] for name in ("recommend", "history", "attributes")]
    questions.append(lambda model: model.recommend(EVERYBODY, k=5, steer=Steering(like=["i9"], unlike=["i3"])))
    questions.append(lambda model: model.recommend(EVERYBODY, k=5, where="title != 'Nothing known'"))
    alone = tfcold.load(bundle)
    states = [[ask(alone) for ask in questions]]
    for step in steps:
        step(alone)
        states.append([ask(alone) for ask in questions])
    shared = tfcold.load(bundle)
    done = threading.Event()

    def read(place):
        seen, rounds = set(), 0
        while not done.is_set() or rounds < 3:
            answer = questions[place % len(questions)](shared)
            fitting = [number for number, state in enumerate(states) if state[place % len(questions)].equals(answer)]
            assert fitting, "an answer of no state"
            seen.add(fitting[-1])
            rounds += 1
        return seen

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, place) for place in range(8)]
        for step in steps:
            threading.Event().wait(0.2)
            step(shared)
        threading.Event().wait(0.2)
        done.set()
        seen = set.union(*(reader.result() for reader in readers))
    assert len(seen) >= 3  # the writer wrote while they read
