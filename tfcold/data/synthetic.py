"""A seeded toy world whose words predict its taste, for tests, notebooks and benchmarks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from tfcold.columns import ITEM_ID, RATING, TIMESTAMP, USER_ID
from tfcold.data.tables import Interactions, Items, Users
from tfcold.errors import InputError

_TOPICS: Final[dict[str, str]] = {
    "space": "rocket planet galaxy astronaut comet orbit starship nebula gravity asteroid",
    "cooking": "kitchen recipe baker pepper oven flavour chef noodle spice banquet",
    "crime": "detective murder heist alibi gangster suspect verdict robbery forger witness",
    "romance": "kiss wedding sweetheart letter valentine longing bouquet heartbreak proposal devotion",
    "nature": "forest river wolf mountain meadow glacier eagle island thunder wilderness",
    "music": "guitar melody concert drummer chorus violin jazz singer piano encore",
    "sport": "goal referee marathon boxing stadium champion racing trainer league penalty",
    "history": "empire castle treaty pharaoh legion crusade dynasty monarch siege archive",
    "horror": "ghost crypt vampire curse scream haunting demon shadow coffin nightmare",
    "school": "teacher exam library homework professor classroom diploma lecture campus scholar",
    "sea": "sailor harbour whale lighthouse anchor pirate reef voyage captain storm",
    "war": "soldier trench bomber regiment armistice sniper general battalion siren grenade",
}
_FILLERS: Final = ("a", "tale", "of", "the", "last", "great", "secret", "in", "an", "old", "new", "world")
_START: Final = 1_500_000_000.0
_DAY: Final = 86_400.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def synthetic_world(
    num_users: int = 120,
    num_items: int = 90,
    *,
    seed: int = 0,
    num_topics: int = 6,
    rows_per_user: int = 14,
    untouched_items: int = 3,
    focus: float = 3.0,
    days: int = 200,
) -> tuple[Interactions, Items, Users]:
    """Interactions, items and users in which people do what is about their topics.

    Each user cares for one or two topics, each item is about one. Titles and descriptions are made of words of the
    item's topic, a user's `about` of words of theirs, so words predict taste and a new item can be placed by its text.
    Popularity is skewed, items come out over time and users join over time, and nobody does anything before both are
    there: a cut in time has cold items and cold users after it.

    Args:
        num_users: int, at least 1.
        num_items: int, more than `untouched_items`.
        seed: int. The same seed gives the same world.
        num_topics: int, 1 to 12.
        rows_per_user: int, at least 1. Mean number of interactions; a user has at least one.
        untouched_items: int. Items nobody touched: the last ones of the table.
        focus: float, at least 0. Pull of a user's topics against popularity, in logits; 0 makes words useless.
        days: int, at least 1. How long the world lasts.

    Returns: interactions with rating (1..5) and timestamp; items with title, description, genre, year; users with
        `about`. Ids are `u0`, `u1`, ... and `i0`, `i1`, ...

    Raises:
        InputError: a number breaks these rules.

    Example:
        >>> interactions, items, users = synthetic_world(num_users=20, num_items=30, seed=1)
        >>> list(items.frame.columns)
        ['item_id', 'title', 'description', 'genre', 'year']
    """
    _check_sizes(num_users, num_items, num_topics, rows_per_user, untouched_items, days)
    rng = np.random.default_rng(seed)
    names = list(_TOPICS)[:num_topics]
    item_topic = rng.permutation(np.arange(num_items) % num_topics)
    taste = _tastes(rng, num_users, num_topics)
    popularity = -0.7 * np.log(1.0 + rng.permutation(num_items))  # Zipf-like
    released, joined = _starts(rng, num_items, days), _starts(rng, num_users, days)
    open_items = num_items - untouched_items
    logits = focus * taste[:, item_topic] + popularity
    logits[:, open_items:] = -np.inf
    users, items = _picks(rng, logits, rng.poisson(rows_per_user - 1, num_users) + 1, open_items)
    earliest = np.maximum(released[items], joined[users])
    moment = _START + _DAY * (earliest + rng.random(len(users)) * (days - earliest))
    likes = 1.5 + 3.0 * taste[users, item_topic[items]] + rng.normal(0, 0.7, len(users))
    order = np.argsort(moment, kind="stable")
    interactions = pd.DataFrame(
        {
            USER_ID: [f"u{row}" for row in users[order]],
            ITEM_ID: [f"i{row}" for row in items[order]],
            RATING: np.clip(np.rint(likes[order]), 1, 5),
            TIMESTAMP: np.floor(moment[order]),
        }
    )
    return (
        Interactions.from_frame(interactions, rating_range=(1, 5)),
        Items.from_frame(_item_frame(rng, names, item_topic)),
        Users.from_frame(_user_frame(rng, names, taste)),
    )


def _check_sizes(
    num_users: int, num_items: int, num_topics: int, rows_per_user: int, untouched_items: int, days: int
) -> None:
    for name, value in (("num_users", num_users), ("rows_per_user", rows_per_user), ("days", days)):
        if value < 1:
            raise InputError(f"`{name}` must be at least 1; received {value}")
    if not 0 <= untouched_items < num_items:
        raise InputError(f"`untouched_items` must be in 0..{num_items - 1}; received {untouched_items}")
    if not 1 <= num_topics <= len(_TOPICS):
        raise InputError(f"`num_topics` must be in 1..{len(_TOPICS)}; received {num_topics}")


def _tastes(rng: np.random.Generator, num_users: int, num_topics: int) -> Floats:
    """[U, topics] in 0..1: 1 for the favourite, some less for a second one, near 0 for the rest."""
    taste = 0.1 * rng.random((num_users, num_topics))
    first, second = rng.integers(0, num_topics, (2, num_users))
    everybody = np.arange(num_users)
    taste[everybody, second] = rng.uniform(0.3, 0.8, num_users)
    taste[everybody, first] = 1.0
    return taste


def _starts(rng: np.random.Generator, number: int, days: int) -> Floats:
    """Days after which they are there: three of five from the beginning, the others later, more and more of them."""
    late = 0.98 * days * np.sqrt(rng.random(number))
    starts: Floats = np.where(rng.random(number) < 0.6, 0.0, late)
    return starts


def _picks(rng: np.random.Generator, logits: Floats, counts: Ints, open_items: int) -> tuple[Ints, Ints]:
    """Users and items of all rows: each user draws items without replacement, by softmax (Gumbel top-k)."""
    num_users = len(logits)
    counts = np.minimum(counts, open_items)
    ranked = np.argsort(-(logits + rng.gumbel(size=logits.shape)), axis=1, kind="stable")
    users = np.repeat(np.arange(num_users), counts)
    places = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    return users, ranked[users, places]


def _words(rng: np.random.Generator, topic: str, number: int) -> list[str]:
    return [str(word) for word in rng.choice(_TOPICS[topic].split(), number, replace=False)]


def _item_frame(rng: np.random.Generator, names: list[str], item_topic: npt.NDArray[Any]) -> pd.DataFrame:
    rows = []
    for item, topic in enumerate(item_topic):
        name = names[int(topic)]
        title = " ".join([*_words(rng, name, 2), str(rng.choice(_FILLERS))]).capitalize()
        text = f"{rng.choice(_FILLERS)} {' '.join(_words(rng, name, 5))} {rng.choice(_FILLERS)}"
        rows.append((f"i{item}", title, text, name, int(rng.integers(1990, 2021))))
    return pd.DataFrame(rows, columns=[ITEM_ID, "title", "description", "genre", "year"])


def _user_frame(rng: np.random.Generator, names: list[str], taste: Floats) -> pd.DataFrame:
    rows = []
    for user, likes in enumerate(taste):
        first, *others = np.argsort(-likes, kind="stable")
        words = _words(rng, names[int(first)], 3)
        if others and likes[others[0]] > 0.2:
            words += _words(rng, names[int(others[0])], 1)
        rows.append((f"u{user}", "likes " + ", ".join(words)))
    return pd.DataFrame(rows, columns=[USER_ID, "about"])
