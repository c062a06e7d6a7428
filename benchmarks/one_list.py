"""Do new items get the places in lists that they have of what users do, and what does that cost?

Takes MovieLens-100K, makes a share of the films new (all their rows leave training), and judges on the same random
fifth of the rows of new and of known films, so that new films have of the test rows what they have of all. tfcold is
fitted without validation rows, once as it comes (`one_list="demand"`) and once by the rows that it holds out inside
(`one_list="validation"`), which are all rows of some items and few of the others.

    python benchmarks/one_list.py [--new 0.05,0.2] [--seeds 0,1,2]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from common import write_results

from tfcold import splits
from tfcold.baselines import EASE, Popularity
from tfcold.data import Dataset, Items
from tfcold.demo import movielens_tables
from tfcold.evaluation import evaluate
from tfcold.ranking import Scorer
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.workflow import Words, build_features

TEST_SHARE: Final = 0.2
PENALTY: Final = 300.0  # of EASE, as the demo chooses it
SLICES: Final = ("warm", "cold_item", "all")


def natural_split(rows: pd.DataFrame, items: Items, new_share: float, seed: int) -> Split:
    """Some items are new; of new and known ones alike, a fifth of the rows is to be found."""
    random = np.random.default_rng(seed)
    ids = items.frame["item_id"].to_numpy()
    is_new = rows["item_id"].isin(set(random.choice(ids, int(new_share * len(ids)), replace=False))).to_numpy()
    tested = random.random(len(rows)) < TEST_SHARE
    train, test = rows[~is_new & ~tested], rows[tested]
    dataset = Dataset.from_tables(train, items)
    return splits.given(dataset, test=test[test["user_id"].isin(set(train["user_id"]))])


def systems(split: Split, seed: int) -> Iterator[tuple[str, Scorer]]:
    yield "popularity", Popularity().fit(split)
    yield "EASE", EASE(PENALTY).fit(split)
    features = build_features(split, Words()).features
    for how in ("demand", "validation"):
        yield f"tfcold, by {how}", fit(split, features, Settings(one_list=how, seed=seed))


def figures_of(scorer: Scorer, split: Split) -> dict[str, float]:
    found = evaluate(scorer, split)
    figures = {f"ndcg@20 {name}": round(found.mean(name, "ndcg@20"), 4) for name in SLICES}
    for name in ("cold_share", "cold_target_share"):
        figures[name] = round(found.mean("all", f"{name}@20"), 4)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new", type=lambda text: [float(one) for one in text.split(",")], default=[0.05, 0.2])
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[0, 1, 2])
    asked = parser.parse_args()
    tables = movielens_tables()
    figures: dict[str, Any] = {}
    for share in asked.new:
        found = [
            pd.DataFrame({name: figures_of(one, split) for name, one in systems(split, seed)})
            for seed in asked.seeds
            for split in [natural_split(tables.interactions.frame, tables.items, share, seed)]
        ]
        mean = sum(found[1:], found[0]) / len(found)
        print(f"{share:.0%} of the films are new\n{mean.T.round(3).to_string()}")
        figures[f"{share:g} new"] = {name: dict(column.round(4)) for name, column in mean.items()}
    print(write_results("one_list", {"seeds": asked.seeds, **figures}, seed=asked.seeds[0]))


if __name__ == "__main__":
    main()
