import numpy as np
import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.text.templates import TextTemplate


def test_render_labels_all_but_the_plain_columns():
    rows = pd.DataFrame({"Title": ["Heat (1995)"], "genres": ["Crime, Drama"], "plot": ["A thief and a detective."]})
    sentence = TextTemplate(("Title", "genres", "plot")).render(rows)
    assert sentence == ["Heat (1995). genres: Crime, Drama. A thief and a detective."]


def test_render_follows_the_order_of_the_columns_and_the_separator():
    rows = pd.DataFrame({"a": ["x"], "b": ["y"]})
    assert TextTemplate(("b", "a"), separator=" | ").render(rows) == ["b: y | a: x"]


@pytest.mark.parametrize("empty", [None, np.nan, "", "   ", pd.NA, [], float("nan")])
def test_render_skips_empty_cells(empty):
    rows = pd.DataFrame({"title": ["Heat", empty], "genres": pd.Series([empty, empty], dtype=object)})
    assert TextTemplate(("title", "genres")).render(rows) == ["Heat", ""]


def test_render_reads_lists_numbers_and_white_space():
    rows = pd.DataFrame({"tags": [["new", None, "red"]], "year": [1995.0], "title": [" Two\n lines "]})
    assert TextTemplate(("title", "tags", "year")).render(rows) == ["Two lines. tags: new, red. year: 1995"]


def test_render_does_not_double_a_full_stop():
    rows = pd.DataFrame({"title": ["Mr. Bean."], "plot": ["He trips."]})
    assert TextTemplate(("title", "plot")).render(rows) == ["Mr. Bean. He trips."]


def test_render_names_the_column_that_is_missing():
    with pytest.raises(InputError, match=r"`columns` names \['plot'\].*\['item_id', 'title'\]"):
        TextTemplate(("title", "plot")).render(pd.DataFrame({"item_id": ["a"], "title": ["b"]}))


def test_template_refuses_no_columns_and_repeated_ones():
    for columns in ((), ("a", "a")):
        with pytest.raises(InputError, match="`columns`"):
            TextTemplate(columns)


def test_fingerprint_moves_with_whatever_changes_a_sentence_and_with_nothing_else():
    base = TextTemplate(("title", "genres"))
    others = [
        TextTemplate(("genres", "title")),
        TextTemplate(("title", "genres"), unlabelled=("title", "genres")),
        TextTemplate(("title", "genres"), separator=" "),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 4
    assert TextTemplate.from_dict(base.to_dict()).fingerprint == base.fingerprint


def test_infer_takes_words_title_first_and_long_text_last():
    rows = pd.DataFrame(
        {
            "item_id": ["1", "2", "3"],
            "reviews": ["good " * 60, "bad " * 60, "fine " * 60],
            "price": [1.5, 2.0, 3.0],
            "plot": ["one thing after another", "two", "three"],
            "brand": ["Acme", "Acme", "Apex"],
            "title": ["Pen", "Pencil", "Eraser"],
            "in_stock": [True, False, True],
            "empty": [None, None, None],
        }
    )
    assert TextTemplate.infer(rows, "item_id").columns == ("title", "brand", "plot", "reviews")
    assert TextTemplate(("title", "in_stock")).render(rows)[0] == "Pen. in_stock: True"  # by name it is words


def test_infer_refuses_a_table_without_words():
    with pytest.raises(InputError, match="no column of words beside 'item_id'"):
        TextTemplate.infer(pd.DataFrame({"item_id": ["1"], "price": [2.0]}), "item_id")
