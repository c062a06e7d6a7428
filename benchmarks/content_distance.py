"""How far do words carry new items, and what would carry them further? Richer words, and a prior learned or told.

    python benchmarks/content_distance.py --data FOLDER --collections ml-1m --names director,actors \
        --ndcg 0.5413 --recall 0.2806

The recipe is fitted as it is, then with other words, each name and the year as one token. A prior is added to what it
scores: the logarithm of how often items are chosen as ridge regression learns it from the vectors; and one that nobody
has, how often each new item was chosen in the rows that are to be found. Its weight is chosen on cold validation
rows. `--ndcg` and `--recall` are a published pair on the same cold items; each line says the share of the
distance from the recipe to it that is closed.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from common import write_results
from quality_parts.ablated import without
from quality_parts.collection import Collection, find_collections, read_collection
from quality_parts.tasks import Task, items_task

import tfcold
from tfcold.data import Items
from tfcold.ranking import Queries, Scorer
from tfcold.splits import Split
from tfcold.training import Settings, TrainedModel, fit
from tfcold.training.ridge import ridge_maps

Floats = npt.NDArray[np.float32]

WEIGHTS: Final = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of a prior, in standard deviations of the recipe's scores
PENALTIES: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
NOT_WORDS: Final = re.compile(r"\W+")
YEAR: Final = re.compile(r"\((\d{4})\)\s*$")


@dataclass
class WithPrior:
    """What a scorer says, plus a number for each item.

    Args:
        scorer: what is added to, or None for the prior alone.
        prior: float32 [I + 1].
    """

    scorer: Scorer | None
    prior: Floats
    name: str = "with a prior"

    def scores(self, queries: Queries, item_rows: npt.NDArray[np.int32]) -> Floats:
        prior = np.broadcast_to(self.prior[item_rows], (len(queries.user_rows), len(item_rows)))
        return prior if self.scorer is None else self.scorer.scores(queries, item_rows) + prior


def figures_of(scorer: Scorer, split: Split, part: str = "test") -> dict[str, float]:
    found = tfcold.evaluate(scorer, split, part=part, regimes=["cold_item"], k=20)
    return {metric: round(float(found.mean("cold_item", metric)), 4) for metric in ("ndcg@20", "recall@20")}


def with_tokens(collection: Collection, names: list[str]) -> Collection:
    """Another column of words: every name of these columns, and the year of the title, as one token each."""
    frame = collection.items.frame
    tokens = [
        " ".join([*(token for name in names for token in _tokens(name, row[name])), *_year(row)])
        for _, row in frame.fillna(dict.fromkeys(names, "")).iterrows()
    ]
    return replace(collection, items=Items.from_frame(frame.assign(tokens=tokens)))


def _tokens(column: str, names: object) -> list[str]:
    found = (NOT_WORDS.sub("_", one.strip().lower()) for one in str(names).split(","))
    return [f"{column}_{one}" for one in found if one]


def _year(row: pd.Series) -> list[str]:
    found = YEAR.search(str(row.get("title", "")))
    return [f"year_{found[1]}", f"decade_{found[1][:3]}"] if found else []


def chosen_times(split: Split, part: str) -> Floats:
    """How often each item is to be found among the cold rows of a part, as log(1 + n)."""
    rows = (split.validation if part == "validation" else split.test)["cold_item"]
    counts = np.bincount(split.dataset.item_rows[rows], minlength=len(split.warm_items))
    return np.log1p(counts).astype(np.float32)


def learned_times(task: Task) -> list[Floats]:
    """For each penalty, the logarithm of how often items are chosen, told from their vectors by ridge regression."""
    split, blocks = task.split, task.features.items.values()
    centred = [block.mask[:, None] * (block.vectors - block.vectors[block.mask].mean(axis=0)) for block in blocks]
    features = np.concatenate(centred, axis=1).astype(np.float32)
    target = np.log1p(split.item_counts).astype(np.float32)
    warm = split.warm_items
    maps = ridge_maps(features[warm], [(target - target[warm].mean())[warm, None]], PENALTIES)
    return [(features @ found[0])[:, 0] for found in maps]


def spread_of(scorer: Scorer, split: Split) -> float:
    """The standard deviation of scores among cold items, of some users."""
    items = np.unique(split.dataset.item_rows[split.validation["cold_item"]]).astype(np.int32)
    users = np.flatnonzero(split.warm_users)[:500].astype(np.int32)
    histories = split.train_matrix().tocsr()[users]
    return float(scorer.scores(Queries(users, histories), items).std(axis=1).mean())


def best_with(scorer: Scorer, split: Split, priors: list[Floats], truth: Floats | None = None) -> dict[str, Any]:
    """Test figures with the prior and the weight of the highest NDCG@20 on cold validation rows.

    Args:
        truth: float32 [I + 1] or None. The prior of the test, where it is not that of validation.
    """
    spread = spread_of(scorer, split)
    options = [(place, weight) for place in range(len(priors)) for weight in WEIGHTS]
    measured = {
        (place, weight): figures_of(WithPrior(scorer, weight * spread * priors[place]), split, "validation")["ndcg@20"]
        for place, weight in options
    }
    place, weight = max(options, key=lambda option: measured[option])
    prior = priors[place] if truth is None else truth
    return {**figures_of(WithPrior(scorer, weight * spread * prior), split), "weight": weight}


def settled(trained: TrainedModel) -> Settings:
    """Settings that leave the teacher of warm items as it was chosen."""
    names = ("teacher", "dim", "penalty", "ease_dim", "ease_weight", "ials_penalty", "ials_alpha")
    return Settings(**{name: getattr(trained.settings, name) for name in names}, seed=trained.settings.seed)


def measured(collection: Collection, names: list[str], seed: int) -> dict[str, dict[str, Any]]:
    task = items_task(collection)
    split, found = task.split, {}

    def said(name: str, figures: Mapping[str, Any]) -> None:
        found[name] = dict(figures)
        print(f"{collection.name}: {name}: {found[name]}", flush=True)

    told = {part: chosen_times(split, part) for part in ("validation", "test")}
    said("told how often new items are chosen, nothing else", figures_of(WithPrior(None, told["test"]), split))
    recipe = fit(split, task.features, Settings(seed=seed))
    said("the recipe", figures_of(recipe, split))
    said("and a prior learned from the vectors", best_with(recipe, split, learned_times(task)))
    said("and told how often new items are chosen", best_with(recipe, split, [told["validation"]], told["test"]))
    for name, dropped in (("sentence vectors alone", "lexical"), ("lexical vectors alone", "text")):
        if not {"lexical", "text"} <= task.features.items.keys():
            break
        said(name, figures_of(fit(split, without(dropped)(task.features), settled(recipe)), split))
    if names:
        richer = items_task(with_tokens(collection, names))
        said("names and years as tokens, too", figures_of(fit(richer.split, richer.features, settled(recipe)), split))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="see benchmarks/README.md")
    parser.add_argument("--collections", type=lambda text: text.split(","), help="names with commas (default: all)")
    parser.add_argument("--names", type=lambda text: text.split(","), default=[], help="columns of names with commas")
    parser.add_argument("--ndcg", type=float, help="published NDCG@20 on the cold items")
    parser.add_argument("--recall", type=float, help="published Recall@20 on the cold items")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write the figures (default: results/content_distance.json)")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    for folder in find_collections(asked.data, asked.collections):
        lines = measured(read_collection(folder), asked.names, asked.seed)
        for metric, published in (("ndcg@20", asked.ndcg), ("recall@20", asked.recall)):
            start = lines["the recipe"][metric]
            for line in lines.values() if published else ():
                line[f"closed, {metric}"] = round((line[metric] - start) / (published - start), 3)
        published = {"ndcg@20": asked.ndcg, "recall@20": asked.recall}
        figures[f"on-{folder.name}"] = {"published": published, "systems": lines}
    print(write_results("content_distance", figures, seed=asked.seed, out=asked.out))


if __name__ == "__main__":
    main()
