"""A world of four users and six items, small enough to rank by hand."""

import numpy as np
import pandas as pd
import pytest

from tfcold.data.dataset import Dataset
from tfcold.ranking import Queries, Rows, Scores
from tfcold.splits.split import Split

# position, user, item; what the split makes of it
ROWS = [
    ("u1", "a"),  # 0 train
    ("u1", "b"),  # 1 train
    ("u2", "a"),  # 2 train
    ("u2", "c"),  # 3 train
    ("u3", "d"),  # 4 train
    ("u1", "c"),  # 5 test, warm
    ("u2", "b"),  # 6 test, warm
    ("u2", "d"),  # 7 test, warm
    ("u1", "x"),  # 8 test, cold_item
    ("u3", "y"),  # 9 test, cold_item
    ("u3", "a"),  # 10 validation, warm
    ("n1", "b"),  # 11 revealed
    ("n1", "c"),  # 12 test, cold_user
    ("n1", "x"),  # 13 test, cold_both
]


def positions(*rows: int) -> np.ndarray:
    return np.array(rows, np.int64)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    interactions = pd.DataFrame(ROWS, columns=["user_id", "item_id"])
    items = pd.DataFrame({"item_id": list("abcdxy"), "title": [f"Item {name}" for name in "abcdxy"]})
    return Dataset.from_tables(interactions, items)


@pytest.fixture(scope="session")
def split(dataset: Dataset) -> Split:
    return Split(
        dataset=dataset,
        train=positions(0, 1, 2, 3, 4),
        validation={"warm": positions(10)},
        test={
            "warm": positions(5, 6, 7),
            "cold_item": positions(8, 9),
            "cold_user": positions(12),
            "cold_both": positions(13),
        },
        revealed=positions(11),
        protocol="by hand",
        seed=None,
        parameters={},
    )


class ByOrder:
    """Lists everybody the same items in the same order: `a x d c b y`, whatever of it may be listed."""

    def __init__(self, dataset: Dataset, order: str = "axdcby", name: str = "by order") -> None:
        self.name = name
        self.points = np.zeros(len(dataset.item_ids) + 1, np.float32)
        self.points[dataset.item_ids.rows(list(order))] = np.arange(len(order), 0, -1)
        self.queries: list[Queries] = []

    def scores(self, queries: Queries, item_rows: Rows) -> Scores:
        self.queries.append(queries)
        return np.tile(self.points[item_rows], (len(queries), 1))


@pytest.fixture
def scorer(dataset: Dataset) -> ByOrder:
    return ByOrder(dataset)


@pytest.fixture
def backwards(dataset: Dataset) -> ByOrder:
    return ByOrder(dataset, "ybcdxa", "backwards")
