"""Files -> tables: csv, tsv (gzipped too) and parquet."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import pandas as pd

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.data.checks import check_names
from tfcold.data.movielens import read_movielens_100k
from tfcold.data.tables import Interactions, Items, Users
from tfcold.errors import InputError

__all__ = ["read_interactions", "read_items", "read_movielens_100k", "read_table", "read_users"]

_SEPARATORS: Final = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
_PARQUET: Final = ".parquet"
_ADVICE: Final = (
    "Write UTF-8, with commas between the cells (tabs in a .tsv), and put quotes around cells that hold the separator"
)
ENDINGS: Final = (*_SEPARATORS, _PARQUET)


def read_table(path: str | Path, *, argument: str = "path") -> pd.DataFrame:
    """The table in a file, with `user_id` and `item_id` read as text (`007` stays `007`).

    In csv and tsv (UTF-8, first line names the columns) only an empty cell is null: an item called `NA` or `None` keeps
    its name. Parquet is read as it is.

    Args:
        path: `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` or `.parquet`.
        argument: str. What to call the file in an error.

    Raises:
        InputError: no such file, another ending, an empty file, one that may not be read or is not what its ending
            says, or two columns of one name.
    """
    path = Path(path)
    ending = next((known for known in ENDINGS if path.name.lower().endswith(known)), None)
    if ending is None:
        raise InputError(f"`{argument}` must end in {', '.join(ENDINGS)}; received {str(path)!r}")
    if not path.is_file():
        raise InputError(f"`{argument}` names a file that does not exist: {str(path)!r}")
    try:
        if ending == _PARQUET:
            return pd.read_parquet(path)
        names, table = _read_text(path, sep=_SEPARATORS[ending])
    except pd.errors.EmptyDataError as error:
        raise InputError(f"`{argument}` is an empty file: {str(path)!r}; its first line must name columns") from error
    except (OSError, EOFError, ValueError, pd.errors.ParserWarning) as error:  # torn gzip, not UTF-8, ragged rows
        if isinstance(error, OSError) and error.errno:  # the system's word, not that of a format
            reason = error.strerror or "no reason given"
            raise InputError(f"`{argument}` cannot be read: {str(path)!r} ({reason}). Check who may read it") from error
        said = " ".join(str(error).split())
        advice = "" if ending == _PARQUET else f". {_ADVICE}"
        raise InputError(f"`{argument}` is no readable {ending} file: {str(path)!r} ({said}){advice}") from error
    check_names(names, argument)
    return table


def read_interactions(
    path: str | Path,
    *,
    rating_range: tuple[float, float] | None = None,
    min_rating: float | None = None,
    argument: str = "interactions",
) -> Interactions:
    """The checked interactions in a file; see `read_table` and `Interactions.from_frame` for rules and errors."""
    frame = read_table(path, argument=argument)
    return Interactions.from_frame(frame, rating_range=rating_range, min_rating=min_rating, argument=argument)


def read_items(path: str | Path, *, argument: str = "items") -> Items:
    """The checked items in a file; see `read_table` and `Items.from_frame` for rules and errors."""
    return Items.from_frame(read_table(path, argument=argument), argument=argument)


def read_users(path: str | Path, *, argument: str = "users") -> Users:
    """The checked users in a file; see `read_table` and `Users.from_frame` for rules and errors."""
    return Users.from_frame(read_table(path, argument=argument), argument=argument)


def _read_text(path: Path, **options: Any) -> tuple[list[str], pd.DataFrame]:
    """The names in the first line as they stand there, without empty ones, and the table, where all are distinct."""
    how = {**options, "keep_default_na": False, "index_col": False, "encoding": "utf-8-sig"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas would cut a row with too many cells
        table: pd.DataFrame = pd.read_csv(
            path,
            dtype={USER_ID: str, ITEM_ID: str},
            na_values=[""],
            low_memory=False,
            **how,
        )
        first = pd.read_csv(path, header=None, nrows=1, dtype=str, **how)
    return [str(name) for name in first.iloc[0] if name], table
