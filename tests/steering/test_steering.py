"""A wish raises what it asks for, and taking it back gives the old list to the last digit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.data import synthetic_world
from tfcold.errors import InputError
from tfcold.export import export as export_bundle
from tfcold.export import phrase_vectors, sentence_vectors
from tfcold.steering import Steering


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A bundle of a world whose words say its topics, fitted in closed form."""
    from tfcold.training import Settings
    from tfcold.workflow import Tables, Words, fit_bundle

    interactions, items, users = synthetic_world(num_users=80, num_items=60, rows_per_user=10, seed=3)
    folder = tmp_path_factory.mktemp("bundles") / "world"
    fit_bundle(
        Tables(interactions, items, users), folder, words=Words(encoders=["lexical"]), settings=Settings(epochs=0)
    )
    return tfcold.load(folder), items.frame


@pytest.fixture(scope="module")
def two_blocks(tmp_path_factory):
    """The same world with two blocks: `text` by an encoder that knows other words only, and `lexical`."""
    from tfcold.blocks import Features
    from tfcold.data import Dataset
    from tfcold.splits import given
    from tfcold.text import LexicalEncoder, encode_items
    from tfcold.training import Settings, fit

    interactions, items, users = synthetic_world(num_users=80, num_items=60, rows_per_user=10, seed=3)
    dataset = Dataset.from_tables(interactions, items, users)
    split = given(dataset)
    others = pd.DataFrame({"item_id": items.frame["item_id"], "title": [f"w{at % 7} v{at % 5}" for at in range(60)]})
    encoders = {
        "text": LexicalEncoder(8, text=["title"]).fit(others),
        "lexical": LexicalEncoder(16).fit(items.frame),
    }
    tables = {"text": others, "lexical": items.frame}
    vectors = {name: encode_items(tables[name], one) for name, one in encoders.items()}
    features = Features({name: one.block(name, dataset.item_ids) for name, one in vectors.items()})
    folder = tmp_path_factory.mktemp("bundles") / "two"
    export_bundle(fit(split, features, Settings(epochs=0, dim=16)), folder, encoders=encoders)
    return tfcold.load(folder), items.frame


def test_more_raises_and_less_lowers(opened):
    recommender, items = opened
    users = recommender.user_ids
    word = items["genre"].value_counts().index[0]
    holds = set(items[items["genre"] == word]["item_id"])

    def share(steer):
        return recommender.recommend(users, k=10, steer=steer)["item_id"].isin(holds).mean()

    assert share(Steering(more=[word], strength=2)) > share(None) > share(Steering(less=[word], strength=2))


def test_is_reversible_and_deterministic(opened):
    recommender, _ = opened
    users = recommender.user_ids[:5]
    a, b = Steering(more=["rocket"]), Steering(like=["i3"], unlike=["i5"], strength=0.7)
    before = recommender.recommend(users)

    assert (a + b) - b == a
    assert not (a + b) - b - a
    pd.testing.assert_frame_equal(recommender.recommend(users, steer=a + b), recommender.recommend(users, steer=a + b))
    pd.testing.assert_frame_equal(
        recommender.recommend(users, steer=(a + b) - b), recommender.recommend(users, steer=a)
    )
    pd.testing.assert_frame_equal(recommender.recommend(users), before)
    pd.testing.assert_frame_equal(recommender.recommend(users, steer=Steering()), before)


def test_moves_by_the_stated_amount(opened):
    """With strength s a wish spreads the scores by s times what they were spread, in no common direction."""
    recommender, _ = opened
    user = recommender.user_ids[0]
    before = recommender.recommend([user], k=1000).set_index("item_id")["score"]
    steered = recommender.recommend([user], k=1000, steer=Steering(like=["i3"], strength=0.5))
    after = steered.set_index("item_id")["score"]
    state = recommender._now
    table = state.listed_candidates[:, :-1].astype(np.float64)
    like = table @ recommender.queries_from_histories([["i3"]])[0][:-1]
    everything = table @ state.common_query[:-1]
    slope, level = np.polyfit(everything, like, 1)
    left = like - slope * everything - level  # what a straight line of the common scores does not say
    spread = (state.listed_candidates @ state.queries.take(np.array([1]))[0]).std()
    expected = pd.Series(0.5 * spread * left / left.std(), state.items.names[np.flatnonzero(state.listable)])
    change = after[before.index] - before
    at = expected[before.index]

    np.testing.assert_allclose(change - change.mean(), at - at.mean(), rtol=1e-3, atol=1e-4)


