"""Opens a bundle with TensorFlow alone: ids in, a frame of ids out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from tfcold.columns import ITEM_ID, SCORE, USER_ID
from tfcold.errors import InputError, check_k, one_of
from tfcold.serving.answers import ranked_frame
from tfcold.serving.explaining import explanation_of
from tfcold.serving.explanation import VIEWS, Explanation
from tfcold.serving.ids import Ids, strings
from tfcold.serving.live import Live
from tfcold.serving.questions import (
    candidate_rows,
    checked_blocks,
    checked_texts,
    checked_vectors,
    excluded_lists,
    history_lists,
    in_parts,
    names_of,
    need_columns,
)
from tfcold.serving.ragged import Lists
from tfcold.serving.search import best_items, best_users, best_users_of_vectors, scores_of, similar_items
from tfcold.serving.state import State
from tfcold.serving.steer import Steers, moved
from tfcold.serving.words import embedded

_CELLS: Final = 32_000_000  # numbers of a block of queries, histories or lists held at once

Floats = npt.NDArray[np.float32]


class Recommender(Live):
    """Recommends from a bundle. Scores and order are those of the signatures: the same graph computes both.

    `add_items`, `remove_items` and `add_users` change what it knows in memory, at once and for this object alone: the
    bundle and its `signatures` stay as they are. Many threads may ask while one changes it; every answer is of one
    state, before a change or after it.

    Args:
        folder: as in `tfcold.load`.
        verify: as in `tfcold.load`.
        places: what gives the layers that place newcomers, of a version folder; `tfcold.load` brings it.

    Attributes:
        folder: Path of the version folder.
        manifest: the model card.
        name: str. What the model is called.

    Raises:
        BundleError: as in `tfcold.load`.
    """

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
            InputError: `k` below 1 or not whole, a candidate that is not in the bundle, `exclude` without its columns,
                or a condition that cannot be read.
        """
        state, asked = self._now, strings(user_ids)
        rows = state.users.rows(asked)
        hidden = state.done.of(rows).joined(excluded_lists(state.items, asked, exclude))
        return self._lists(state, asked, state.queries.take(rows), hidden, k, candidates, where, steer)

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
        state = self._now
        asked, lists = history_lists(state.items, histories)
        query = _query_of(state, lists)
        hidden = lists.joined(excluded_lists(state.items, asked, exclude))
        return self._lists(state, asked, query, hidden, k, candidates, where, steer)

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
        state, table = self._now, self._vectors(vectors)
        asked = names_of(table, ids, "ids")
        hidden = excluded_lists(state.items, asked, exclude)
        return self._lists(state, asked, self._query_of_vectors(table), hidden, k, candidates, where, steer)

    def recommend_from_texts(
        self, texts: Iterable[str], ids: Iterable[Any] | None = None, k: int = 20, **options: Any
    ) -> pd.DataFrame:
        """The same from the sentences themselves, read by the encoder in the SavedModel.

        Args:
            texts: B sentences, or one; an empty one says nothing.
            ids: B names for the column `user_id`; default the sentences.
            k: as in `recommend`.
            **options: `candidates`, `exclude`, `where`, `steer` as in `recommend`.

        Raises:
            BundleError: a bundle without its encoder.
            InputError: as in `recommend`; a text that is no string.
        """
        texts = checked_texts(texts)
        vectors = embedded(self._opened.model, self.manifest, texts)
        return self.recommend_from_vectors(vectors, texts if ids is None else ids, k, **options)

    def embed(self, texts: Iterable[str]) -> Floats:
        """float32 [B, T] of sentences as the bundle's first block sees them; zeros where one says nothing.

        Raises:
            BundleError: a bundle without its encoder.
            InputError: a text that is no string.
        """
        return embedded(self._opened.model, self.manifest, checked_texts(texts))

    def score(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Frame `user_id, item_id, score`, a row for every pair; `-inf` for an item that cannot be listed.

        Args:
            pairs: frame `user_id, item_id`. A user the model does not know scores by popularity.

        Raises:
            InputError: `pairs` without its columns.
        """
        need_columns(pairs, "pairs")
        state, users, items = self._now, strings(pairs[USER_ID]), strings(pairs[ITEM_ID])
        scores = np.full(len(users), -np.inf, np.float32)
        step = max(1, _CELLS // (self.manifest.dim + 1))
        for start in range(0, len(users), step):
            part = slice(start, start + step)
            scores[part] = scores_of(state, users[part], items[part])
        return pd.DataFrame({USER_ID: users, ITEM_ID: items, SCORE: scores})

    def queries_from_vectors(self, vectors: npt.ArrayLike) -> Floats:
        """Query vectors float32 [B, D + 1] of sentences, as `recommend_from_vectors` searches with them.

        Args:
            vectors: as there.

        Raises:
            InputError: as there.
        """
        return self._query_of_vectors(self._vectors(vectors))

    def queries_from_blocks(self, vectors: Mapping[str, npt.ArrayLike]) -> Floats:
        """Query vectors float32 [B, D + 1] of sentences known in several blocks; only their directions tell.

        Args:
            vectors: floating [B, T] by block, at least one of the bundle's blocks; `tfcold.export.phrase_vectors` gives
                them. A row of zeros says nothing in that block.

        Raises:
            InputError: no block, one that the bundle does not have, odd numbers of rows, vectors of another width or
                with NaN, or a bundle that `tfcold.load` did not open.
        """
        return self._the_places().sentences(checked_blocks(vectors, self.manifest.text))

    def queries_from_histories(self, histories: Iterable[Iterable[Any]]) -> Floats:
        """Query vectors float32 [B, D + 1] of item ids done, as `recommend_from_history` searches with them."""
        state = self._now
        return _query_of(state, history_lists(state.items, dict(enumerate(histories)))[1])

    def explain(self, user_id: Any, item_id: Any, history: Iterable[Any] | None = None) -> Explanation:
        """Why this item has the score it has for this user: the score as a sum of what each piece brings.

        Args:
            user_id: a user of the bundle, or any name where there is a `history`.
            item_id: an item that can be listed.
            history: item ids, for somebody the model has never seen, as in `recommend_from_history`.

        Raises:
            InputError: a user or an item that the bundle does not know, or an item without words and clicks.
        """
        return explanation_of(self._now, user_id, item_id, history)

    def explain_lists(self, lists: pd.DataFrame, view: str = "parts") -> pd.DataFrame:
        """Frame `user_id, item_id, score, name, value`: `explain` of every row of lists as `recommend` gives them.

        Args:
            lists: frame with `user_id` and `item_id`.
            view: `"parts"`, `"by_item"` or `"by_history"`, see `Explanation`.

        Raises:
            InputError: as in `explain`; another `view`, or `lists` without its columns.
        """
        need_columns(lists, "lists")
        one_of(VIEWS, view, "view")
        columns = [USER_ID, ITEM_ID, SCORE, "name", "value"]
        pairs = zip(lists[USER_ID], lists[ITEM_ID], strict=True)
        state = self._now
        frames = [explanation_of(state, user, item, None).frame(view) for user, item in pairs]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)

    def similar_items(self, item_ids: Iterable[Any], k: int = 20) -> pd.DataFrame:
        """Frame `item_id, similar_item_id, rank, score`: the items most like each, itself left out.

        Items are alike that the same users score high: the score is the correlation of two items' scores over the users
        of the training, the prior left out; with few users it is between that and a cosine. Bundles of earlier versions
        give cosines.

        An item that is not in the bundle, or of which nothing is known, has no rows.

        Args:
            item_ids: ids, in the order of the lists.
            k: int, at least 1.

        Raises:
            InputError: `k` below 1 or not whole.
        """
        check_k(k)
        state, asked = self._now, strings(item_ids)
        found = similar_items(state, state.items.rows(asked), k)
        return ranked_frame({ITEM_ID: asked}, *found, "similar_item_id", state.items.names)

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
            InputError: `k` below 1 or not whole, neither or odd numbers of ids and vectors, vectors of another shape or
                with NaN.
            BundleError: a bundle of an earlier version, which cannot answer this.
        """
        check_k(k)
        state = self._now
        if vectors is None:
            if item_ids is None:
                raise InputError("`item_ids` or `vectors` must be given; received neither")
            asked = strings(item_ids)
            found = best_users(state, state.items.rows(asked), k)
        else:
            table = self._vectors(vectors)
            asked = names_of(table, item_ids, "item_ids")
            found = best_users_of_vectors(state, table, k)
        return ranked_frame({ITEM_ID: asked}, *found, USER_ID, state.users.names)

    def titles(self, item_ids: Iterable[Any]) -> pd.DataFrame:
        """Frame `item_id` and what the bundle has to show of each item, a row for every id.

        Args:
            item_ids: ids, in the order of the rows; they may repeat.
        """
        return self._now.titles(strings(item_ids))

    def is_cold(self, item_ids: Iterable[Any]) -> npt.NDArray[np.bool_]:
        """Bool [N]: true for an item that training never saw, or that the bundle does not know at all."""
        state = self._now
        flags: npt.NDArray[np.bool_] = state.is_cold[state.items.rows(strings(item_ids))]
        return flags

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The signatures of the SavedModel by name: functions of named tensors, which many threads may call at once.

        They answer from the bundle as it lies on disk: changes in memory are not in them.
        """
        return dict(self._opened.model.signatures)

    @property
    def item_ids(self) -> Ids:
        """Object [I] of str: every item of the bundle, removed ones left out."""
        state = self._now
        return state.items.names[1:][~state.removed[1:]]

    @property
    def attributes(self) -> pd.DataFrame:
        """What the bundle keeps of its items, one row each in the bundle's own order, `item_id` as index.

        These are the columns of the items table that it was exported with: numbers and flags as they were, lists joined
        by commas. A removed item has a row of nothing. No columns where nothing is kept.
        """
        return self._now.attributes

    @property
    def user_ids(self) -> Ids:
        """Object [U] of str: every user of the bundle."""
        return self._now.users.names[1:]

    # -- inside --------------------------------------------------------------------------------------------------

    def _vectors(self, vectors: npt.ArrayLike) -> Floats:
        block = self.manifest.text_block
        return checked_vectors(vectors, block, 0 if block is None else int(self.manifest.text[block]["width"]))

    def _query_of_vectors(self, vectors: Floats) -> Floats:
        query: Floats = self._opened.model.query_of_vectors(tf.constant(vectors)).numpy()
        return query

    def _lists(
        self,
        state: State,
        asked: Ids,
        query: Floats,
        hidden: Lists,
        k: int,
        candidates: Iterable[Any] | None,
        where: str | None,
        steer: Steers | None = None,
    ) -> pd.DataFrame:
        check_k(k)
        if steer is not None:
            directions, strengths = steer.directions(self._pinned(state))
            query = moved(query, directions, strengths, state.listed_candidates, state.common_query[:-1])
            rows = np.tile(state.items.rows(strings(steer.hidden)), len(asked))
            owners = np.repeat(np.arange(len(asked)), len(steer.hidden))
            hidden = hidden.joined(Lists.of_pairs(owners, rows, len(asked)))
        among = None if candidates is None else candidate_rows(state.items, candidates)
        if where is not None:
            fit = state.rows_where(where)
            among = fit if among is None else np.intersect1d(among, fit)
        width = len(state.items) if among is None else len(among)
        step = max(1, _CELLS // max(1, min(k, width)))
        frames = []
        for start in range(0, max(1, len(asked)), step):  # one block for nobody, which makes the columns
            part = slice(start, min(start + step, len(asked)))
            found = best_items(state, query[part], hidden[part], min(k, max(1, width)), among)
            frames.append(ranked_frame({USER_ID: asked[part]}, *found, ITEM_ID, state.items.names))
        return pd.concat(frames, ignore_index=True)


def _query_of(state: State, lists: Lists) -> Floats:
    """Query vectors [B, D + 1] of histories alone, some at a time."""
    parts = in_parts(lists, max(1, _CELLS // state.opened.manifest.dim))
    return np.concatenate([state.query_of(part) for part in parts])
