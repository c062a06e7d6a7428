"""A folder of tables with a fixed split -> checked tables and ready vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from tfcold.columns import ITEM_ID, TIMESTAMP, USER_ID, WEIGHT_COLUMNS
from tfcold.data import Interactions, Items, Users
from tfcold.data.readers import read_items, read_table, read_users
from tfcold.errors import InputError
from tfcold.text import TextVectors
from tfcold.workflow import read_item_vectors

INTERACTIONS: Final = "interactions.csv.gz"
ITEMS: Final = "items.csv.gz"
USERS: Final = "users.csv.gz"
COLD_USERS: Final = "cold_users.csv.gz"
SPLIT: Final = "split"
ORDER: Final = "order"
PARTS: Final = ("train", "warm_val", "warm_test", "cold_val", "cold_test")
TEXT_FILES: Final = ("minilm", "text")  # vectors of the words: block `text`, in place of the encoder


@dataclass(frozen=True)
class Collection:
    """A collection as published with its split.

    Args:
        name: str. The folder's.
        rows: frame `user_id, item_id[, timestamp][, weight], split`, distinct pairs.
        items: every item, cold ones too.
        users: words of users, or None.
        vectors: ready vectors by block name.
        cold_users: frame `user_id, item_id, order`, or None: users to hold out entirely, and how they are revealed.
    """

    name: str
    rows: pd.DataFrame
    items: Items
    users: Users | None
    vectors: dict[str, TextVectors]
    cold_users: pd.DataFrame | None

    def part(self, *names: str) -> Interactions:
        """The interactions of some parts of the split."""
        return Interactions.from_frame(self.rows[self.rows[SPLIT].isin(names)].drop(columns=SPLIT))


def find_collections(data: Path, names: Sequence[str] | None = None) -> list[Path]:
    """Folders of collections under `data`, sorted, or those of the names.

    Raises:
        InputError: there is none, or a name that is none.
    """
    there = {path.parent.name: path.parent for path in sorted(data.glob(f"*/{INTERACTIONS}"))}
    if not there:
        raise InputError(f"`--data` must hold folders with {INTERACTIONS}; {str(data)!r} has none")
    for name in names or ():
        if name not in there:
            raise InputError(f"`--collections` must be among {', '.join(there)}; received {name!r}")
    return [there[name] for name in names or there]


def read_collection(folder: Path, *, encode: bool = False) -> Collection:
    """The collection in a folder.

    Args:
        folder: holds `interactions.csv.gz` with a column `split`, `items.csv.gz`, and may hold `*.npy`, row i of which
            belongs to row i of the items, `users.csv.gz` and `cold_users.csv.gz`.
        encode: bool, default False. Whether the package's own encoder makes block `text`, whatever file there is.

    Raises:
        InputError: a file lacks a column, or breaks a rule of its reader.
    """
    rows = _columns(folder / INTERACTIONS, (USER_ID, ITEM_ID, SPLIT), (TIMESTAMP, *WEIGHT_COLUMNS))
    unknown = sorted(set(rows[SPLIT]) - set(PARTS))
    if unknown:
        raise InputError(f"`{SPLIT}` of {folder / INTERACTIONS} must be one of {', '.join(PARTS)}; received {unknown}")
    items = read_items(folder / ITEMS, argument="items")
    files = {("text" if path.stem in TEXT_FILES else path.stem): path for path in sorted(folder.glob("*.npy"))}
    if encode:
        files.pop("text", None)
    users = read_users(folder / USERS, argument="users") if (folder / USERS).is_file() else None
    cold = None
    if (folder / COLD_USERS).is_file():
        cold = _columns(folder / COLD_USERS, (USER_ID, ITEM_ID, ORDER))
        cold[ORDER] = cold[ORDER].astype(int)
    return Collection(folder.name, rows, items, users, read_item_vectors(files, items, argument="vectors"), cold)


def _columns(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> pd.DataFrame:
    frame = read_table(path, argument=path.name)
    missing = [column for column in needed if column not in frame.columns]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; its columns are {', '.join(map(str, frame.columns))}")
    frame = frame[[*needed, *(column for column in optional if column in frame.columns)]]
    return frame.drop_duplicates([USER_ID, ITEM_ID], ignore_index=True)
