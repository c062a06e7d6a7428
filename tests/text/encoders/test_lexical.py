import numpy as np
import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.text.encoders.lexical import LexicalEncoder


@pytest.fixture(scope="module")
def frame():
    topics = {
        "crime": "heist detective murder gun",
        "love": "wedding kiss heart letter",
        "space": "rocket moon star alien",
    }
    draw = np.random.default_rng(3)
    rows = []
    for number in range(60):
        genre = sorted(topics)[number % 3]
        words = draw.choice(topics[genre].split(), 3)
        rows.append((f"i{number}", " ".join(words), f"{genre}, film", 10.0 * (number % 3) + draw.random()))
    return pd.DataFrame(rows, columns=["item_id", "title", "genres", "price"])


def test_terms_weigh_as_the_formula_says():
    # two rows, terms red: df 2, blue: df 1, "red blue": df 1, red twice in row 1
    # idf(red) = ln(3/3) + 1 = 1, idf(others) = ln(3/2) + 1 = 1.405465
    # row 0 (red): [1]; row 1 (red red blue): red (1 + ln 2) * 1, blue 1.405465, "red red" 1.405465, "red blue" 1.405465
    rows = pd.DataFrame({"title": ["red", "red red blue"]})
    encoder = LexicalEncoder(text=("title",)).fit(rows)
    one, other = encoder.encode_frame(rows)
    red, rest = 1 + np.log(2), np.log(1.5) + 1
    expected = red / np.sqrt(red**2 + 3 * rest**2)  # cosine of the two; rank 2 keeps it
    np.testing.assert_allclose(one @ other, expected, atol=1e-6)


def test_rows_of_a_kind_lie_together(frame):
    vectors = LexicalEncoder(dim=3).fit(frame).encode_frame(frame)
    similar = vectors @ vectors.T
    same = np.equal.outer(np.arange(60) % 3, np.arange(60) % 3)
    assert similar[same].min() > similar[~same].max()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_columns_are_sorted_out_by_what_they_hold(frame):
    encoder = LexicalEncoder().fit(frame)
    terms = encoder._terms
    assert (terms.text, terms.categorical, list(terms.edges)) == (("title",), ("genres",), ["price"])


def test_categories_and_numbers_count_without_any_words(frame):
    encoder = LexicalEncoder(categorical=("genres",), numeric=("price",), bins=3).fit(frame)
    crime, love = encoder.encode_frame(frame.iloc[[0, 1]])
    cold = pd.DataFrame({"genres": ["crime|film", "love", None], "price": ["5", None, "21"]})
    vectors = encoder.encode_frame(cold)
    assert vectors[0] @ crime > vectors[0] @ love
    assert vectors[1] @ love > vectors[1] @ crime
    space = encoder.encode_frame(frame.iloc[[2]])[0]
    assert vectors[2] @ space > max(vectors[2] @ crime, vectors[2] @ love)


def test_numeric_bands_are_cut_at_the_quantiles_of_the_training_rows():
    # 1..8 in 4 bands: cuts at 2.75, 4.5, 6.25
    encoder = LexicalEncoder(numeric=("price",), bins=4).fit(pd.DataFrame({"price": range(1, 9)}))
    cold = pd.DataFrame({"price": [-5, 2, 3, 5, 7, 100, None]})
    assert list(encoder._terms.of_frame(cold)) == [
        ["price=0"], ["price=0"], ["price=1"], ["price=2"], ["price=3"], ["price=3"], []
    ]  # fmt: skip


def test_a_sentence_meets_words_and_categories(frame):
    encoder = LexicalEncoder(dim=8).fit(frame)
    rows = encoder.encode_frame(frame.head(3))  # crime, love, space
    for sentence, best in (("a Murder with a GUN!", 0), ("love film", 1), ("the moon", 2)):
        assert int(np.argmax(rows @ encoder.encode([sentence])[0])) == best


def test_unknown_words_give_zeros_and_accents_do_not_matter():
    encoder = LexicalEncoder(text=("title",)).fit(pd.DataFrame({"title": ["café crème", "tea"]}))
    unknown, plain = encoder.encode(["zzz", "CAFE creme"])
    assert not unknown.any()
    np.testing.assert_allclose(plain, encoder.encode_frame(pd.DataFrame({"title": ["café crème"]}))[0])


