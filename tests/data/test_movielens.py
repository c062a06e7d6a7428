"""Invented films in the two layouts of MovieLens-100K."""

import pytest

from tfcold.data.readers import read_movielens_100k
from tfcold.errors import InputError

FILMS = [("1", "Robot Summer", "1991", ["Comedy", "Sci-Fi"]), ("2", 'Café "X"', "1984", ["Children's", "Film-Noir"])]
ROWS = [("7", "1", "4", "875000000"), ("7", "2", "2", "875000060"), ("9", "2", "5", "880000000")]
PEOPLE = [("7", "31", "F", "baker", "00501"), ("9", "44", "M", "sailor", "T8H1N")]
# in the order of u.genre
GENRES = ["unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"]
GENRES += ["Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"]


def write_lines(path, lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)


@pytest.fixture
def atomic(tmp_path):
    folder = tmp_path / "atomic"
    folder.mkdir()
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    write_lines(folder / "ml-100k.inter", [header, *map("\t".join, ROWS)])
    header = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    films = ["\t".join([film, title, year, " ".join(genres)]) for film, title, year, genres in FILMS]
    write_lines(folder / "ml-100k.item", [header, *films])
    header = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token"
    write_lines(folder / "ml-100k.user", [header, *map("\t".join, PEOPLE)])
    return folder


@pytest.fixture
def grouplens(tmp_path):
    folder = tmp_path / "grouplens"
    folder.mkdir()
    write_lines(folder / "u.data", map("\t".join, ROWS))
    films = [
        "|".join(
            [film, f"{title} ({year})", f"01-Jan-{year}", "", "http://x", *("01"[name in genres] for name in GENRES)]
        )
        for film, title, year, genres in FILMS
    ]
    write_lines(folder / "u.item", films, encoding="latin-1")
    write_lines(folder / "u.user", map("|".join, PEOPLE))
    return folder


@pytest.mark.parametrize("layout", ["atomic", "grouplens"])
def test_both_layouts_give_the_same_tables(request, layout):
    interactions, items, users = read_movielens_100k(request.getfixturevalue(layout))

    assert interactions.frame.to_dict("list") == {
        "user_id": ["7", "7", "9"],
        "item_id": ["1", "2", "2"],
        "rating": [4.0, 2.0, 5.0],
        "timestamp": [875000000.0, 875000060.0, 880000000.0],
    }
    assert items.frame.to_dict("list") == {
        "item_id": ["1", "2"],
        "title": ["Robot Summer", 'Café "X"'],
        "year": ["1991", "1984"],
        "genres": ["Comedy, Sci-Fi", "Children's, Film-Noir"],
    }
    assert users.frame.to_dict("list") == {
        "user_id": ["7", "9"],
        "age": ["31", "44"],
        "gender": ["F", "M"],
        "occupation": ["baker", "sailor"],
    }


def test_film_without_year_keeps_its_title(grouplens):
    lines = (grouplens / "u.item").read_text(encoding="latin-1").splitlines()
    flags = "|".join(["1", *["0"] * 18])
    write_lines(grouplens / "u.item", [*lines, f"3|unknown||||{flags}"], encoding="latin-1")

    film = read_movielens_100k(grouplens)[1].frame.iloc[2]

    assert film["title"] == "unknown"
    assert film["genres"] == "unknown"
    assert film.isna()["year"]


def test_folder_with_neither_layout_is_refused(tmp_path):
    (tmp_path / "u.data").write_text("1\t1\t5\t1\n")

    with pytest.raises(InputError, match=r"ml-100k\.inter.*or u\.data.*\['u\.data'\]"):
        read_movielens_100k(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_movielens_100k(tmp_path / "gone")


def test_atomic_file_without_a_column_is_refused(atomic):
    write_lines(atomic / "ml-100k.item", ["item_id:token\trelease_year:token", "1\t1990"])

    with pytest.raises(InputError, match=r"ml-100k\.item' lacks movie_title, class"):
        read_movielens_100k(atomic)


def test_grouplens_file_of_another_width_is_refused(grouplens):
    write_lines(grouplens / "u.user", ["7|31|F"])

    with pytest.raises(InputError, match=r"u\.user with 5 columns; .* has 3"):
        read_movielens_100k(grouplens)
