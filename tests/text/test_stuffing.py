"""Texts beyond what the catalogue has are named; honest ones are not."""

from __future__ import annotations

import pandas as pd
import pytest

from tfcold.text import stuffed_texts
from tfcold.text.phrases import names_in, phrases, words_of

CATALOGUE = pd.DataFrame(
    {
        "item_id": [f"k{number}" for number in range(60)],
        "title": [f"steel pan model {number}" for number in range(60)],
        "brand": ["Ridge", "Abbaye"] * 30,
    }
)


def new(*titles):
    return pd.DataFrame({"item_id": [f"n{place}" for place in range(len(titles))], "title": list(titles)})


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("one two three four five six seven", "it has 7 words, 4 at most in others"),  # 4 * 1.5 = 6
        ("pan pan pan", "'pan' stands 3 times in it, 1 at most in others"),
        ("steel pan model 1 steel", ""),  # 5 words, `steel` twice, no whole title of another besides one
        ("one two three four five six", ""),
        ("", ""),
    ],
)
def test_why(title, why):
    assert stuffed_texts(new(title), CATALOGUE)["why"].tolist() == ([why] if why else [])


def test_titles_of_other_items():
    long = pd.DataFrame({"item_id": ["long"], "title": ["a very long but honest title of no other item at all"]})
    catalogue = pd.concat([CATALOGUE, long], ignore_index=True)
    found = stuffed_texts(new("a pot steel pan model 1", "pot steel pan model 1 steel pan model 2"), catalogue)

    assert found["item_id"].tolist() == ["n1"]
    assert found["why"].tolist() == ["it holds 2 titles of other items, 0 at most in others"]


def test_the_catalogue_is_not_beyond_itself():
    assert stuffed_texts(CATALOGUE, CATALOGUE).empty


def test_few_texts_say_nothing_and_names_are_not_looked_at():
    assert stuffed_texts(new("pan " * 50), CATALOGUE.head(49)).empty
    assert stuffed_texts(new("pot").assign(brand="Ridge " * 50), CATALOGUE).empty
    assert stuffed_texts(new("pan " * 50).rename(columns={"title": "label"}), CATALOGUE).empty


def test_phrases():
    assert words_of("Straße_2: Die Hard") == ["strasse", "2", "die", "hard"]
    assert list(phrases(["a", "b"])) == ["a", "a b", "b"]
    assert names_in(["a", "b", "c"], {"b", "b c", "c"}) == ["b c"]
