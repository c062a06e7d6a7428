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


ODD = pd.DataFrame(
    {
        "in stock": [True, False, True],
        "price (usd)": [5.0, 12.0, 20.0],
        "class": np.array(["a", "b", "`in stock`"], object),
        "it's": np.array(["x", "y", "x|z"], object),
        "a-b": [1, 2, 3],
        "__0": [3, 2, 1],
    }
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("`in stock`", [0, 2]),
        ("not`in stock`and`price (usd)`<20", [1]),
        ("`in stock` and `price (usd)` < 10", [0]),
        ("10 < `price (usd)` <= 20 and `in stock` == True", [2]),
        ("`class` in ('a', 'b')", [0, 1]),
        ("`class` == '`in stock`'", [2]),  # in a string they are letters
        ('`class` == """`in stock`"""', [2]),
        ("'x' in `it's` and `a-b` == 3", [2]),
        ("__0 == 3 or `a-b` == 2", [0, 1]),  # a name of the table's is taken by nothing else
        ("`__0` == 3 or `in stock`", [0, 2]),
        (" (`a-b`\n == 1) ", [0]),
    ],
)
def test_columns_in_backticks(where, expected):
    assert np.flatnonzero(matching(where, ODD)).tolist() == expected


@pytest.mark.parametrize(
    "where",
    [
        "`in stock`.__class__", "`__import__('os').system('true')`", "`in stock`()", "`in stock`[0]", "`in stock", "``",
        "`in stock` `a-b`", "x`in stock`", "`in stock`x", "`in\nstock`", "`in stock` := True", "lambda: `in stock`",
        "f'{`in stock`}'", "`__1` == 1", "`in stock` and ___0", "`in stock` and \uff3f\uff3f\uff3f0",
        "`price (usd)` + 1 < 3", "[`in stock` for x in `a-b`]", "'`in stock`'",
    ],
)  # fmt: skip
def test_backticks_hold_names_alone(where):
    with pytest.raises(InputError, match="`where`"):
        matching(where, ODD)


def test_the_error_says_how_odd_names_stand():
    with pytest.raises(
        InputError, match=r"stands in backticks, like \"`price \(usd\)` < 10\"; received 'price\(usd\)'"
    ):
        matching("price (usd) < 10", ODD)
    with pytest.raises(InputError, match="not item_id: give ids as `candidates` or `exclude`"):
        matching("item_id == 'i1'", ODD)
