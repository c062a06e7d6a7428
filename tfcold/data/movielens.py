"""MovieLens-100K in both layouts it is found in: RecBole's atomic files and GroupLens' own.

The files are not part of tfcold and must not be redistributed; `tfcold.assets.fetch("movielens-100k")` brings them.
Source: Harper and Konstan 2015, The MovieLens Datasets, doi:10.1145/2827872.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, RATING, TIMESTAMP, USER_ID
from tfcold.data.tables import Interactions, Items, Users
from tfcold.errors import InputError

_ATOMIC: Final = ("ml-100k.inter", "ml-100k.item", "ml-100k.user")
_GROUPLENS: Final = ("u.data", "u.item", "u.user")
_GENRES: Final = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_USER_COLUMNS: Final = ("age", "gender", "occupation")
_RATINGS: Final = (1.0, 5.0)

Text = pd.DataFrame


def read_movielens_100k(folder: str | Path) -> tuple[Interactions, Items, Users]:
    """Interactions, items (`title`, `year`, `genres`) and users (`age`, `gender`, `occupation`) of MovieLens-100K.

    Both layouts give the same columns: the year stands apart from the title, genres are joined by commas. Every cell
    is text but rating and timestamp (seconds since 1970).

    Args:
        folder: holds `ml-100k.inter`, `.item`, `.user` (RecBole's atomic files: tab separated, a header of
            `name:type`), or `u.data`, `u.item`, `u.user` (GroupLens: no header, items and users split at bars,
            Latin-1). The atomic files win where both are there.

    Raises:
        InputError: the folder holds neither, or a file is not in its layout.
    """
    folder = Path(folder)
    for names, read in ((_ATOMIC, _read_atomic), (_GROUPLENS, _read_grouplens)):
        if all((folder / name).is_file() for name in names):
            interactions, items, users = read(*(folder / name for name in names))
            return (
                Interactions.from_frame(interactions, rating_range=_RATINGS),
                Items.from_frame(items[[ITEM_ID, "title", "year", "genres"]]),
                Users.from_frame(users[[USER_ID, *_USER_COLUMNS]]),
            )
    found = sorted(path.name for path in folder.iterdir())[:6] if folder.is_dir() else "no such folder"
    raise InputError(
        f"`folder` must hold {', '.join(_ATOMIC)} or {', '.join(_GROUPLENS)}; {str(folder)!r}: {found}. "
        "Fetch them: `tfcold.assets.fetch('movielens-100k')`"
    )


def _read_atomic(interactions: Path, items: Path, users: Path) -> tuple[Text, Text, Text]:
    films = _atomic(items, (ITEM_ID, "movie_title", "release_year", "class"))
    films = films.rename(columns={"movie_title": "title", "release_year": "year"})
    films["genres"] = films.pop("class").str.split().str.join(", ")
    films["title"] = films["title"].str.strip()
    films["year"] = films["year"].where(films["year"].str.fullmatch(r"\d{4}", na=False))
    columns = (USER_ID, ITEM_ID, RATING, TIMESTAMP)
    return _atomic(interactions, columns), films, _atomic(users, (USER_ID, *_USER_COLUMNS))


def _atomic(path: Path, columns: tuple[str, ...]) -> Text:
    """Tab separated, with a header of `name:type`."""
    table = _cells(path, sep="\t", encoding="utf-8", header=0)
    table.columns = pd.Index([str(name).split(":")[0] for name in table.columns])
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(
            f"`folder` must hold an atomic file with columns {', '.join(columns)}; {str(path)!r} lacks "
            f"{', '.join(missing)}, it has {', '.join(table.columns)}"
        )
    return table[list(columns)].copy()


def _read_grouplens(interactions: Path, items: Path, users: Path) -> tuple[Text, Text, Text]:
    films = _cells(items, sep="|", encoding="latin-1", header=None)
    _check_width(films, 5 + len(_GENRES), items)
    flags = films.iloc[:, 5:] == "1"
    named = films[1].str.extract(r"^(?P<title>.*?)\s*(?:\((?P<year>\d{4})\))?$")
    table = pd.DataFrame(
        {
            ITEM_ID: films[0],
            "title": named["title"].str.strip(),
            "year": named["year"].fillna(films[2].str.extract(r"(\d{4})$")[0]),
            "genres": [_joined(row) for row in flags.to_numpy()],
        }
    )
    rows = _cells(interactions, sep="\t", encoding="latin-1", header=None)
    people = _cells(users, sep="|", encoding="latin-1", header=None)
    _check_width(rows, 4, interactions)
    _check_width(people, 5, users)
    rows.columns = pd.Index([USER_ID, ITEM_ID, RATING, TIMESTAMP])
    people.columns = pd.Index([USER_ID, *_USER_COLUMNS, "zip_code"])
    return rows, table, people


def _joined(flags: npt.NDArray[np.bool_]) -> str:
    return ", ".join(name for name, on in zip(_GENRES, flags, strict=True) if on)


def _cells(path: Path, **options: Any) -> Text:
    """Every cell as text; an empty one is null. Quotation marks are letters in both layouts."""
    try:
        table: Text = pd.read_csv(
            path, dtype=str, keep_default_na=False, na_values=[""], quoting=3, index_col=False, **options
        )
        return table
    except (ValueError, OSError) as error:  # pandas' own errors for empty and ragged files are ValueErrors
        raise InputError(f"`folder` holds a file that cannot be read: {str(path)!r} ({error})") from error


def _check_width(table: Text, width: int, path: Path) -> None:
    if table.shape[1] != width:
        raise InputError(f"`folder` must hold {path.name} with {width} columns; {str(path)!r} has {table.shape[1]}")
