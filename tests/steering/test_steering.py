"""A wish raises what it asks for, and taking it back gives the old list to the last digit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tfcold
from tfcold.data import synthetic_world
from tfcold.errors import InputError
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
    """With strength s a direction spreads the scores by s times what they were spread."""
    recommender, _ = opened
    user = recommender.user_ids[0]
    pairs = recommender.recommend([user], k=1000, steer=None).set_index("item_id")["score"]
    moved = recommender.recommend([user], k=1000, steer=Steering(like=["i3"], strength=0.5)).set_index("item_id")[
        "score"
    ]
    state = recommender._now
    query = state.queries.take(np.array([1]))[0]
    like = recommender.queries_from_histories([["i3"]])[0][:-1]
    spread = (state.listed_candidates @ query).std()
    change = (state.listed_candidates[:, :-1] @ like).std()
    direction = state.candidates.take(state.items.rows(pairs.index.to_numpy(object)))[:, :-1] @ like

    np.testing.assert_allclose(moved[pairs.index] - pairs, 0.5 * spread * direction / change, rtol=1e-3, atol=1e-5)


def test_feedback_without_words(opened):
    recommender, _ = opened
    user = recommender.user_ids[:1]
    first = recommender.recommend(user, k=5)["item_id"]
    after = recommender.recommend(user, k=5, steer=Steering(unlike=[first[0]]))["item_id"]
    near = recommender.similar_items([first[4]], k=1)["similar_item_id"][0]
    score = recommender.recommend(user, k=1000).set_index("item_id")["score"].rank()
    liked = recommender.recommend(user, k=1000, steer=Steering(like=[first[4]], strength=2)).set_index("item_id")[
        "score"
    ]

    assert first[0] not in set(after)
    assert near not in score.index or liked.rank()[near] >= score[near]


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
    query = moved(np.zeros((1, 3), np.float32), np.array([[0, 2]], np.float32), np.ones(1, np.float32), table)

    # scores of the direction: 0, 2, -2; their standard deviation is sqrt(8 / 3)
    np.testing.assert_allclose(table @ query[0], np.array([0, 2, -2]) / np.sqrt(8 / 3), rtol=1e-6)


def test_a_phrase_is_encoded_once(opened, monkeypatch):
    from tfcold import export

    recommender, _ = opened
    asked = []
    encode = export.sentence_vectors
    monkeypatch.setattr(
        export, "sentence_vectors", lambda opened, texts: asked.append(list(texts)) or encode(opened, texts)
    )
    wish = Steering(more=["rocket"])
    first = recommender.recommend(["u1"], steer=wish)
    again = recommender.recommend(["u1"], steer=(wish + Steering(less=["cooking"])) - Steering(less=["cooking"]))
    recommender.recommend(["u1"], steer=wish + Steering(more=["cooking"]))

    assert asked == [["rocket"], ["cooking"]]
    pd.testing.assert_frame_equal(first, again)


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
