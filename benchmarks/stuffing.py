"""How far does a title stuffed with keywords rise in the lists, for an item that nobody has touched?

    python benchmarks/stuffing.py
    python benchmarks/stuffing.py --encoder minilm --items 30

On the synthetic world, every chosen cold item is listed several times: once as it is, and once for each way of
stuffing its title. None of the twins has an interaction, so words alone place them. All users' lists over the whole
catalogue then say what a twin gains over the honest one.

    python benchmarks/stuffing.py --data FOLDER --collections ml-1m,amazon-beauty

How many honest and stuffed titles of real catalogues does `tfcold add-items` warn of? A fifth of the items play new
ones, once as they are and once in each way; the others are the catalogue.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from common import write_results
from quality_parts.collection import INTERACTIONS, ITEMS, find_collections

from tfcold.columns import ITEM_ID, RANK, USER_ID
from tfcold.data import Dataset, read_items, synthetic_world
from tfcold.splits import Split, cold_item
from tfcold.text import stuffed_texts
from tfcold.training import Settings, fit
from tfcold.workflow import Words, build_features

TOP: Final = 20
HONEST: Final = "honest"


def main() -> None:
    args = parsed()
    if args.data is not None:
        names = args.collections and args.collections.split(",")
        figures = {folder.name: warned_of(folder, args.seed) for folder in find_collections(args.data, names)}
        print(write_results("stuffing_warnings", figures, seed=args.seed, out=args.out))
        return
    interactions, items, _ = synthetic_world(args.users, args.catalogue, seed=args.seed, rows_per_user=20)
    plain = cold_item(Dataset.from_tables(interactions, items), seed=args.seed)
    drawn = cold_items(plain, args.items, args.seed)
    ways = stuffed_titles(plain, drawn)
    twins = twin_rows(items.frame, drawn, ways)
    table = pd.concat([items.frame, twins.drop(columns="way")], ignore_index=True)
    split = cold_item(Dataset.from_tables(interactions, table), seed=args.seed)
    features = build_features(split, Words(encoders=args.encoder.split(","), item_text=["title"])).features
    model = fit(split, features, Settings(epochs=0, seed=args.seed))
    users = [user for user in split.dataset.user_ids.ids if split.warm_users[split.dataset.user_ids.rows([user])[0]]]
    lists = model.recommend(users, k=len(table)).merge(twins[[ITEM_ID, "way"]], on=ITEM_ID)
    figures = {
        "encoder": args.encoder, "users": len(users), "catalogue": len(table), "cold_items": len(drawn),
        "ways": gains(lists),
    }  # fmt: skip
    for way, row in figures["ways"].items():
        print(way, {name: round(value, 4) for name, value in row.items()}, flush=True)
    print(write_results("stuffing", figures, seed=args.seed, out=args.out))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--catalogue", type=int, default=240, help="items of the world, twins not counted")
    parser.add_argument("--items", type=int, default=20, help="cold items with twins")
    parser.add_argument("--encoder", default="lexical", help="who reads the titles: lexical, minilm, or both")
    parser.add_argument("--data", type=Path, help="folder of collections: count warnings instead")
    parser.add_argument("--collections", help="names, with commas; default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def cold_items(split: Split, number: int, seed: int) -> list[str]:
    """Items with words and without a training row."""
    ids = split.dataset.items.frame[ITEM_ID].to_numpy()
    cold = ids[~split.warm_items[split.dataset.item_ids.rows(ids)]]
    return [str(item) for item in np.random.default_rng(seed).permutation(cold)[:number]]


def stuffed_titles(split: Split, drawn: list[str]) -> dict[str, dict[str, str]]:
    """Title by item, for each way: what somebody could write who sees the shop, and nothing else of it."""
    frame = split.dataset.interactions.frame.iloc[split.train]
    return ways_to_stuff(split.dataset.items.frame.set_index(ITEM_ID)["title"], frame[ITEM_ID], drawn)


def ways_to_stuff(titles: pd.Series, touched: pd.Series, drawn: list[str]) -> dict[str, dict[str, str]]:
    """The same of titles by item, and of the items of all interactions."""
    best = touched.value_counts().index[:10]
    common = " ".join(pd.Series(" ".join(titles).lower().split()).value_counts().index[:40])
    return {
        HONEST: {item: titles[item] for item in drawn},
        "own words five times": {item: " ".join([titles[item]] * 5) for item in drawn},
        "titles of the ten best sellers": {item: " ".join([titles[item], *titles[best]]) for item in drawn},
        "titles of the three best sellers": {item: " ".join([titles[item], *titles[best[:3]]]) for item in drawn},
        "the forty most frequent words": {item: f"{titles[item]} {common}" for item in drawn},
    }


def warned_of(folder: Path, seed: int) -> dict[str, float]:
    """Share of items that are warned of, by way."""
    items = read_items(folder / ITEMS).frame
    items = items.rename(columns={"artist": "title"})
    touched = pd.read_csv(folder / INTERACTIONS, dtype=str)[ITEM_ID]
    titles = items.set_index(ITEM_ID)["title"].fillna("")
    new = np.random.default_rng(seed).random(len(items)) < 0.2
    drawn = [str(item) for item in items.loc[new, ITEM_ID]]
    known = items[~new]
    touched = touched[touched.isin(set(known[ITEM_ID]))]
    shares = {"items": float(len(drawn))}
    for way, stuffed in ways_to_stuff(titles, touched, drawn).items():
        found = stuffed_texts(pd.DataFrame({ITEM_ID: drawn, "title": [stuffed[item] for item in drawn]}), known)
        shares[way] = found[ITEM_ID].nunique() / len(drawn)
    honest = stuffed_texts(items[new], known)
    shares["honest, all columns"] = honest[ITEM_ID].nunique() / len(drawn)
    print(folder.name, shares, flush=True)
    return shares


def twin_rows(frame: pd.DataFrame, drawn: list[str], ways: dict[str, dict[str, str]]) -> pd.DataFrame:
    """A row of the items table for each item and way, with a column `way`."""
    rows = []
    for number, (way, titles) in enumerate(ways.items()):
        part = frame[frame[ITEM_ID].isin(drawn)].copy()
        part["title"] = part[ITEM_ID].map(titles)
        part[ITEM_ID] = part[ITEM_ID] + f"-twin{number}"
        rows.append(part.assign(way=way))
    return pd.concat(rows, ignore_index=True)


def gains(lists: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Mean rank, share of lists that have a twin in their first 20, and what both gain over the honest twin."""
    lists = lists.assign(item=lists[ITEM_ID].str.rpartition("-twin")[0], shown=lists[RANK] <= TOP)
    keys = [USER_ID, "item"]
    honest = lists.loc[lists["way"] == HONEST, [*keys, RANK]]
    found: dict[str, dict[str, float]] = {}
    for way, part in lists.groupby("way", sort=False):
        beside = part.merge(honest, on=keys, suffixes=("", "_honest"))
        rise = beside[f"{RANK}_honest"] - beside[RANK]
        found[str(way)] = {
            "mean_rank": float(beside[RANK].mean()),
            "mean_rise": float(rise.mean()),
            "share_of_lists_that_rise": float((rise > 0).mean()),
            "share_in_top_20": float(beside["shown"].mean()),
        }
    return found


if __name__ == "__main__":
    main()
