"""Asking for more of a genre: how its share of the top 20 rises, and what that costs in NDCG@20.

    python benchmarks/steering.py
    python benchmarks/steering.py --data FOLDER --collections ml-1m:genres,lastfm-2k:tags

A synthetic world and MovieLens-100K (needs the assets of `tfcold demo`), and collections on disk (see README.md for the
files of one) with the column that holds their genres. Users and genres are cut in two halves by the seed. The strength
is chosen on one half of both: the largest that keeps more than 0.9 of NDCG@20 for every single genre. What it does is
reported on users and genres of the other half, that it was not chosen on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from common import write_results
from quality_parts.collection import find_collections, read_collection
from quality_parts.tasks import items_task

import tfcold
from tfcold.data import Dataset, synthetic_world
from tfcold.demo import movielens_tables
from tfcold.export import export
from tfcold.serving import Recommender
from tfcold.splits import Split, cold_item
from tfcold.steering import Steering
from tfcold.training import Settings, fit
from tfcold.workflow import Tables, Words, build_features

STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
KEPT = 0.9  # of NDCG@20, at least
K = 20
FEWEST = 40  # items of a genre
MOST = 24  # genres, those of most items
USERS = 1_000  # at most, both halves together
_NO_GENRES = (  # what listeners also write on artists
    "seen live,favorites,favourites,favorite,favorite artists,awesome,love,beautiful,sexy,cool,good,amazing,all,catchy,"
    "american,british,uk,usa,german,japanese,swedish,canadian,female,male,female vocalists,female vocalist,"
    "male vocalists,male vocalist,guitar,piano,60s,70s,80s,90s,00s"
)
NO_GENRES = frozenset(_NO_GENRES.split(","))


def main() -> None:
    args = parsed()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        bundles = args.bundles or Path(scratch)
        if args.data is None:
            tables = Tables(*synthetic_world(num_users=400, num_items=500, rows_per_user=25, seed=args.seed))
            split, recommender = bundle_of(tables, Words(encoders=["lexical"]), bundles / "world", args.seed)
            figures["synthetic"] = chosen(split, recommender, genres_of(tables.items.frame, "genre", 1), args.seed)
            tables = movielens_tables()
            split, recommender = bundle_of(tables, Words(), bundles / "films", args.seed)
            figures["films"] = chosen(split, recommender, genres_of(tables.items.frame, "genres", FEWEST), args.seed)
            print(write_results("steering", figures, seed=args.seed, out=args.out))
            return
        columns = dict(pair.split(":") for pair in args.collections.split(","))
        for folder in find_collections(args.data, list(columns)):
            collection = read_collection(folder)
            split = items_task(collection).split
            words = Words(item_vectors=collection.vectors)
            recommender = fitted(split, words, bundles / folder.name, args.seed, {"text": "minilm"})
            genres = genres_of(split.dataset.items.frame, columns[folder.name], FEWEST)
            figures[folder.name] = chosen(split, recommender, genres, args.seed)
            print(write_results("steering_collections", figures, seed=args.seed, out=args.out), flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of collections (default: synthetic and MovieLens-100K)")
    parser.add_argument("--collections", help="NAME:COLUMN of genres, with commas; needed with --data")
    parser.add_argument("--bundles", type=Path, help="folder to keep bundles in; those that are there are not fitted")
    parser.add_argument("--out", type=Path, help="JSON to write (default: under results)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.data is not None and not args.collections:
        parser.error("--data needs --collections NAME:COLUMN")
    return args


def bundle_of(tables: Tables, words: Words, folder: Path, seed: int) -> tuple[Split, Recommender]:
    """A bundle fitted in closed form on a split with held-out items."""
    split = cold_item(Dataset.from_tables(tables.interactions, tables.items, tables.users), seed=seed)
    return split, fitted(split, words, folder, seed)


def fitted(split: Split, words: Words, folder: Path, seed: int, named: Mapping[str, str] | None = None) -> Recommender:
    """A bundle fitted in closed form, with its encoders; `named` has those of blocks that came from files.

    One that is there already is opened as it is.
    """
    if folder.is_dir():
        return tfcold.load(folder)
    encoded = build_features(split, words)
    trained = fit(split, encoded.features, Settings(epochs=0, seed=seed))
    encoders = {name: one for name, one in encoded.encoders.items() if name in encoded.features.items}
    items = split.dataset.items.frame
    export(trained, folder, items=items, features=encoded.features, encoders={**encoders, **(named or {})})
    return tfcold.load(folder)


def genres_of(items: pd.DataFrame, column: str, fewest: int) -> dict[str, set[str]]:
    """Items of every genre, by the name that somebody would type; the most frequent ones."""
    names = items.assign(genre=items[column].fillna("").str.lower().str.split(", ")).explode("genre")
    found = {str(genre): set(ids) for genre, ids in names.groupby("genre")["item_id"] if len(ids) >= fewest}
    found = {genre: ids for genre, ids in found.items() if genre and genre not in NO_GENRES}
    most = sorted(found, key=lambda genre: (-len(found[genre]), genre))[:MOST]
    return {{"sci-fi": "science fiction"}.get(genre, genre): found[genre] for genre in most}


def chosen(split: Split, recommender: Recommender, genres: Mapping[str, set[str]], seed: int) -> dict[str, Any]:
    """The strength chosen on one half of users and genres, and what every strength does on the other half."""
    draw = np.random.default_rng(seed)
    truth = wanted(split)
    users = [str(user) for user in draw.permutation(sorted(truth))[:USERS]]
    names = [str(name) for name in draw.permutation(sorted(genres))]
    halves = [
        measured(
            recommender, {user: truth[user] for user in users[at::2]}, {name: genres[name] for name in names[at::2]}
        )
        for at in (0, 1)
    ]
    able = [strength for strength, row in halves[0]["strengths"].items() if row["least_ndcg_kept"] > KEPT]
    best = max(able, key=float, default=None)
    print("chosen", best, flush=True)
    return {"chosen_strength": best and float(best), "chosen_on": halves[0], "reported_on": halves[1]}


@dataclass(frozen=True)
class Once:
    """`Steering(more=[genre], strength=strength)` with the genre's direction float32 [1, D] at hand."""

    direction: npt.NDArray[np.float32]
    strength: float
    hidden = np.empty(0, object)

    def directions(self, recommender: Recommender) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """As `Steering.directions`."""
        return self.direction, np.array([self.strength], np.float32)


