import numpy as np
import pandas as pd
import pytest

from tfcold.data import Dataset, synthetic_world
from tfcold.errors import InputError


def test_same_seed_is_the_same_world():
    first, again, other = synthetic_world(seed=3), synthetic_world(seed=3), synthetic_world(seed=4)

    for one, two in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one.frame, two.frame)
    assert not first[0].frame.equals(other[0].frame)


def test_sizes_are_those_asked_for():
    interactions, items, users = synthetic_world(num_users=30, num_items=40, untouched_items=4, rows_per_user=8)
    dataset = Dataset.from_tables(interactions, items, users)

    assert (len(users), len(items)) == (30, 40)
    assert not set(interactions.frame["item_id"]) & {"i36", "i37", "i38", "i39"}
    assert dataset.report.counts["users_without_interactions"] == 0
    assert 5 < len(interactions) / 30 < 11  # Poisson: mean 8, standard error 0.5
    assert interactions.frame["timestamp"].is_monotonic_increasing


def own_share(focus):
    """Share of interactions that are with an item of which the user's words speak."""
    interactions, items, users = synthetic_world(num_users=200, seed=1, focus=focus)
    texts = dict(zip(items.frame["item_id"], items.frame["description"] + " " + items.frame["title"], strict=True))
    about = dict(zip(users.frame["user_id"], users.frame["about"], strict=True))
    fillers = {"a", "tale", "of", "the", "last", "great", "secret", "in", "an", "old", "new", "world", "likes"}

    def words(text):
        return set(text.lower().replace(",", "").split()) - fillers

    rows = zip(interactions.frame["user_id"], interactions.frame["item_id"], strict=True)
    return np.mean([bool(words(about[user]) & words(texts[item])) for user, item in rows])


def test_words_predict_taste_and_only_through_focus():
    assert own_share(3.0) > 1.7 * own_share(0.0)


def test_popularity_is_skewed():
    counts = synthetic_world(num_users=300)[0].frame["item_id"].value_counts()

    assert counts.head(9).sum() > 2 * 9 / 90 * counts.sum()  # a tenth of the items has more than a fifth of the rows


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_users": 0}, "`num_users` must be at least 1; received 0"),
        ({"num_items": 3}, r"`untouched_items` must be in 0\.\.2; received 3"),
        ({"num_topics": 13}, r"`num_topics` must be in 1\.\.12; received 13"),
    ],
)
def test_bad_sizes_are_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        synthetic_world(**arguments)
