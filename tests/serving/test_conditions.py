from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.serving.conditions import matching

ITEMS = pd.DataFrame(
    {
        "price": [5.0, 12.0, np.nan, -1.0],
        "in_stock": np.array([True, False, True, None], object),
        "region": np.array(["eu", "us", None, "asia"], object),
        "genres": np.array(["Crime, Drama", "Comedy|Drama", "Dramatic", None], object),
        "year": np.array(["1999", "2001", "n/a", None], object),
    }
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("in_stock", [0, 2]),
        ("in_stock == False", [1]),
        ("not in_stock", [1, 3]),
        ("price < 10", [0, 3]),
        ("10 > price >= -0.5", [0]),
        ("10 < price", [1]),
        ("price != 5", [1, 3]),  # nothing fails every comparison
        ("region in ('eu', 'asia')", [0, 3]),
        ("region not in ['eu']", [1, 3]),
        ("'Drama' in genres", [0, 1]),
        ("'Drama' not in genres", [2]),
        ("year > 2000", [1]),
        ("in_stock and price < 10 or region == 'us'", [0, 1]),
        ("  (in_stock and\n region == 'eu')", [0]),
    ],
)
def test_rows_of_which_it_is_true(where, expected):
    assert np.flatnonzero(matching(where, ITEMS)).tolist() == expected


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("price == 'cheap'", "compares the numbers of column 'price' with text: 'cheap'"),
        (
            "sale == 'true'",
            "compares the true and false of column 'sale' with text: 'true'. Write `sale` or `not sale`",
        ),
    ],
)
def test_text_against_another_kind_is_told_what_the_column_holds(where, said):
    with pytest.raises(InputError, match=said):
        matching(where, ITEMS.assign(sale=[True, False, True, False]))


@pytest.mark.parametrize(
    "where",
    [
        "", "price <", "__import__('os').system('true')", "price.__class__", "price + 1 < 3", "colour == 'red'",
        "price == 'cheap'", "[x for x in price]", "lambda: 1", "1 < 2", "True", "price is None", "price < region",
        "(" * 5000, "not " * 2400 + "in_stock", "region in 'eu'", "region == b'eu'", "a\0b", "f'{price}'",
        None, "x" * 20_000,
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_error(where):
    with pytest.raises(InputError, match="`where`"):
        matching(where, ITEMS)
