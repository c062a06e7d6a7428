"""pandas in, checked tables out.

`Interactions`, `Items` and `Users` check a frame once and say in `.report` what they found; `read_interactions`,
`read_items`, `read_users` and `read_movielens_100k` take them from files. `Dataset.from_tables` lays them side by side:
every user and item gets a row, `IdMap` says which. `synthetic_world` makes a toy.
"""

from tfcold.data.dataset import Dataset, DatasetReport
from tfcold.data.ids import IdMap, as_ids
from tfcold.data.readers import read_interactions, read_items, read_movielens_100k, read_table, read_users
from tfcold.data.report import TableReport
from tfcold.data.synthetic import synthetic_world
from tfcold.data.tables import Interactions, Items, Users

__all__ = [
    "Dataset",
    "DatasetReport",
    "IdMap",
    "Interactions",
    "Items",
    "TableReport",
    "Users",
    "as_ids",
    "read_interactions",
    "read_items",
    "read_movielens_100k",
    "read_table",
    "read_users",
    "synthetic_world",
]
