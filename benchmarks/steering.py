"""Asking for more of a genre: how its share of the top 20 rises, and what that costs in NDCG@20.

`python benchmarks/steering.py`: a synthetic world and MovieLens-100K, every genre of at least 40 items, every user with
held-out rows, several strengths. Needs the assets of `tfcold demo`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import write_results

import tfcold
from tfcold.data import Dataset, synthetic_world
from tfcold.demo import movielens_tables
from tfcold.export import export
from tfcold.serving import Recommender
from tfcold.splits import Split, cold_item
from tfcold.steering import Steering
from tfcold.training import Settings, fit
from tfcold.workflow import Tables, Words, build_features

STRENGTHS = (0.1, 0.2, 0.3, 0.5, 1.0)
K = 20
FEWEST = 40  # items of a genre


def bundle_of(tables: Tables, words: Words, folder: Path, seed: int) -> tuple[Split, Recommender]:
    """A bundle fitted in closed form on a split with held-out items."""
    split = cold_item(Dataset.from_tables(tables.interactions, tables.items, tables.users), seed=seed)
    encoded = build_features(split, words)
    trained = fit(split, encoded.features, Settings(epochs=0))
    encoders = {name: one for name, one in encoded.encoders.items() if name in encoded.features.items}
    export(trained, folder, items=tables.items.frame, features=encoded.features, encoders=encoders)
    return split, tfcold.load(folder)


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


def measured(split: Split, recommender: Recommender, genres: Mapping[str, set[str]]) -> dict[str, Any]:
    """Share of a genre before and after, and the share of NDCG@20 that is kept, by strength; mean over genres."""
    truth = wanted(split)
    users = sorted(truth)
    before = recommender.recommend(users, k=K)
    base = ndcg(before, truth)
    strengths = {}
    for strength in STRENGTHS:
        rows = {}
        for genre, items in genres.items():
            after = recommender.recommend(users, k=K, steer=Steering(more=[genre], strength=strength))
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
        print(strength, {name: value for name, value in strengths[str(strength)].items() if name != "genres"})
    return {"users": len(users), "genres": len(genres), "ndcg_at_20_before": round(base, 4), "strengths": strengths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON to write (default: results/steering.json)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        tables = Tables(*synthetic_world(num_users=400, num_items=500, rows_per_user=25, seed=args.seed))
        split, recommender = bundle_of(tables, Words(encoders=["lexical"]), Path(scratch) / "world", args.seed)
        figures["synthetic"] = measured(split, recommender, genres_of(tables.items.frame, "genre", 1))
        tables = movielens_tables()
        split, recommender = bundle_of(tables, Words(), Path(scratch) / "films", args.seed)
        figures["films"] = measured(split, recommender, genres_of(tables.items.frame, "genres", FEWEST))
    print(write_results("steering", figures, seed=args.seed, out=args.out))


def genres_of(items: pd.DataFrame, column: str, fewest: int) -> dict[str, set[str]]:
    """Items of every genre, by the name that somebody would type."""
    names = items.assign(genre=items[column].fillna("").str.lower().str.split(", ")).explode("genre")
    found = {str(genre): set(ids) for genre, ids in names.groupby("genre")["item_id"] if len(ids) >= fewest}
    return {{"sci-fi": "science fiction"}.get(genre, genre): ids for genre, ids in found.items() if genre}


if __name__ == "__main__":
    main()
