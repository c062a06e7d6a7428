"""Makes a collection whose users have words: Debian's packages, and the packages they depend on.

    python benchmarks/packages.py Packages.xz --out FOLDER/packages

`Packages` is an index of Debian (`dists/bookworm/main/binary-amd64/Packages.xz` of a mirror). Users are source
packages, described by one line and a section; items are packages that at least five of them depend on, recommend or
suggest, with their line, section and tags. A fifth of the items is held out, a fifth of the other rows, and 1,200 users
with at least twelve rows. The files are those that `quality.py --data FOLDER` reads.
"""

from __future__ import annotations

import argparse
import bz2
import email.parser
import gzip
import lzma
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from quality_parts.collection import COLD_USERS, INTERACTIONS, ITEMS, ORDER, SPLIT, USERS

from tfcold.columns import ITEM_ID, USER_ID
from tfcold.errors import InputError

RELATIONS: Final = ("Depends", "Recommends", "Suggests")
NO_USERS: Final = ("-dbg", "-dbgsym", "-data", "-common")  # ends of packages that depend on what their siblings do
LEAST: Final = 5  # rows of a user, and of an item
LEAST_OF_NEW: Final = 12  # rows of a user who is held out
NEW_USERS: Final = 1200
OPENERS: Final[dict[str, Callable[..., Any]]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path, help="a Packages file, plain, .xz, .gz or .bz2")
    parser.add_argument("--out", type=Path, required=True, help="folder of the collection")
    asked = parser.parse_args(arguments)
    packages = {stanza["Package"]: stanza for stanza in stanzas(asked.index)}
    rows = core(edges(packages))
    if rows.empty:
        raise InputError(f"{asked.index} has no packages of which {LEAST} depend on the same {LEAST}")
    rows = split(rows, np.random.default_rng(5))
    tables = {
        INTERACTIONS: rows,
        ITEMS: items(sorted(set(rows[ITEM_ID])), packages),
        USERS: users(sorted(set(rows[USER_ID])), packages),
        COLD_USERS: new_users(rows, np.random.default_rng(3)),
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(asked.out / name, index=False)
        print(f"{asked.out / name}: {len(table)} rows")


def stanzas(path: Path) -> Iterator[Mapping[str, str]]:
    """The fields of every package in an index."""
    parser = email.parser.HeaderParser()
    with OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as file:
        for stanza in file.read().split("\n\n"):
            if stanza.strip():
                yield dict(parser.parsestr(stanza.lstrip("\n")))


def source(package: Mapping[str, str]) -> str:
    """The source package that a package is built from."""
    return str(package.get("Source", package["Package"])).split()[0]


def edges(packages: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Distinct pairs: a source package, and a package of another one that it has a relation to."""
    found = {
        (source(package), named)
        for name, package in packages.items()
        if not name.endswith(NO_USERS)
        for relation in RELATIONS
        for part in str(package.get(relation, "")).split(",")
        if (named := re.split(r"[ (:\[|]", part.strip())[0]) in packages and source(packages[named]) != source(package)
    }
    return pd.DataFrame(sorted(found), columns=[USER_ID, ITEM_ID])


def core(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of users and items that have at least `LEAST`, all others left out."""
    while True:
        enough = [rows.groupby(name)[name].transform("size") >= LEAST for name in (USER_ID, ITEM_ID)]
        if len(rows) == 0 or (enough[0] & enough[1]).all():
            return rows
        rows = rows[enough[0] & enough[1]]


def split(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows with their part; those left out that training can say nothing of."""
    drawn = rng.permutation(np.array(sorted(set(rows[ITEM_ID])), object))
    fifteenth = len(drawn) // 15
    of_item = dict.fromkeys(drawn[:fifteenth], "cold_val") | dict.fromkeys(
        drawn[fifteenth : 3 * fifteenth], "cold_test"
    )
    lot = rng.random(len(rows))
    warm = np.select([lot < 0.1, lot < 0.2], ["warm_val", "warm_test"], "train")
    cold = rows[ITEM_ID].map(of_item)
    rows = rows.assign(**{SPLIT: cold.fillna(pd.Series(warm, rows.index))})
    train = rows[rows[SPLIT] == "train"]
    known = rows[ITEM_ID].isin(train[ITEM_ID]) | cold.notna()
    return rows[known & rows[USER_ID].isin(train[USER_ID])]


def items(names: Sequence[str], packages: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    fields = {"title": "Description", "section": "Section", "tags": "Tag"}
    columns = {
        to: [" ".join(str(packages[one].get(field, "")).split()) for one in names] for to, field in fields.items()
    }
    return pd.DataFrame({ITEM_ID: names, **columns})


def users(names: Sequence[str], packages: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Source packages with the words of their package of the shortest name."""
    built: dict[str, list[str]] = {}
    for name, package in packages.items():
        built.setdefault(source(package), []).append(name)
    shown = [packages[min(built[name], key=lambda one: (len(one), one))] for name in names]
    return pd.DataFrame(
        {
            USER_ID: names,
            "about": [" ".join(str(one.get("Description", "")).split()) for one in shown],
            "section": [str(one.get("Section", "")) for one in shown],
        }
    )


def new_users(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Users to hold out, with their rows of items that others know, in an order that is drawn."""
    warm = rows[~rows[SPLIT].str.startswith("cold")]
    sizes = warm.groupby(USER_ID).size()
    held = rng.permutation(sizes.index[sizes >= LEAST_OF_NEW].to_numpy(object))[:NEW_USERS]
    theirs = warm[warm[USER_ID].isin(set(held))]
    theirs = theirs.iloc[rng.permutation(len(theirs))]
    theirs = theirs.assign(**{ORDER: theirs.groupby(USER_ID).cumcount()})
    return theirs.sort_values([USER_ID, ORDER])[[USER_ID, ITEM_ID, ORDER]]


if __name__ == "__main__":
    main()
