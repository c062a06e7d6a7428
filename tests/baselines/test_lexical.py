"""TF-IDF and the lexical profile by hand."""

from collections.abc import Callable

import numpy as np

from tfcold.baselines import LexicalProfile
from tfcold.baselines.lexical import tf_idf
from tfcold.ranking import Queries
from tfcold.splits.split import Split
from tfcold.text.templates import TextTemplate


def test_tf_idf_counts_documents_of_the_fitting_rows_only() -> None:
    vectors = tf_idf(["red red cat", "cat", "dog cat", ""], np.array([True, True, False, False])).toarray()
    # words of the fitting texts: red (df 1 of 2), cat (df 2 of 2); dog is not among them
    # idf red = 1 + ln(3/2) = 1.405465, cat = 1 + ln(3/3) = 1; tf of "red red" = 1 + ln 2 = 1.693147
    red = 1.693147 * 1.405465
    length = (red**2 + 1) ** 0.5
    np.testing.assert_allclose(vectors, [[red / length, 1 / length], [0, 1], [0, 1], [0, 0]], rtol=1e-5)


def test_tf_idf_drops_rare_words_and_single_letters() -> None:
    assert tf_idf(["a red cat", "red"], np.array([True, True]), 2).shape == (2, 1)


def test_scores_are_cosines_of_words(make_split: Callable[..., Split]) -> None:
    split = make_split({"ann": "x", "bob": "y"}, {"x": "red", "y": "blue", "new": "blue red", "odd": "green"})
    baseline = LexicalProfile(TextTemplate(("title",)), min_items=1).fit(split)
    users = np.array([1, 2], np.int32)
    scores = baseline.scores(Queries(users, split.history_matrix()[users]), np.array([1, 2, 3, 4]))
    # both words have the same df, so "blue red" lies halfway; "green" is no word of a warm item
    half = 0.5**0.5
    np.testing.assert_allclose(scores, [[1, 0, half, -np.inf], [0, 1, half, -np.inf]], rtol=1e-6)