def test_char_ngrams_find_a_misspelt_word(frame):
    misspelt = ["detectiv"]
    assert not LexicalEncoder(dim=3).fit(frame).encode(misspelt).any()
    encoder = LexicalEncoder(dim=3, char_ngrams=(3, 4)).fit(frame)
    assert int(np.argmax(encoder.encode_frame(frame.head(3)) @ encoder.encode(misspelt)[0])) == 0


def test_dim_is_the_rank_where_that_is_lower():
    five = pd.DataFrame({"title": ["a b", "c d", "e f", "g h", "i j"]})
    assert LexicalEncoder(dim=64).fit(five).dim == 5
    assert LexicalEncoder(dim=2).fit(five).dim == 2
    same = pd.DataFrame({"title": ["a b"] * 5})
    encoder = LexicalEncoder(dim=64).fit(same)
    assert encoder.dim == 1
    np.testing.assert_allclose(encoder.encode_frame(same), 1)  # the sign is fixed: positive


def test_fit_repeats_itself_and_learns_from_its_rows_alone(frame):
    one, again = LexicalEncoder(dim=4).fit(frame.head(40)), LexicalEncoder(dim=4).fit(frame.head(40))
    assert one.fingerprint == again.fingerprint
    np.testing.assert_array_equal(one.encode_frame(frame), again.encode_frame(frame))
    assert LexicalEncoder(dim=4).fit(frame.head(41)).fingerprint != one.fingerprint
    assert LexicalEncoder(dim=5).fit(frame.head(40)).fingerprint != one.fingerprint


def test_large_tables_take_the_randomised_svd_and_agree_with_the_exact_one(frame, monkeypatch):
    exact = LexicalEncoder(dim=3).fit(frame).encode_frame(frame)
    monkeypatch.setattr("tfcold.text.encoders.lexical._EXACT_CELLS", 0)
    randomised = LexicalEncoder(dim=3).fit(frame).encode_frame(frame)
    assert not np.array_equal(exact, randomised)
    np.testing.assert_allclose(randomised, exact, atol=1e-3)


def test_save_and_load_give_the_same_encoder(tmp_path, frame):
    encoder = LexicalEncoder(dim=6, char_ngrams=(3, 3), bins=4, seed=7).fit(frame)
    encoder.save(tmp_path / "lexical")
    back = LexicalEncoder.load(tmp_path / "lexical")
    assert back.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(back.encode_frame(frame), encoder.encode_frame(frame))
    assert sorted(path.name for path in (tmp_path / "lexical").iterdir()) == ["lexical.json", "lexical.npz"]


def test_rare_terms_go_once_there_are_many_rows():
    rows = pd.DataFrame({"title": [f"common word{number}" for number in range(100)]})
    assert list(LexicalEncoder(text=("title",)).fit(rows)._vocabulary) == ["common"]
    assert len(LexicalEncoder(text=("title",)).fit(rows.head(99))._vocabulary) == 1 + 2 * 99


def test_max_terms_keeps_the_most_frequent():
    rows = pd.DataFrame({"title": ["a", "a", "b", "b", "c"]})
    assert list(LexicalEncoder(text=("title",), max_terms=2).fit(rows)._vocabulary) == ["a", "b"]


def test_encoder_refuses_what_it_cannot_use(tmp_path, frame):
    for broken, said in (
        (lambda: LexicalEncoder(dim=0), "`dim` must be at least 1; received 0"),
        (lambda: LexicalEncoder().encode(["a"]), "must be fitted"),
        (lambda: LexicalEncoder().fit(frame.head(0)), "0 rows"),
        (lambda: LexicalEncoder(text=("plot",)).fit(frame), r"lacks the columns \['plot'\]"),
        (lambda: LexicalEncoder().fit(pd.DataFrame({"item_id": ["a"], "title": [None]})), "its 1 rows have none"),
        (
            lambda: LexicalEncoder(dim=4).fit(frame).encode_frame(frame[["title"]]),
            r"lacks the columns \['genres', 'price'\]",
        ),
        (lambda: LexicalEncoder(char_ngrams=(4, 3)).fit(frame), r"received \(4, 3\)"),
        (lambda: LexicalEncoder.load(tmp_path), "holds no lexical encoder"),
        (lambda: LexicalEncoder(dim=4).fit(frame).encode("a sentence"), "received one string: 'a sentence'"),
    ):
        with pytest.raises(InputError, match=said):
            broken()
