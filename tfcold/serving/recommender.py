"""Opens a bundle with TensorFlow alone: ids in, a frame of ids out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.columns import ITEM_ID, RANK, SCORE, USER_ID
from tfcold.errors import BundleError, InputError
from tfcold.manifest import EXTRA, ITEMS_FILE, Manifest, check_files, read_manifest, version_folder
from tfcold.serving.conditions import matching
from tfcold.serving.explanation import VIEWS, Explanation, explained, pieces_of_item, pieces_of_user
from tfcold.serving.ids import IdIndex, Ids, strings
from tfcold.serving.item_split import ItemSplit, read_split
from tfcold.serving.questions import (
    candidate_rows,
    check_k,
    checked_vectors,
    excluded_lists,
    history_lists,
    in_parts,
    names_of,
    need_columns,
)
from tfcold.serving.ragged import Lists, Rows
from tfcold.serving.steer import Steers, moved

_CELLS: Final = 32_000_000  # numbers of a block of queries, histories or lists held at once

Floats = npt.NDArray[np.float32]


def load(folder: str | Path, *, verify: bool = False) -> Recommender:
    """The recommender in a bundle.

    Args:
        folder: name folder of the bundle, whose newest version is taken, or a version folder.
        verify: bool, default False. Compare the sha256 of every file with the manifest, and not only its size.

    Raises:
        BundleError: `folder` is no bundle, is damaged, or was written by a later version of tfcold.

    Example:
        >>> import tfcold
        >>> tfcold.load("saved_models/shop").recommend(["u1"], k=10)  # doctest: +SKIP
    """
    return Recommender(folder, verify=verify)


class Recommender:
    """Recommends from a bundle. Scores and order are those of the signatures: the same graph computes both.

    Args:
        folder: as in `load`.
        verify: as in `load`.

    Attributes:
        folder: Path of the version folder.
        manifest: the model card.
        name: str. What the model is called.

    Raises:
        BundleError: as in `load`.
    """

    def __init__(self, folder: str | Path, *, verify: bool = False) -> None:
        self.folder = version_folder(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        check_files(self.folder, self.manifest, contents=verify)
        self.name = self.manifest.name
        try:
            self._model = tf.saved_model.load(str(self.folder))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise BundleError(f"`{self.folder}` cannot be loaded by TensorFlow: {error}") from error

    def recommend(
        self,
        user_ids: Iterable[Any],
        k: int = 20,
        candidates: Iterable[Any] | None = None,
        exclude: pd.DataFrame | None = None,
        where: str | None = None,
        steer: Steers | None = None,
    ) -> pd.DataFrame:
        """Frame `user_id, item_id, rank, score`: the best `k` items of each user, warm and cold in one list.

        What a user did in training is left out. A user the model does not know gets what is popular.

        Args:
            user_ids: ids, in the order of the lists.
            k: int, at least 1. Lists are shorter only where fewer items can be listed.
            candidates: item ids to choose from; default every item that is warm or has words.
            exclude: frame `user_id, item_id` of pairs to leave out besides. Ids that it alone knows are ignored.
            where: condition on the items' `attributes` such as `"in_stock and price < 10"`, see
                `tfcold.serving.conditions.matching`. It holds before the list is cut, as the others do.
            steer: what to lean towards and away from for this once, such as a `tfcold.steering.Steering`.

        Raises:
            InputError: `k` below 1, a candidate that is not in the bundle, `exclude` without its columns, or a
                condition that cannot be read.
        """
        asked = strings(user_ids)
        rows = self._users.rows(asked)
        hidden = self._done.of(rows).joined(excluded_lists(self._items, asked, exclude))
        return self._lists(asked, tf.gather(self._model.queries, rows), hidden, k, candidates, where, steer)

    def recommend_from_history(
        self,
        histories: Mapping[Any, Iterable[Any]] | pd.DataFrame,
        k: int = 20,
        candidates: Iterable[Any] | None = None,
        exclude: pd.DataFrame | None = None,
        where: str | None = None,
        steer: Steers | None = None,
    ) -> pd.DataFrame:
        """The same for people the model has never seen, from what they did so far; that is not listed.

        An id that the model knows plays no part here: the history given is all that is known of each. Items the bundle
        does not know are ignored; who has none left gets what is popular.

        Args:
            histories: mapping of user id to item ids, or frame `user_id, item_id`, in any order.
            k, candidates, exclude, where, steer: as in `recommend`.

        Raises:
            InputError: as in `recommend`; `histories` without its columns.
        """
        asked, lists = history_lists(self._items, histories)
        parts = [
            self._model.query_of_histories(tf.constant(part.values), tf.constant(part.splits))
            for part in in_parts(lists, max(1, _CELLS // self.manifest.dim))
        ]
        query = tf.concat(parts, axis=0)
        return self._lists(
            asked, query, lists.joined(excluded_lists(self._items, asked, exclude)), k, candidates, where, steer
        )

    def recommend_from_vectors(
        self,
        vectors: npt.ArrayLike,
        ids: Iterable[Any] | None = None,
        k: int = 20,
        candidates: Iterable[Any] | None = None,
        exclude: pd.DataFrame | None = None,
        where: str | None = None,
        steer: Steers | None = None,
    ) -> pd.DataFrame:
        """The same for people known by a sentence, from its vector.

        A row of zeros says nothing, and gets what is popular.

        Args:
            vectors: floating [B, T], of the encoder that the manifest names for the first block
                (`tfcold.export.encode_texts` gives them).
            ids: B names for the column `user_id`; default `"0"`, `"1"`, ...
            k, candidates, exclude, where, steer: as in `recommend`.

        Raises:
            InputError: as in `recommend`; vectors of another shape, or with NaN; a bundle whose items have no vectors.
        """
        table = self._vectors(vectors)
        asked = names_of(table, ids, "ids")
        query = self._model.query_of_vectors(tf.constant(table))
        return self._lists(asked, query, excluded_lists(self._items, asked, exclude), k, candidates, where, steer)

    def score(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Frame `user_id, item_id, score`, a row for every pair; `-inf` for an item that cannot be listed.

        Args:
            pairs: frame `user_id, item_id`. A user the model does not know scores by popularity.

        Raises:
            InputError: `pairs` without its columns.
        """
        need_columns(pairs, "pairs")
        users, items = strings(pairs[USER_ID]), strings(pairs[ITEM_ID])
        scores = np.full(len(users), -np.inf, np.float32)
        step = max(1, _CELLS // (self.manifest.dim + 1))
        for start in range(0, len(users), step):
            part = slice(start, start + step)
            answer = self._model.signatures["score"](user_id=_tensor(users[part]), item_id=_tensor(items[part]))
            scores[part] = answer["score"].numpy()
        scores[scores <= np.finfo(np.float32).min] = -np.inf
        return pd.DataFrame({USER_ID: users, ITEM_ID: items, SCORE: scores})

    def queries_from_vectors(self, vectors: npt.ArrayLike) -> Floats:
        """Query vectors float32 [B, D + 1] of sentences, as `recommend_from_vectors` searches with them.

        Args:
            vectors: as there.

        Raises:
            InputError: as there.
        """
        queries: Floats = self._model.query_of_vectors(tf.constant(self._vectors(vectors))).numpy()
        return queries

    def queries_from_histories(self, histories: Iterable[Iterable[Any]]) -> Floats:
        """Query vectors float32 [B, D + 1] of item ids done, as `recommend_from_history` searches with them."""
        return self._newcomers(history_lists(self._items, dict(enumerate(histories)))[1])

    def explain(self, user_id: Any, item_id: Any, history: Iterable[Any] | None = None) -> Explanation:
        """Why this item has the score it has for this user: the score as a sum of what each piece brings.

        Args:
            user_id: a user of the bundle, or any name where there is a `history`.
            item_id: an item that can be listed.
            history: item ids, for somebody the model has never seen, as in `recommend_from_history`.

        Raises:
            InputError: a user or an item that the bundle does not know, or an item without words and clicks.
        """
        user, item = strings([user_id])[0], strings([item_id])[0]
        row = int(self._items.rows(strings([item]))[0])
        if row == 0 or not bool(self._model.is_known[row]):
            raise InputError(f"`item` must be an item that the bundle can list; it cannot list {item!r}")
        user_row = int(self._users.rows(strings([user]))[0])
        if history is None and user_row == 0:
            raise InputError(f"`user` must be a user of the bundle; it does not know {user!r}. Give a `history`")
        done = (
            self._done.of(np.array([user_row])) if history is None else history_lists(self._items, {user: history})[1]
        )
        alone = Lists(done.values, np.arange(len(done.values) + 1))  # a history of one item each
        listed = self._model.is_known.numpy()[done.values]
        shrink = max(1, int(listed.sum())) ** self._pooling_alpha
        each = dict(zip(self._items.names[done.values[listed]], self._newcomers(alone)[listed, :-1], strict=True))
        newcomer = self._newcomers(done)[0]
        query = (self._model.queries[user_row].numpy() if history is None else newcomer).astype(np.float64)
        pieces = pieces_of_user(query[:-1], newcomer[:-1], each, shrink)
        candidate = self._model.candidates[row].numpy().astype(np.float64)
        found = pieces_of_item(row, candidate[:-1], bool(self._model.is_cold[row]), self._split)
        score = float(np.float32(query @ candidate))
        if history is None:
            score = float(self.score(pd.DataFrame({USER_ID: [user], ITEM_ID: [item]}))[SCORE].iloc[0])
        return explained(user, item, score, pieces, found, float(query[-1] * candidate[-1]))

    def explain_lists(self, lists: pd.DataFrame, view: str = "parts") -> pd.DataFrame:
        """Frame `user_id, item_id, score, name, value`: `explain` of every row of lists as `recommend` gives them.

        Args:
            lists: frame with `user_id` and `item_id`.
            view: `"parts"`, `"by_item"` or `"by_history"`, see `Explanation`.

        Raises:
            InputError: as in `explain`; another `view`, or `lists` without its columns.
        """
        need_columns(lists, "lists")
        if view not in VIEWS:
            raise InputError(f"`view` must be one of {', '.join(VIEWS)}; received {view!r}")
        columns = [USER_ID, ITEM_ID, SCORE, "name", "value"]
        pairs = zip(lists[USER_ID], lists[ITEM_ID], strict=True)
        frames = [self.explain(user, item).frame(view) for user, item in pairs]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    def similar_items(self, item_ids: Iterable[Any], k: int = 20) -> pd.DataFrame:
        """Frame `item_id, similar_item_id, rank, score`: the items nearest to each by cosine, itself left out.

        An item that is not in the bundle, or of which nothing is known, has no rows.

        Args:
            item_ids: ids, in the order of the lists.
            k: int, at least 1.

        Raises:
            InputError: `k` below 1.
        """
        check_k(k)
        asked = strings(item_ids)
        rows, scores = (tensor.numpy() for tensor in self._model.similar(self._items.rows(asked), _number(k)))
        return self._frame({ITEM_ID: asked}, rows, scores, "similar_item_id")

    def audience(
        self, item_ids: Iterable[Any] | None = None, k: int = 20, *, vectors: npt.ArrayLike | None = None
    ) -> pd.DataFrame:
        """Frame `item_id, user_id, rank, score`: the users to show an item to first.

        Who did it in training is left out.

        The score is that of `score`, so it ranks users by how high the item stands with them. An item that cannot be
        listed has no rows.

        Args:
            item_ids: ids, in the order of the lists; with `vectors` their names, default `"0"`, `"1"`, ...
            k: int, at least 1.
            vectors: floating [B, T] of items that the bundle does not have, of the encoder of its first block
                (`tfcold.export.encode_texts` gives them); None takes items of the bundle.

        Raises:
            InputError: `k` below 1, neither or odd numbers of ids and vectors, vectors of another shape or with NaN.
            BundleError: a bundle of an earlier version, which cannot answer this.
        """
        check_k(k)
        if not hasattr(self._model, "audience_of_rows"):
            raise BundleError(f"`{self.folder}` was written by an earlier tfcold and has no audience. Export it again")
        if vectors is None:
            if item_ids is None:
                raise InputError("`item_ids` or `vectors` must be given; received neither")
            asked = strings(item_ids)
            found = self._model.audience_of_rows(self._items.rows(asked), _number(k))
        else:
            table = self._vectors(vectors)
            asked = names_of(table, item_ids, "item_ids")
            found = self._model.audience_of_vectors(tf.constant(table), _number(k))
        rows, scores = (tensor.numpy() for tensor in found)
        listed, places = np.nonzero(rows)
        return pd.DataFrame(
            {
                ITEM_ID: asked[listed],
                USER_ID: self._users.names[rows[listed, places]],
                RANK: places.astype(np.int64) + 1,
                SCORE: scores[listed, places],
            }
        )

    def titles(self, item_ids: Iterable[Any]) -> pd.DataFrame:
        """Frame `item_id` and what the bundle has to show of each item, a row for every id.

        Args:
            item_ids: ids, in the order of the rows; they may repeat.
        """
        asked = strings(item_ids)
        if self._shown is None:
            return pd.DataFrame({ITEM_ID: asked})
        return self._shown.reindex(asked).rename_axis(ITEM_ID).reset_index()

    def is_cold(self, item_ids: Iterable[Any]) -> npt.NDArray[np.bool_]:
        """Bool [N]: true for an item that training never saw, or that the bundle does not know at all."""
        flags: npt.NDArray[np.bool_] = self._model.is_cold.numpy()[self._items.rows(strings(item_ids))]
        return flags

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The signatures of the SavedModel by name: functions of named tensors, which many threads may call at once."""
        return dict(self._model.signatures)

    @property
    def item_ids(self) -> Ids:
        """Object [I] of str: every item of the bundle, removed ones left out."""
        return self._items.names[1:][~self._removed[1:]]

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What the bundle keeps of its items, one row each in the bundle's own order, `item_id` as index.

        These are the columns of the items table that it was exported with: numbers and flags as they were, lists joined
        by commas. A removed item has a row of nothing. No columns where nothing is kept.
        """
        ids = pd.Index(self._items.names[1:], dtype=object, name=ITEM_ID)
        return pd.DataFrame(index=ids) if self._shown is None else self._shown.reindex(ids).rename_axis(ITEM_ID)

    @property
    def user_ids(self) -> Ids:
        """Object [U] of str: every user of the bundle."""
        return self._users.names[1:]

    # -- inside --------------------------------------------------------------------------------------------------

    @cached_property
    def _items(self) -> IdIndex:
        return IdIndex(self._model.item_ids.numpy())

    @cached_property
    def _users(self) -> IdIndex:
        return IdIndex(self._model.user_ids.numpy())

    @cached_property
    def _removed(self) -> npt.NDArray[np.bool_]:
        """Bool [I + 1]: cannot be listed, and yet says something in a history."""
        removed: npt.NDArray[np.bool_] = ~self._model.is_known.numpy() & self._model.history.numpy().any(axis=1)
        return removed

    @cached_property
    def _done(self) -> Lists:
        return Lists(self._model.done_rows.numpy(), self._model.done_splits.numpy())

    @cached_property
    def _listable(self) -> Floats:
        """Candidates float32 [N, D + 1] of the items that can be listed."""
        table: Floats = self._model.candidates.numpy()[self._model.is_known.numpy()]
        return table

    @cached_property
    def _split(self) -> ItemSplit | None:
        return read_split(self.folder / EXTRA)

    @property
    def _pooling_alpha(self) -> float:
        return float(self.manifest.parts.get("pooling_alpha", 0.0))

    def _newcomers(self, lists: Lists) -> Floats:
        """Query vectors [B, D + 1] of histories alone."""
        query = self._model.query_of_histories(tf.constant(lists.values), tf.constant(lists.splits))
        vectors: Floats = query.numpy()
        return vectors

    def _vectors(self, vectors: npt.ArrayLike) -> Floats:
        block = self.manifest.text_block
        return checked_vectors(vectors, block, 0 if block is None else int(self.manifest.text[block]["width"]))

    @cached_property
    def _shown(self) -> pd.DataFrame | None:
        path = self.folder / EXTRA / ITEMS_FILE
        if not path.is_file():
            return None
        frame = pd.read_parquet(path)
        return frame.set_index(pd.Index(strings(frame[ITEM_ID]), dtype=object)).drop(columns=ITEM_ID)

    def _lists(
        self,
        asked: Ids,
        query: tf.Tensor,
        hidden: Lists,
        k: int,
        candidates: Iterable[Any] | None,
        where: str | None,
        steer: Steers | None = None,
    ) -> pd.DataFrame:
        check_k(k)
        if steer is not None:
            query = tf.constant(moved(query.numpy(), *steer.directions(self), self._listable))
            rows = np.tile(self._items.rows(strings(steer.hidden)), len(asked))
            owners = np.repeat(np.arange(len(asked)), len(steer.hidden))
            hidden = hidden.joined(Lists.of_pairs(owners, rows, len(asked)))
        among = None if candidates is None else candidate_rows(self._items, candidates)
        if where is not None:
            fit = np.flatnonzero(matching(where, self.attributes)).astype(np.int32) + 1
            among = fit if among is None else np.intersect1d(among, fit)
        width = len(self._items) if among is None else len(among)
        step = max(1, _CELLS // max(1, min(k, width)))
        frames = []
        for start in range(0, max(1, len(asked)), step):  # one block for nobody, which makes the columns
            part = slice(start, min(start + step, len(asked)))
            lists = hidden[part]
            given = (tf.constant(lists.values), tf.constant(lists.splits), _number(min(k, max(1, width))))
            if among is None:
                rows, scores = self._model.search(query[part], *given)
            else:
                rows, scores = self._model.search_among(query[part], tf.constant(among), *given)
            frames.append(self._frame({USER_ID: asked[part]}, rows.numpy(), scores.numpy(), ITEM_ID))
        return pd.concat(frames, ignore_index=True)

    def _frame(self, asked: Mapping[str, Ids], rows: Rows, scores: Floats, column: str) -> pd.DataFrame:
        listed, places = np.nonzero(rows)
        return pd.DataFrame(
            {
                **{name: ids[listed] for name, ids in asked.items()},
                column: self._items.names[rows[listed, places]],
                RANK: places.astype(np.int64) + 1,
                SCORE: scores[listed, places],
            }
        )


def _tensor(ids: Ids) -> tf.Tensor:
    return tf.constant(ids.tolist(), tf.string, shape=[len(ids)])


def _number(k: int) -> tf.Tensor:
    return tf.constant(min(k, 2**31 - 1), tf.int32)