def test_what_every_wish_has_in_common_is_taken_out():
    """Scores over the items: of the query 1, 0, -1, 0; of the common direction 1, -1, 1, -1; of the wish 3, 1, 3, -3.

    cov(wish, common) = (3 - 1 + 3 + 3) / 4 = 2 and var(common) = 1 leave 3 - 2, 1 + 2, 3 - 2, -3 + 2 = 1, 3, 1, -1,
    whose mean is 1 and whose variance is (0 + 4 + 0 + 4) / 4 = 2; the query has sd sqrt(1 / 2).
    """
    from tfcold.serving.steer import moved

    common, wish, user = np.array([1, -1, 1, -1]), np.array([3, 1, 3, -3]), np.array([1, 0, -1, 0])
    table = np.stack([common, wish, user, np.zeros(4)], axis=1).astype(np.float32)
    axes = np.eye(4, dtype=np.float32)
    query = moved(axes[2:3], axes[1:2, :3], np.full(1, 0.5, np.float32), table, axes[0, :3])

    change = 0.5 * np.sqrt(0.5) * np.array([1, 3, 1, -1]) / np.sqrt(2)
    np.testing.assert_allclose(table @ query[0], user + change, rtol=1e-6)


def test_a_wish_for_everything_moves_nothing():
    from tfcold.serving.steer import moved

    draw = np.random.default_rng(0)
    table, query = draw.normal(size=(9, 4)).astype(np.float32), draw.normal(size=(1, 4)).astype(np.float32)
    everything = draw.normal(size=3).astype(np.float32)

    steered = moved(query, 7 * everything[None], np.ones(1, np.float32), table, everything)
    np.testing.assert_allclose(steered, query, atol=1e-6)


def test_feedback_without_words(opened):
    recommender, _ = opened
    user = recommender.user_ids[:1]

    def ranks(steer=None):
        """The higher, the better."""
        return recommender.recommend(user, k=1000, steer=steer).set_index("item_id")["score"].rank()

    before = ranks()
    first = before.idxmax()
    after = recommender.recommend(user, k=5, steer=Steering(unlike=[first]))["item_id"]
    rises = []
    for liked in before.sort_values().index[2:-2:3]:  # from all over the list
        near = recommender.similar_items([liked], k=1)["similar_item_id"][0]
        if near in before.index:
            rises.append(ranks(Steering(like=[liked], strength=2))[near] - before[near])

    assert first not in set(after)
    assert len(rises) > 5
    assert np.mean(rises) > 5  # places of 47


def test_newcomers_and_sentences_can_steer(opened):
    recommender, _ = opened
    from tfcold.export import encode_texts

    steer = Steering(more=["cooking"], strength=1)
    history = {"new": ["i1", "i2"]}
    vectors = encode_texts(recommender.folder, ["a rocket"])

    assert not recommender.recommend_from_history(history, steer=steer).equals(
        recommender.recommend_from_history(history)
    )
    assert not recommender.recommend_from_vectors(vectors, steer=steer).equals(
        recommender.recommend_from_vectors(vectors)
    )


def test_words_unknown_to_the_encoder_change_nothing(opened, caplog):
    recommender, _ = opened
    users = recommender.user_ids[:3]
    steered = recommender.recommend(users, steer=Steering(more=["qqqq"]))

    pd.testing.assert_frame_equal(steered, recommender.recommend(users))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"more": "horror"}, "`more`"),
        ({"less": [" "]}, "`less`"),
        ({"strength": -1}, "`strength`"),
        ({"strength": float("nan")}, "`strength`"),
    ],
)
def test_mistakes(options, said):
    with pytest.raises(InputError, match=said):
        Steering(**options)


@pytest.mark.parametrize("argument", ["like", "unlike"])
def test_unknown_item(opened, argument):
    with pytest.raises(InputError, match=f"`{argument}` must hold items of the bundle; it does not know 'nothing'"):
        opened[0].recommend(["u1"], steer=Steering(like=["i3"]) + Steering(**{argument: ["nothing"]}))


def test_like_is_not_unlike_even_without_strength():
    like, unlike = Steering(like=["i3"], strength=0), Steering(unlike=["i3"], strength=0)

    assert like != unlike
    assert (like + unlike) - unlike == like
    assert (list(like.hidden), list(unlike.hidden)) == ([], ["i3"])


def test_wishes_alone_make_the_list_where_nothing_is_known(opened):
    """Nothing known of a user: a query of zeros. Its scores have no spread that a wish could go by."""
    from tfcold.serving.steer import moved

    table = np.array([[1, 0, 0], [0, 1, 0], [-1, -1, 0]], np.float32)
    query = moved(
        np.zeros((1, 3), np.float32), np.array([[0, 2]], np.float32), np.ones(1, np.float32), table, np.zeros(2)
    )

    # scores of the direction: 0, 2, -2; their standard deviation is sqrt(8 / 3)
    np.testing.assert_allclose(table @ query[0], np.array([0, 2, -2]) / np.sqrt(8 / 3), rtol=1e-6)


