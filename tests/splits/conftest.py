import pandas as pd
import pytest

from tfcold.data import Dataset, synthetic_world


@pytest.fixture(scope="session")
def world():
    return Dataset.from_tables(*synthetic_world(seed=5))


@pytest.fixture(scope="session")
def made():
    """Makes a dataset of pairs such as "u1 a", in that order; `words` are the items with a row in the items table."""

    def make(*pairs, words=None, **columns):
        frame = pd.DataFrame([pair.split() for pair in pairs], columns=["user_id", "item_id"]).assign(**columns)
        items = sorted(set(frame["item_id"])) if words is None else words
        return Dataset.from_tables(frame, pd.DataFrame({"item_id": items, "title": [f"title {i}" for i in items]}))

    return make
