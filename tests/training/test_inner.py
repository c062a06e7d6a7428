import numpy as np

from tfcold.splits.split import Split
from tfcold.training.inner import inner_split


def test_inner_split_holds_out_what_it_says(world: tuple[Split, object]) -> None:
    split = world[0]
    inner = inner_split(split, cold_share=0.2, warm_share=0.1, seed=3)
    rows, users = split.dataset.item_rows, split.dataset.user_rows
    warm, cold = inner.validation["warm"], inner.validation["cold_item"]
    num_cold = split.warm_items.sum() - inner.warm_items.sum()

    assert num_cold == round(0.2 * split.warm_items.sum())
    assert not inner.warm_items[rows[cold]].any()
    assert inner.warm_users[users[cold]].all()
    assert inner.warm_items[rows[warm]].all()
    assert inner.warm_users[users[warm]].all()
    rest = len(inner.train) + len(warm)
    assert len(warm) == round(0.1 * rest)
    # nothing comes from outside the training rows, and nothing comes twice
    used = np.concatenate([inner.train, warm, cold])
    assert len(np.unique(used)) == len(used)
    assert np.isin(used, split.train).all()
    assert not any(len(positions) for positions in inner.test.values())


def test_inner_split_repeats_under_the_seed(world: tuple[Split, object]) -> None:
    first, again, other = (inner_split(world[0], seed=seed) for seed in (1, 1, 2))
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint


def test_inner_split_of_few_rows_keeps_everybody(toy_split: Split) -> None:
    # 8 training rows, 4 warm items: one plays cold; every user and item left keeps a row
    inner = inner_split(toy_split, cold_share=0.1, warm_share=0.9, seed=0)
    assert inner.warm_items.sum() == 3
    assert len(inner.train) >= 3