def test_a_phrase_is_encoded_once(opened, monkeypatch):
    from tfcold import export

    recommender, _ = opened
    asked = []
    encode = export.phrase_vectors
    monkeypatch.setattr(
        export, "phrase_vectors", lambda opened, texts: asked.append(list(texts)) or encode(opened, texts)
    )
    wish = Steering(more=["rocket"])
    first = recommender.recommend(["u1"], steer=wish)
    again = recommender.recommend(["u1"], steer=(wish + Steering(less=["cooking"])) - Steering(less=["cooking"]))
    recommender.recommend(["u1"], steer=wish + Steering(more=["cooking"]))

    assert asked == [["rocket"], ["cooking"]]
    pd.testing.assert_frame_equal(first, again)


def test_a_word_that_the_first_block_does_not_know_is_read_by_another(two_blocks):
    """Block `text` is of another table's words: it knows nothing of these. Block `lexical` has them as terms."""
    recommender, items = two_blocks
    word = items["genre"].value_counts().index[0]
    holds = set(items[items["genre"] == word]["item_id"])
    users = recommender.user_ids
    before = recommender.recommend(users, k=10)["item_id"].isin(holds).mean()
    after = recommender.recommend(users, k=10, steer=Steering(more=[word], strength=2))["item_id"].isin(holds).mean()

    assert not sentence_vectors(recommender, [word]).any()
    assert after > before + 0.1


def test_blocks_of_a_phrase(two_blocks):
    recommender, _ = two_blocks
    vectors = phrase_vectors(recommender, ["rocket", "qqqq"])
    both = recommender.queries_from_blocks(vectors)

    assert list(vectors) == ["text", "lexical"]
    assert both.shape == (2, recommender.manifest.dim + 1)
    alone = recommender.queries_from_blocks({"lexical": vectors["lexical"]})
    np.testing.assert_allclose(both[0], alone[0], rtol=1e-5, atol=1e-6)
    assert not vectors["lexical"][1].any()


def test_one_block_says_what_the_saved_model_says(opened):
    """Of one block, the direction is that of the signature `recommend_from_vector`."""
    recommender, _ = opened
    vectors = sentence_vectors(recommender, ["rocket", "cooking"])
    ours = recommender.queries_from_blocks({"lexical": vectors})[:, :-1]
    theirs = recommender.queries_from_vectors(vectors)[:, :-1]

    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one / np.linalg.norm(one), other / np.linalg.norm(other), atol=1e-5)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ({}, "at least one block"),
        ({"image": np.ones((1, 3))}, "name blocks of the bundle"),
        ({"text": np.ones((1, 3))}, "must have shape"),
        ({"text": 1, "lexical": 2}, "all of as many rows"),
    ],
)
def test_mistakes_in_blocks(two_blocks, vectors, said):
    recommender, _ = two_blocks
    widths = {block: one["width"] for block, one in recommender.manifest.text.items()}
    given = {
        block: np.ones((rows, widths[block])) if isinstance(rows, int) else rows for block, rows in vectors.items()
    }

    with pytest.raises(InputError, match=said):
        recommender.queries_from_blocks(given)


def test_command_line_gives_the_lists_of_python(opened, tmp_path):
    from tfcold.cli import main

    recommender, _ = opened
    users = recommender.user_ids[:3]
    pd.DataFrame({"user_id": users}).to_csv(tmp_path / "users.csv", index=False)
    asked = ["recommend", "--model", str(recommender.folder), "--users", str(tmp_path / "users.csv"), "--k", "5"]
    wishes = ["--like", "i3", "--like", "i4", "--unlike", "i5", "--strength", "0.7"]
    code = main([*asked, *wishes, "--out", str(tmp_path / "lists.csv"), "--quiet"])
    lists = pd.read_csv(tmp_path / "lists.csv", dtype={"user_id": str, "item_id": str})
    expected = recommender.recommend(users, k=5, steer=Steering(like=["i3", "i4"], unlike=["i5"], strength=0.7))

    assert code == 0
    pd.testing.assert_frame_equal(lists, expected, check_dtype=False, rtol=1e-5)
    assert not lists.equals(recommender.recommend(users, k=5))


def test_command_line_names_the_option(opened, tmp_path, capsys):
    from tfcold.cli import main

    out = ["--out", str(tmp_path / "lists.csv")]
    code = main(["recommend", "--model", str(opened[0].folder), "--unlike", "nothing", *out])

    assert code == 2
    assert "`--unlike` must hold items of the bundle; it does not know 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "lists.csv").exists()
