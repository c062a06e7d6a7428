"""Lists with titles, for people to look at: known users, new items, newcomers, a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from tfcold.columns import ITEM_ID, SCORE, USER_ID, title_column
from tfcold.data import Dataset
from tfcold.splits import Split

if TYPE_CHECKING:
    from tfcold.serving import Recommender

LIST: Final = 5
NEW: Final = "new: "  # before the title of an item that training never saw
SEPARATOR: Final = " | "  # titles may hold commas


class Showcase:
    """Writes down what a bundle recommends, in words.

    Args:
        recommender: the bundle.
        split: what it was trained on, and what was held out.
        people: int, default 3. Users and items shown.
        length: int, default 5. Titles in a list.
    """

    def __init__(self, recommender: Recommender, split: Split, *, people: int = 3, length: int = LIST) -> None:
        self.recommender = recommender
        self.split = split
        self.people = people
        self.length = length

    def users(self) -> list[str]:
        """For a few users: what they did last, and what they get, warm and cold in one list."""
        users = self._users()
        lists = self.recommender.recommend(users, k=self.length)
        lines = ["What a few users did last, and what they get (warm and cold items in one list):"]
        for user in users:
            lines.append(f"  user {user} did   {self._titles(self._last(user)[: self.length])}")
            lines.append(f"  {'':5}{'':{len(user)}} gets  {self._titles(self._of(lists, user))}")
        return lines

    def new_items(self) -> list[str]:
        """For the same users: the best among items that training never saw."""
        users, cold = self._users(), self._cold_items()
        lists = self.recommender.recommend(users, k=self.length, candidates=cold)
        wanted = self._wanted()
        lines = [f"The best of {len(cold)} new items for them (* marks what they really chose, unseen by the model):"]
        for user in users:
            items = self._of(lists, user)
            lines.append(f"  user {user} gets {self._titles(items, mark=wanted.get(user, set()))}")
        return lines

    def audience(self) -> list[str]:
        """For a few new items: how many of the users they suit best really chose them, against chance."""
        everyone = self.recommender.user_ids
        choosers = self._choosers()
        items = sorted(choosers, key=lambda item: (-len(choosers[item]), item))[: self.people]
        lines = ["Whom a few new items would be shown to first, and how many of these really chose them:"]
        for item in items:
            pairs = pd.DataFrame({USER_ID: everyone, ITEM_ID: [item] * len(everyone)})
            scores = self.recommender.score(pairs)[SCORE].to_numpy()
            first = everyone[np.argsort(-scores, kind="stable")[:20]]
            hits = sum(user in choosers[item] for user in first)
            share = len(choosers[item]) / len(everyone)
            lines.append(
                f"  {self._titles([item])}: {hits} of the first {len(first)} users "
                f"({share * len(first):.1f} expected by chance)"
            )
        return lines

    def newcomer(self) -> list[str]:
        """For somebody the model never saw, from the first three things that a user did."""
        done = self._last(self._users()[0])[:3]
        lists = self.recommender.recommend_from_history({"newcomer": done}, k=self.length)
        return [
            "A newcomer, without any training, after three interactions:",
            f"  did   {self._titles(done)}",
            f"  gets  {self._titles(lists[ITEM_ID].tolist())}",
        ]

    def sentence(self, text: str) -> list[str]:
        """For somebody who typed a sentence and did nothing yet."""
        from tfcold.export import sentence_vectors

        vectors = sentence_vectors(self.recommender, [text])
        lists = self.recommender.recommend_from_vectors(vectors, ids=[text], k=self.length)
        return [
            "A newcomer who did nothing, and typed a sentence:",
            f'  "{text}"',
            f"  gets  {self._titles(lists[ITEM_ID].tolist())}",
        ]

    # -- inside ----------------------------------------------------------------------------------------------------

    @property
    def _dataset(self) -> Dataset:
        return self.split.dataset

    def _users(self) -> list[str]:
        """Users with a middling number of training rows and rows of new items to be found, spread over the ids."""
        counts = np.bincount(self._dataset.user_rows[self.split.train], minlength=self._dataset.num_users + 1)
        tested = np.unique(self._dataset.user_rows[self._cold_rows()])
        tested = tested[counts[tested] > 0]
        order = tested[np.argsort(np.abs(counts[tested] - np.median(counts[counts > 0])), kind="stable")]
        return [str(name) for name in self._dataset.user_ids.ids_of(order[: self.people])]

    def _cold_rows(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.asarray(self.split.test.get("cold_item", np.zeros(0, np.int64)), np.int64)

    def _cold_items(self) -> list[str]:
        rows = np.unique(self._dataset.item_rows[self._cold_rows()])
        return [str(name) for name in self._dataset.item_ids.ids_of(rows)]

    def _last(self, user: str) -> list[str]:
        """Items of a user's training rows, latest first."""
        row = self._dataset.user_ids.rows([user])[0]
        positions = self.split.train[self._dataset.user_rows[self.split.train] == row]
        moments = self._dataset.timestamps
        if moments is not None:
            positions = positions[np.argsort(moments[positions], kind="stable")]
        return [str(name) for name in self._dataset.item_ids.ids_of(self._dataset.item_rows[positions[::-1]])]

    def _choosers(self) -> dict[str, set[str]]:
        """Users of each new item."""
        found: dict[str, set[str]] = {}
        for user, items in self._wanted().items():
            for item in items:
                found.setdefault(item, set()).add(user)
        return found

    def _wanted(self) -> dict[str, set[str]]:
        """New items of each user, by held-out rows."""
        rows = self._cold_rows()
        users = self._dataset.user_ids.ids_of(self._dataset.user_rows[rows])
        items = self._dataset.item_ids.ids_of(self._dataset.item_rows[rows])
        found: dict[str, set[str]] = {}
        for user, item in zip(users, items, strict=True):
            found.setdefault(str(user), set()).add(str(item))
        return found

    def _of(self, lists: pd.DataFrame, user: str) -> list[str]:
        return [str(item) for item in lists[lists[USER_ID] == user][ITEM_ID]]

    def _titles(self, items: list[str], mark: set[str] | None = None) -> str:
        shown = self.recommender.titles(items)
        column = title_column(shown.columns) or ITEM_ID
        titles = [
            str(title) if isinstance(title, str) else item for title, item in zip(shown[column], items, strict=True)
        ]
        if mark is not None:
            return SEPARATOR.join(
                f"{title} *" if item in mark else title for title, item in zip(titles, items, strict=True)
            )
        cold = self.recommender.is_cold(items)
        return SEPARATOR.join(f"{NEW}{title}" if is_new else title for title, is_new in zip(titles, cold, strict=True))
