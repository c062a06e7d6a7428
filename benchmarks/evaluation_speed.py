"""How much faster is `evaluate` than `tfrs.metrics.FactorizedTopK` on the same vectors and rows?

Both see the same two towers' vectors (random, float32) and the same held-out rows, and give their figures at the same
cut-offs. FactorizedTopK runs as its documentation shows: a dataset of candidates in batches of 128, rows in batches of
4096, inside `tf.function`, traced and warmed up before the clock starts. It ranks once a row and masks nothing;
`evaluate` ranks once a user, masks what was seen, and also gives NDCG, MRR and the measures of lists.

    python benchmarks/evaluation_speed.py [--users 6000] [--items 3000] [--dim 128] [--rows-per-user 16] [--seed 0]
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import pandas as pd
from common import write_results

import tfcold._keras  # noqa: F401  settles Keras before TFRS asks for it
from tfcold.data.dataset import Dataset
from tfcold.evaluation import evaluate
from tfcold.ranking import Queries, Rows, Scores
from tfcold.splits.split import Split

KS = (1, 5, 10, 50, 100)  # FactorizedTopK's default


class DotProduct:
    """Scores by the dot product of two tables of vectors."""

    name = "dot product"

    def __init__(self, users: Scores, items: Scores) -> None:
        self.users, self.items = users, items

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        return self.users[queries.user_rows] @ self.items[item_rows].T


def world(num_users: int, num_items: int, rows_per_user: int, seed: int) -> Split:
    """Every user with ten times `rows_per_user` distinct items, a tenth of the rows held out; every item is warm."""
    random = np.random.default_rng(seed)
    per_user = 10 * rows_per_user
    items = np.argpartition(random.random((num_users, num_items), np.float32), per_user, axis=1)[:, :per_user]
    held = np.zeros((num_users, per_user), bool)
    held[:, :rows_per_user] = True
    frame = pd.DataFrame(
        {
            "user_id": np.repeat(np.arange(num_users), per_user).astype(str),
            "item_id": items.reshape(-1).astype(str),
        }
    )
    dataset = Dataset.from_tables(frame, pd.DataFrame({"item_id": np.arange(num_items).astype(str)}))
    return Split(
        dataset=dataset,
        train=np.flatnonzero(~held.reshape(-1)),
        validation={},
        test={"warm": np.flatnonzero(held.reshape(-1))},
        revealed=np.zeros(0, np.int64),
        protocol="benchmark",
        seed=seed,
        parameters={},
    )


def seconds_of_tfrs(users: Scores, items: Scores, split: Split) -> float:
    """Seconds of one pass of FactorizedTopK over the test rows, after one batch to warm up."""
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    positions = split.test["warm"]
    user_rows, item_rows = split.dataset.user_rows[positions], split.dataset.item_rows[positions]
    candidates = tf.data.Dataset.from_tensor_slices(items[1:]).batch(128)
    metric = tfrs.metrics.FactorizedTopK(candidates=candidates)
    rows = tf.data.Dataset.from_tensor_slices((users[user_rows], items[item_rows])).batch(4096).cache()

    @tf.function
    def update(queries: tf.Tensor, truths: tf.Tensor) -> None:
        metric.update_state(queries, truths)

    batches = list(rows)  # fills the cache
    for queries, truths in (batches[0], batches[-1]):  # traces both shapes
        update(queries, truths)
    metric.reset_states()
    start = time.perf_counter()
    for queries, truths in rows:
        update(queries, truths)
    return time.perf_counter() - start


def seconds_of_tfcold(users: Scores, items: Scores, split: Split, repeats: int = 3) -> float:
    """The median of a few full calls of `evaluate`."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        evaluate(DotProduct(users, items), split, regimes=["warm"], k=KS)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"users": 6000, "items": 3000, "dim": 128, "rows-per-user": 16, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    split = world(asked.users, asked.items, asked.rows_per_user, asked.seed)
    random = np.random.default_rng(asked.seed)
    users = random.normal(size=(len(split.dataset.user_ids) + 1, asked.dim)).astype(np.float32)
    items = random.normal(size=(len(split.dataset.item_ids) + 1, asked.dim)).astype(np.float32)

    ours = seconds_of_tfcold(users, items, split)
    theirs = seconds_of_tfrs(users, items, split)
    figures = {
        "users": asked.users,
        "items": asked.items,
        "dim": asked.dim,
        "rows": len(split.test["warm"]),
        "ks": list(KS),
        "factorized_top_k_seconds": round(theirs, 3),
        "evaluate_seconds": round(ours, 3),
        "ratio": round(theirs / ours, 1),
    }
    for name, value in figures.items():
        sys.stdout.write(f"{name:>26}  {value}\n")
    write_results("evaluation_speed", figures, seed=asked.seed)


if __name__ == "__main__":
    main()
