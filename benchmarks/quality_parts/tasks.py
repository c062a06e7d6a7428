"""What a system is fitted on, which rows choose its settings, and which slices it is judged on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from quality_parts.collection import ORDER, PARTS, Collection
from tfcold.blocks import Features
from tfcold.columns import ITEM_ID, USER_ID, WEIGHT
from tfcold.data import Dataset, Interactions
from tfcold.evaluation.candidates import regimes_of
from tfcold.splits import Split, given
from tfcold.training.choose import validation_sample
from tfcold.workflow import Words, build_features

ITEM_SLICES: Final[tuple[str, ...]] = ("warm", "cold_item", "all")
KNOWN: Final = (1, 3, 5, 10)
KNOWN_IN_VALIDATION: Final = 5
MAX_VALIDATION_USERS: Final = 1000


@dataclass(frozen=True)
class Task:
    """One fit and the slices it is judged on.

    Args:
        name: str. `"items"` or `"users"`.
        collection: str.
        split, features: what a system is fitted on.
        tuning, tuning_features: a split with validation rows, and its vectors; the same as `split` where that has
            some, else settings are chosen on this one and used for a fit on `split`.
        judge: Split. `tuning` with the validation rows of a sample of users.
        regime: str or None. The validation regime that chooses, None for each system's own.
        slices: slice -> the split with its test rows, and their regime there.
        vector_seconds: what the vectors took to make or read.
    """

    name: str
    collection: str
    split: Split
    features: Features
    tuning: Split
    tuning_features: Features
    judge: Split
    regime: str | None
    slices: Mapping[str, tuple[Split, str]]
    vector_seconds: float


def items_task(collection: Collection) -> Task:
    """Warm items, cold items, and both in one list, on the split that the collection came with."""
    dataset = Dataset.from_tables(collection.part("train"), collection.items, collection.users)
    split = given(
        dataset, validation=collection.part("warm_val", "cold_val"), test=collection.part("warm_test", "cold_test")
    )
    features, seconds = features_of(split, collection)
    there = regimes_of(split, "test")
    slices: dict[str, tuple[Split, str]] = {name: (split, name) for name in ITEM_SLICES if name in there}
    judge = validation_sample(split, max_users=MAX_VALIDATION_USERS)
    return Task("items", collection.name, split, features, split, features, judge, None, slices, seconds)


def users_task(collection: Collection) -> Task:
    """Users held out entirely, with their first 1, 3, 5 and 10 interactions as history; with none where words are.

    All rows of all other users are trained on. Settings are chosen on a tenth of these (at most
    `MAX_VALIDATION_USERS`), held out in the same way with `KNOWN_IN_VALIDATION` rows drawn as history.
    """
    assert collection.cold_users is not None
    rows, cold = collection.part(*PARTS).frame, collection.cold_users
    others = rows[~rows[USER_ID].isin(set(cold[USER_ID]))]
    together = pd.concat([others.assign(**{ORDER: -1}), cold], ignore_index=True)
    together = together[[name for name in (USER_ID, ITEM_ID, WEIGHT, ORDER) if name in together]]
    together = together.fillna({WEIGHT: 1.0})  # of users held out, where nobody learns of them
    interactions = Interactions.from_frame(together.drop(columns=ORDER))
    dataset = Dataset.from_tables(interactions, collection.items, collection.users)
    order = together[ORDER].to_numpy(np.int64)
    train = np.flatnonzero(order < 0)
    split = Split(dataset, train, protocol="cold_users")
    features, seconds = features_of(split, collection)
    tuning = users_like_new(split)
    tuning_features, more_seconds = features_of(tuning, collection)
    slices = {}
    warm = split.warm_items[dataset.item_rows]
    for known in KNOWN if collection.users is None else (0, *KNOWN):
        revealed = np.flatnonzero((order >= 0) & (order < known) & warm)
        asked = np.flatnonzero((order >= known) & warm)
        if len(asked):
            test = replace(split, revealed=revealed, test={"cold_user": asked}, parameters={"known": known})
            slices[f"users_{known}"] = (test, "cold_user")
    judge = validation_sample(tuning, max_users=MAX_VALIDATION_USERS)
    return Task(
        "users", collection.name, split, features, tuning, tuning_features, judge, "cold_user", slices,
        seconds + more_seconds,
    )  # fmt: skip


def users_like_new(split: Split, seed: int = 0) -> Split:
    """A split of the training rows, some of whose users are held out, each with a few rows revealed."""
    rng = np.random.default_rng(seed)
    users = split.dataset.user_rows
    counts = np.bincount(users[split.train], minlength=len(split.warm_users))
    able = rng.permutation(np.flatnonzero(counts > KNOWN_IN_VALIDATION))
    number = min(MAX_VALIDATION_USERS, max(1, int(split.warm_users.sum()) // 10))
    held = np.zeros(len(counts), np.bool_)
    held[able[:number]] = True
    rows = rng.permutation(split.train[held[users[split.train]]])
    train = split.train[~held[users[split.train]]]
    warm = np.bincount(split.dataset.item_rows[train], minlength=len(split.warm_items)) > 0
    rows = rows[warm[split.dataset.item_rows[rows]]]
    shown = _place(users[rows]) < KNOWN_IN_VALIDATION
    parameters = {"known": KNOWN_IN_VALIDATION, "users": number}
    return replace(
        split, train=train, revealed=rows[shown], validation={"cold_user": rows[~shown]}, test={}, seed=seed,
        parameters=parameters,
    )  # fmt: skip


def _place(owners: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """How many entries of the same owner come before each."""
    order = np.argsort(owners, kind="stable")
    _, first, counts = np.unique(owners[order], return_index=True, return_counts=True)
    place = np.empty(len(owners), np.int64)
    place[order] = np.arange(len(owners)) - np.repeat(first, counts)
    return place


def features_of(split: Split, collection: Collection) -> tuple[Features, float]:
    """The vectors of a split's items, and of its users if they are described, and the seconds they took."""
    start = time.monotonic()
    features = build_features(split, Words(item_vectors=collection.vectors)).features
    return features, time.monotonic() - start
