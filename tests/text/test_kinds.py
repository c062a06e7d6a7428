import numpy as np
import pandas as pd

from tfcold.text.kinds import cell_names, column_kinds, numbers


def test_column_kinds_tells_words_names_and_numbers_apart():
    frame = pd.DataFrame(
        {
            "item_id": ["1", "2", "3", "4"],
            "title": ["Heat", "Heat", "Heat", "Heat"],  # repeats, but is called title
            "genres": ["Crime, Drama", "Drama", "Crime|Drama", None],  # 2 distinct of 5 names
            "comment": ["I liked this one a lot", "not my taste at all", "never again please", "what a ride it was"],
            "code": ["a1", "b2", "c3", "d4"],  # short, but no name comes twice
            "price": [1.5, np.nan, 2.5, 3.0],
            "year": ["1995", "1996", None, "2001"],  # numbers that a reader left as text
            "in_stock": [True, False, True, True],
            "new": ["TRUE", None, "false ", "True"],  # as text, with a gap
            "boxed": [None, True, 0, False],
            "said": ["true", "false", "maybe", "true"],
            "nothing": [None, None, None, None],
        }
    )
    assert column_kinds(frame, "item_id") == {
        "title": "text",
        "genres": "categorical",
        "comment": "text",
        "code": "text",
        "price": "numeric",
        "year": "numeric",
        "in_stock": "numeric",
        "new": "numeric",
        "boxed": "numeric",
        "said": "text",
    }


def test_cell_names_splits_strings_at_commas_and_bars_and_lists_not_at_all():
    assert cell_names("Crime , Drama|Film Noir") == ["crime", "drama", "film noir"]
    assert cell_names(["Smith, John", "Doe"]) == ["doe", "smith, john"]
    assert cell_names(None) == []


def test_numbers_gives_nan_for_what_is_no_number():
    np.testing.assert_array_equal(numbers(["2", 3, None, "x", float("inf")]), [2.0, 3.0, np.nan, np.nan, np.nan])


def test_numbers_reads_true_and_false_as_one_and_zero():
    np.testing.assert_array_equal(numbers([True, "TRUE", " false", False, "yes"]), [1.0, 1.0, 0.0, 0.0, np.nan])
