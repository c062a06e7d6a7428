"""The SavedModel: tables, the parts for newcomers, and a signature for every question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import tensorflow as tf

from tfcold.export.approximate import best_near
from tfcold.export.cells import Cells
from tfcold.export.leaves import Leaves
from tfcold.export.parts import Parts
from tfcold.export.readers.lookup import rows_by_name
from tfcold.export.search import CHUNK, LOWEST, Found, Rows, best, checked, nothing
from tfcold.export.stored import Store
from tfcold.export.table_variables import TableVariables, in_one_block
from tfcold.export.tables import ServingTables
from tfcold.export.word_signatures import word_signatures
from tfcold.export.words import Words

_IDS: Final = tf.TensorSpec([None], tf.string)
_ID_LISTS: Final = tf.TensorSpec([None, None], tf.string)
_ROWS: Final = tf.TensorSpec([None], tf.int32)
_SPLITS: Final = tf.TensorSpec([None], tf.int64)
_NUMBER: Final = tf.TensorSpec([], tf.int32)

Answer = dict[str, tf.Tensor]


SENTENCE_COUNT = 10.0  # known interactions that a sentence is worth to the popularity prior


class ServingModule(tf.Module):
    """Recommends with TensorFlow alone: ids in, ids out.

    Tracks what serving needs and nothing else; no embedding table and no feature table of the training is among it.
    Lists are rectangular, [B, min(k, I)] for a catalogue of I items: a place for which there is no item holds the id
    `""` and the lowest float32. The signatures are those of `signatures()`; the functions that take rows instead of ids
    are for `tfcold.serving`, and search by the very code that the signatures run.

    Args:
        tables: what is looked up.
        parts: the layers for histories, sentences and items that training never saw.
        default_k: int, at least 1. Length of the lists of `serving_default`.
        words: what reads texts, or None (default): no signature takes texts.
        store: in what the tables are kept, `float32` (default), `float16` or `int8`.
        where: cells or leaves that `search` looks into, of these tables; None (default) is everywhere.
    """

    def __init__(
        self,
        tables: ServingTables,
        parts: Parts,
        default_k: int = 20,
        *,
        words: Words | None = None,
        store: Store = "float32",
        where: Cells | Leaves | None = None,
    ) -> None:
        super().__init__(name="tfcold")
        self._parts = parts
        self._default_k = default_k
        self.words = words
        self.part_weights = parts.variables
        self._kept = TableVariables.of(tables, store)
        self._candidates, self._history, self._queries = self._kept.candidates, self._kept.history, self._kept.queries
        for name, variable in self._kept.named().items():  # `export.same_graph` writes them by the same names
            setattr(self, name, variable)
        self._items_in_one_block, self._users_in_one_block = in_one_block(tables).values()
        self._where = where
        if isinstance(where, Cells):
            self.guide, self.listed_cells = _fixed(where.guide, "guide"), _fixed(where.listed, "listed_cells")
            self._where = replace(where, guide=self.guide, listed=self.listed_cells)
        elif where is not None:
            self.leaves, self.leaf_rows = where.state, where.rows
        self._item_rows = rows_by_name(self.item_ids)
        self._user_rows = rows_by_name(self.user_ids)
        queries = tf.TensorSpec([None, tables.dim + 1], tf.float32)
        self.search = _function(self._search, [queries, _ROWS, _SPLITS, _NUMBER])
        self.search_among = _function(self._search_among, [queries, _ROWS, _ROWS, _SPLITS, _NUMBER])
        self.similar = _function(self._similar, [_ROWS, _NUMBER])
        self.query_of_histories = _function(self._query_of_histories, [_ROWS, _SPLITS])
        sums = [tf.TensorSpec([None, tables.dim], tf.float32), tf.TensorSpec([None], tf.float32)]
        self.query_of_sums = _function(partial(parts.query, words=None, said=None), sums)  # for explanations
        self.query_of_known_sums = _function(parts.known_query, sums)
        asked = [queries, tf.TensorSpec([None], tf.bool), _ROWS, _SPLITS, _NUMBER]
        self.best_users = _function(self._best_users, asked)  # two questions, traced once
        self.audience_of_rows = _function(self._audience_of_rows, [_ROWS, _NUMBER])
        if parts.encoders:
            self.audience_of_vectors = _function(self._audience_of_vectors, [self._vector_spec, _NUMBER])
            self.query_of_vectors = _function(self._query_of_vectors, [self._vector_spec])

    def signatures(self) -> dict[str, Any]:
        """The signatures to save, by name.

        `recommend_from_vector` is there where items have vectors, those that take texts where words are read.
        """
        specs: dict[str, tuple[Callable[..., Answer], list[tf.TensorSpec]]] = {
            "serving_default": (self._serving_default, [_named(_IDS, "user_id")]),
            "recommend": (
                self._recommend,
                [_named(_IDS, "user_id"), _named(_NUMBER, "k"), _named(_ID_LISTS, "exclude")],
            ),
            "recommend_among": (
                self._recommend_among,
                [
                    _named(_IDS, "user_id"),
                    _named(_ID_LISTS, "include"),
                    _named(_NUMBER, "k"),
                    _named(_ID_LISTS, "exclude"),
                ],
            ),
            "recommend_from_history": (
                self._recommend_from_history,
                [_named(_ID_LISTS, "item_id"), _named(_NUMBER, "k")],
            ),
            "score": (self._score, [_named(_IDS, "user_id"), _named(_IDS, "item_id")]),
            "similar_items": (self._similar_items, [_named(_IDS, "item_id"), _named(_NUMBER, "k")]),
            "audience": (self._audience, [_named(_IDS, "item_id"), _named(_NUMBER, "k")]),
        }
        if self._parts.encoders:
            given = [_named(self._vector_spec, "vector"), _named(_NUMBER, "k")]
            specs["recommend_from_vector"] = (self._recommend_from_vector, given)
        if self.words is not None:
            specs.update(word_signatures(self, self.words))
        # not traced here: while it saves, TensorFlow would trace anew whatever was traced before
        return {name: _function(function, given) for name, (function, given) in specs.items()}

    @property
    def _vector_spec(self) -> tf.TensorSpec:
        return tf.TensorSpec([None, next(iter(self._parts.encoders.values())).width], tf.float32)

    # -- signatures ----------------------------------------------------------------------------------------------

    def _serving_default(self, user_id: tf.Tensor) -> Answer:
        rows = self._user_rows.lookup(user_id)
        return self.listed(self._queries.rows(rows), self._done(rows), tf.constant(self._default_k))

    def _recommend(self, user_id: tf.Tensor, k: tf.Tensor, exclude: tf.Tensor) -> Answer:
        rows = self._user_rows.lookup(user_id)
        excluded = tf.RaggedTensor.from_tensor(self._item_rows.lookup(exclude), row_splits_dtype=tf.int64)
        return self.listed(self._queries.rows(rows), tf.concat([self._done(rows), excluded], axis=1), k)

    def _recommend_among(self, user_id: tf.Tensor, include: tf.Tensor, k: tf.Tensor, exclude: tf.Tensor) -> Answer:
        rows = self._user_rows.lookup(user_id)
        num, given = tf.shape(rows)[0], tf.shape(include)
        fits = tf.debugging.Assert(
            (given[0] == num) | (given[0] == 1),
            ["`include` must have one row, or one for each `user_id`; received", given[0], num],
        )
        with tf.control_dependencies([] if fits is None else [fits]):
            included = tf.broadcast_to(self._item_rows.lookup(include), [num, given[1]])
        excluded = tf.RaggedTensor.from_tensor(self._item_rows.lookup(exclude), row_splits_dtype=tf.int64)
        hidden = tf.concat([self._done(rows), excluded], axis=1)
        query = self._queries.rows(rows)
        num_items = tf.shape(self.is_known)[0] - 1
        found = best(query, self._listable, hidden, checked(k, num_items), among=included)
        return self._named(found)

    def _audience(self, item_id: tf.Tensor, k: tf.Tensor) -> Answer:
        rows, scores = self.audience_of_rows(self._item_rows.lookup(item_id), k)
        return {"user_id": tf.gather(self.user_ids, rows), "score": scores}

    def _recommend_from_history(self, item_id: tf.Tensor, k: tf.Tensor) -> Answer:
        history = self.histories(item_id)
        return self.listed(self.query_of_histories(history.values, history.row_splits), history, k)

    def _recommend_from_vector(self, vector: tf.Tensor, k: tf.Tensor) -> Answer:
        query = self.query_of_vectors(vector)
        return self.listed(query, nothing(query), k)

    def _score(self, user_id: tf.Tensor, item_id: tf.Tensor) -> Answer:
        nums = [tf.shape(user_id)[0], tf.shape(item_id)[0]]
        tf.debugging.Assert(nums[0] == nums[1], ["`user_id` and `item_id` must be of one length; received", *nums])
        items = self._item_rows.lookup(item_id)
        query = self._queries.rows(self._user_rows.lookup(user_id))
        score = tf.reduce_sum(query * self._candidates.rows(items), axis=1)
        return {"score": tf.where(tf.gather(self.is_known, items), score, LOWEST)}

    def _similar_items(self, item_id: tf.Tensor, k: tf.Tensor) -> Answer:
        return self._named(self.similar(self._item_rows.lookup(item_id), k))

    # -- queries -------------------------------------------------------------------------------------------------

    def histories(self, item_id: tf.Tensor) -> tf.RaggedTensor:
        """Item rows of ids [B, H], every one once, int32 ragged [B, None]."""
        rows = tf.sort(self._item_rows.lookup(item_id), axis=1)
        # done twice is done once; row 0 is an id that nobody knows
        before = tf.concat([tf.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)
        counts = tf.reduce_sum(tf.cast(rows != before, tf.int64), axis=1)
        splits = tf.concat([[0], tf.cumsum(counts)], axis=0)
        return tf.RaggedTensor.from_row_splits(tf.boolean_mask(rows, rows != before), splits, validate=False)

    def _query_of_histories(self, rows: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
        """Query vectors [B, D + 1] of the flat item rows of B histories; unknown items say nothing."""
        return self._parts.query(*self._done_sum(rows, splits))

    def _done_sum(self, rows: tf.Tensor, splits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What histories sum up to [B, D], and the number of known items in each [B]."""
        num = tf.shape(splits)[0] - 1
        owner = tf.ragged.row_splits_to_segment_ids(splits, out_type=tf.int64)
        known = tf.cast(tf.gather(self.says, rows), tf.float32)
        summed = tf.math.unsorted_segment_sum(self._history.rows(rows), owner, num)  # unknown rows are zeros
        return summed, tf.math.unsorted_segment_sum(known, owner, num)

    def _query_of_vectors(self, vector: tf.Tensor) -> tf.Tensor:
        """Query vectors [B, D + 1] of sentences; zeros in a row are a sentence in which the encoder knew nothing.

        A sentence has the length of one typical click: its history vector is brought to the median length of those
        of warm items. A map learned by ridge shrinks, the more the less a text is like those it was taught. It says
        more of what is wanted than a click does, so the prior stands back as after `SENTENCE_COUNT` of them;
        otherwise every sentence would get the popular list.
        """
        nobody = tf.zeros([tf.shape(vector)[0], self._parts.dim]), tf.zeros([tf.shape(vector)[0]])
        return self._parts.query(*nobody, said=self._said_sum(vector))

    def query_of_both(self, history: tf.RaggedTensor, vector: tf.Tensor) -> tf.Tensor:
        """Query vectors [B, D + 1] of people known by what they did and by a sentence.

        The sentence joins the history as `SENTENCE_COUNT` interactions; either may say nothing.
        """
        return self._parts.query(*self._done_sum(history.values, history.row_splits), said=self._said_sum(vector))

    def _said_sum(self, vector: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The same of sentences: the sum of the interactions that each stands for, and their number."""
        vector = _finite(vector)
        says = tf.reduce_any(vector != 0, axis=1)
        says_float = tf.cast(says, tf.float32)
        direction = tf.math.l2_normalize(self._parts.sentence(vector, says), axis=1)
        counts = SENTENCE_COUNT * says_float
        length = self.typical_norm * tf.pow(SENTENCE_COUNT, self._parts.pooling_alpha)  # pooling divides by it
        return length * direction * says_float[:, None], counts

    def _audience_of_rows(self, item_rows: tf.Tensor, k: tf.Tensor) -> Found:
        """User rows and scores [B, min(k, U)] of the users that score each item highest, who did it left out."""
        everybody = tf.RaggedTensor.from_row_splits(self.doer_rows, self.doer_splits, validate=False)
        vectors = self._candidates.rows(item_rows)
        done = tf.gather(everybody, item_rows)
        return self.best_users(vectors, tf.gather(self.is_known, item_rows), done.values, done.row_splits, k)

    def _audience_of_vectors(self, vector: tf.Tensor, k: tf.Tensor) -> Found:
        """The same for items that the tables do not have, known by their vector in the first block."""
        vector = _finite(vector)
        says = tf.reduce_any(vector != 0, axis=1)
        nobody = nothing(vector)
        return self.best_users(self._parts.newcomer(vector, says), says, nobody.values, nobody.row_splits, k)

    def _best_users(
        self, items: tf.Tensor, listed: tf.Tensor, hidden_rows: tf.Tensor, hidden_splits: tf.Tensor, k: tf.Tensor
    ) -> Found:
        hidden = tf.RaggedTensor.from_row_splits(hidden_rows, hidden_splits, validate=False)
        rows = Rows(self.queries, self.no_users, self._queries.scales, self._users_in_one_block)
        return best(items, rows, hidden, checked(k, tf.shape(self.user_ids)[0] - 1), asked=listed)

    def _done(self, user_rows: tf.Tensor) -> tf.RaggedTensor:
        everybody = tf.RaggedTensor.from_row_splits(self.done_rows, self.done_splits, validate=False)
        return tf.gather(everybody, user_rows)

    # -- search --------------------------------------------------------------------------------------------------

    def _search(self, query: tf.Tensor, hidden_rows: tf.Tensor, hidden_splits: tf.Tensor, k: tf.Tensor) -> Found:
        """Item rows and scores [B, min(k, I)]; row 0 and the lowest float32 where the list ran out."""
        hidden = tf.RaggedTensor.from_row_splits(hidden_rows, hidden_splits, validate=False)
        k = checked(k, tf.shape(self.is_known)[0] - 1)
        if self._where is not None:
            return best_near(query, self._listable, self._where, hidden, k)
        return best(query, self._listable, hidden, k)

    def _search_among(
        self, query: tf.Tensor, item_rows: tf.Tensor, hidden_rows: tf.Tensor, hidden_splits: tf.Tensor, k: tf.Tensor
    ) -> Found:
        """The same among N distinct item rows only, [B, min(k, N)]."""
        hidden = tf.RaggedTensor.from_row_splits(hidden_rows, hidden_splits, validate=False)
        num = tf.shape(item_rows)[0]
        item_rows = tf.pad(item_rows, [[0, -num % CHUNK]])  # with row 0, which is not listed
        unlisted = tf.cast(tf.where(~tf.gather(self.is_known, item_rows))[:, 0], tf.int32)
        column = tf.fill(tf.shape(self.is_known), -1)
        column = tf.tensor_scatter_nd_update(column, item_rows[:num, None], tf.range(num))
        hidden = hidden.with_values(tf.gather(column, hidden.values))
        rows = Rows(self._candidates.rows(item_rows), unlisted)
        positions, values = best(query, rows, hidden, checked(k, num))
        found = values > LOWEST
        padded = tf.concat([item_rows, [0]], axis=0)  # something to gather from where N is 0
        return tf.where(found, tf.gather(padded, positions), 0), values

    def _similar(self, item_rows: tf.Tensor, k: tf.Tensor) -> Found:
        """Item rows and correlations [B, min(k, I)] of the items most like each, itself left out.

        Items are alike that the same users score high: what is compared are their scores over the users.
        """
        asked = tf.matmul(self._candidates.rows(item_rows)[:, :-1], self.query_covariance)
        asked *= tf.gather(self.inverse_norms, item_rows)[:, None]
        asked = tf.pad(asked, [[0, 0], [0, 1]])  # the last column of candidates is the prior: it says nothing here
        known = tf.gather(self.is_known, item_rows)
        itself = tf.RaggedTensor.from_tensor(item_rows[:, None], row_splits_dtype=tf.int64)
        own = self._candidates.scales
        scales = self.inverse_norms if own is None else self.inverse_norms * own
        rows = Rows(self.candidates, self.unlisted, scales, self._items_in_one_block)
        return best(asked, rows, itself, checked(k, tf.shape(self.is_known)[0] - 1), asked=known)

    @property
    def _listable(self) -> Rows:
        return Rows(self.candidates, self.unlisted, self._candidates.scales, self._items_in_one_block)

    def listed(self, query: tf.Tensor, hidden: tf.RaggedTensor, k: tf.Tensor) -> Answer:
        """The answer of a signature: the best k items of each query, but those in `hidden`."""
        return self._named(self.search(query, hidden.values, hidden.row_splits, k))

    def _named(self, found: Found) -> Answer:
        rows, scores = found
        return {"item_id": tf.gather(self.item_ids, rows), "score": scores}


def _finite(vector: tf.Tensor) -> tf.Tensor:
    finite = tf.reduce_all(tf.math.is_finite(vector))
    checked = tf.debugging.Assert(finite, ["`vector` must be finite; received NaN or infinity among", tf.shape(vector)])
    with tf.control_dependencies([] if checked is None else [checked]):
        return tf.identity(vector)


def _function(function: Callable[..., Any], given: list[tf.TensorSpec]) -> Any:
    return tf.function(function, input_signature=given, autograph=False)  # nothing to rewrite, and rewriting is slow


def _named(spec: tf.TensorSpec, name: str) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape, spec.dtype, name=name)


def _fixed(values: Any, name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