def wanted(split: Split) -> dict[str, set[str]]:
    """Held-out items of each user, warm and cold."""
    found: dict[str, set[str]] = {}
    for rows in (split.test[name] for name in ("warm", "cold_item") if name in split.test):
        users = split.dataset.user_ids.ids_of(split.dataset.user_rows[rows])
        items = split.dataset.item_ids.ids_of(split.dataset.item_rows[rows])
        for user, item in zip(users, items, strict=True):
            found.setdefault(str(user), set()).add(str(item))
    return found


def ndcg(lists: pd.DataFrame, truth: Mapping[str, set[str]]) -> float:
    """Mean NDCG@20 over users with held-out rows."""
    hits = [item in truth[user] for user, item in zip(lists["user_id"], lists["item_id"], strict=True)]
    gains = pd.Series(np.array(hits) / np.log2(lists["rank"].to_numpy() + 1)).groupby(lists["user_id"].to_numpy()).sum()
    ideals = np.cumsum(1 / np.log2(np.arange(2, K + 2)))
    return float(np.mean([gains[user] / ideals[min(K, len(items)) - 1] for user, items in truth.items()]))


def measured(
    recommender: Recommender, truth: Mapping[str, set[str]], genres: Mapping[str, Iterable[str]]
) -> dict[str, Any]:
    """Share of a genre before and after, and the share of NDCG@20 that is kept, by strength; mean over genres."""
    users = list(truth)
    directions = {genre: Steering(more=[genre]).directions(recommender)[0] for genre in genres}
    before = recommender.recommend(users, k=K)
    base = ndcg(before, truth)
    strengths = {}
    for strength in STRENGTHS:
        rows = {}
        for genre, items in genres.items():
            after = recommender.recommend(users, k=K, steer=Once(directions[genre], strength))
            rows[genre] = {
                "share_before": round(float(before["item_id"].isin(items).mean()), 4),
                "share_after": round(float(after["item_id"].isin(items).mean()), 4),
                "ndcg_kept": round(ndcg(after, truth) / base, 4),
            }
        table = pd.DataFrame(rows).T
        strengths[str(strength)] = {
            **{name: round(float(value), 4) for name, value in table.mean().items()},
            "least_ndcg_kept": float(table["ndcg_kept"].min()),
            "genres_raised": int((table["share_after"] > table["share_before"]).sum()),
            "genres": rows,
        }
        print(strength, {key: one for key, one in strengths[str(strength)].items() if key != "genres"}, flush=True)
    return {"users": len(users), "genres": len(genres), "ndcg_at_20_before": round(base, 4), "strengths": strengths}


if __name__ == "__main__":
    main()
