import gzip

import pandas as pd
import pytest

from tfcold.data.readers import read_interactions, read_items, read_table, read_users
from tfcold.errors import InputError

FRAME = pd.DataFrame({"item_id": ["007", "NA"], "title": ['A "quoted", comma', "None"], "year": [1999, 2001]})


@pytest.mark.parametrize("name", ["items.csv", "items.csv.gz", "items.tsv", "items.tsv.gz", "items.parquet"])
def test_every_format_gives_the_same_items(tmp_path, name):
    path = tmp_path / name
    if name.endswith(".parquet"):
        FRAME.to_parquet(path)
    else:
        FRAME.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")

    frame = read_items(path).frame

    assert frame["item_id"].tolist() == ["007", "NA"]
    assert frame["title"].tolist() == ['A "quoted", comma', "None"]
    assert frame["year"].tolist() == [1999, 2001]


def test_empty_cell_is_null_and_byte_order_mark_is_no_letter(tmp_path):
    path = tmp_path / "users.csv"
    path.write_bytes("\ufeffuser_id,about\n1,\n2,ü\n".encode())

    frame = read_users(path).frame

    assert list(frame.columns) == ["user_id", "about"]
    assert frame["about"].isna().tolist() == [True, False]
    assert frame["about"].tolist()[1] == "ü"


def test_interactions_take_the_rules_along(tmp_path):
    path = tmp_path / "clicks.csv"
    path.write_text("user_id,item_id,rating\n01,a,5\n01,b,2\n")

    table = read_interactions(path, min_rating=4)

    assert table.frame.to_dict("list") == {"user_id": ["01"], "item_id": ["a"], "rating": [5.0]}
    with pytest.raises(InputError, match=r"every rating in 1\.\.3; 1 of 2"):
        read_interactions(path, rating_range=(1, 3))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.csv", None, "does not exist"),
        ("items.xlsx", b"x", r"must end in \.csv, .*items\.xlsx"),
        ("empty.csv", b"", "is an empty file"),
        ("ragged.csv", b"item_id,title\na,Heat\nb,Good, the Bad\n", "no readable .csv file.*quotes"),
        ("first.csv", b"item_id,title\nb,Good, the Bad\n", "no readable .csv file.*quotes"),
        ("latin.csv", "item_id,title\na,\xfc\n".encode("latin-1"), "no readable .csv file.*UTF-8"),
        ("torn.csv.gz", gzip.compress(b"item_id,title\n" + b"a,Heat\n" * 99, mtime=0)[:40], "no readable .csv.gz"),
        ("plain.csv.gz", b"item_id,title\na,Heat\n", "no readable .csv.gz"),
        ("torn.parquet", b"PAR1", "no readable .parquet file"),
        ("header.csv", b"item_id,title\n", "`--items` .*received 0 rows"),
        ("semicolon.csv", b"item_id;title\na;Heat\n", "`--items` .*item_id is missing, there are 'item_id;title'"),
        ("semicolon.csv", b"item_id;title\na;Heat\n", r"The separator must be a comma, or a tab in .* \.tsv"),
        ("commas.tsv", b"item_id,title\na,Heat\n", r"The separator must be a comma, or a tab in .* \.tsv"),
        ("cells.csv", b"item_id;title\na;Good, the Bad\n", "no readable .csv file.*commas between the cells"),
        ("id.csv", b"id,title\na,Heat\n", "there are 'id', 'title'. Name the column that holds it 'item_id'"),
        ("twice.csv", b"item_id,title,year,title,\na,Heat,1995,Heat,\n", "column once; twice or more: 'title'"),
    ],
)
def test_bad_file_is_one_line_that_names_the_argument(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError, match=said) as caught:
        read_items(path, argument="--items")

    assert "`--items`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["items.csv", "items.parquet"])
def test_a_file_that_may_not_be_read_is_named_with_the_reason(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(b"item_id\na\n")

    def refused(where, **_):
        raise PermissionError(13, "Permission denied", str(where))

    monkeypatch.setattr(pd, "read_csv", refused)
    monkeypatch.setattr(pd, "read_parquet", refused)

    with pytest.raises(InputError, match=rf"`--items` cannot be read: '.*{name}' \(Permission denied\)"):
        read_table(path, argument="--items")


def test_empty_names_are_no_name_twice(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text(",item_id,\n0,a,\n")

    assert read_items(path).frame["item_id"].tolist() == ["a"]


def test_ids_in_parquet_may_be_numbers(tmp_path):
    path = tmp_path / "clicks.parquet"
    pd.DataFrame({"user_id": [1, 2], "item_id": [3, 4]}).to_parquet(path)

    assert read_table(path)["user_id"].tolist() == [1, 2]
    assert read_interactions(path).frame["user_id"].tolist() == ["1", "2"]
