from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfcold
from tfcold.export import add_items, add_users, approximate, cells, export, remove_items
from tfcold.export.approximate import best_near
from tfcold.export.cells import CELL, Cells, guided, order_of_cells
from tfcold.export.leaves import Leaves
from tfcold.export.search import CHUNK, LOWEST, Rows, best, nothing
from tfcold.export.stored import Stored
from tfcold.export.tables import tables_of_bundle
from tfcold.manifest import read_manifest

ALL = 40


@pytest.fixture
def found_fast(monkeypatch):
    """Any catalogue is large enough."""
    monkeypatch.setattr(cells, "LEAST_ITEMS", 1)
    monkeypatch.setattr(cells, "MOST_SHARE", 1)


@pytest.fixture(scope="module")
def tables(toys):
    drawn = toys.make_tables(ALL * CELL)
    return drawn.in_order(order_of_cells(drawn.candidates, drawn.is_known))


def asked(tables, probes, hidden, k, store="float32", num=9, way=best_near):
    stored = Stored.of(tables.candidates, store, "rows", CHUNK)
    unlisted = tf.constant(np.flatnonzero(~tables.is_known).astype(np.int32))
    rows, query = Rows(stored.values, unlisted, stored.scales), tf.constant(tables.queries[:num])
    hidden = tf.ragged.constant(hidden, dtype=tf.int32, row_splits_dtype=tf.int64)
    more = {} if way is best else {"where": Cells(*_guide(tables), probes, 10)}
    found = tf.function(lambda: way(query, rows, **more, hidden=hidden, k=tf.constant(k)), autograph=False)()
    return found[0].numpy(), found[1].numpy()


def _guide(tables):
    whole = guided(tables.candidates, tables.is_known)
    return whole.guide, whole.listed


@pytest.mark.parametrize("store", ["float32", "float16", "int8"])
@pytest.mark.parametrize("k", [1, 10, 100])
def test_all_probes_find_what_the_exact_search_finds(found_fast, tables, store, k):
    random = np.random.default_rng(k)
    hidden = [random.integers(-1, ALL * CELL, size).tolist() for size in (0, 1, 40, 40, 0, 200, 3, 0, 7)]

    near = asked(tables, ALL, hidden, k, store)
    exact = asked(tables, ALL, hidden, k, store, way=best)

    np.testing.assert_array_equal(near[0], exact[0])
    np.testing.assert_allclose(near[1], exact[1], rtol=1e-5)


def test_few_probes_look_into_the_cells_of_most_hope(found_fast, tables):
    probes, k, query = 5, 10, tables.queries[:9]
    guide, listed = _guide(tables)
    hopes = query @ guide[:, :-1].T + np.linalg.norm(query, axis=1)[:, None] * guide[:, -1]
    scores = np.full((9, ALL, CELL), -np.inf, np.float32)
    for number, chosen in enumerate(np.argsort(-hopes, axis=1)[:, :probes]):
        scores[number, chosen] = tables.candidates.reshape(ALL, CELL, -1)[chosen] @ query[number]
    scores[:, ~listed] = -np.inf
    right = np.argsort(-scores.reshape(9, -1), axis=1, kind="stable")[:, :k]

    rows, values = asked(tables, probes, [[]] * 9, k)

    np.testing.assert_array_equal(rows, right)
    np.testing.assert_allclose(values, np.take_along_axis(scores.reshape(9, -1), right, axis=1), rtol=1e-5)
    assert (rows != asked(tables, probes, [[]] * 9, k, way=best)[0]).any()  # it did not look everywhere


def test_what_is_hidden_or_unlisted_never_comes_and_makes_it_look_further(found_fast, tables):
    first = asked(tables, 5, [[]] * 9, 10)[0]

    rows, values = asked(tables, 5, first.tolist(), 10)  # 20 at a depth of 10: looks into 5 * 2 ** 0.5, so 8

    exact = asked(tables, 5, first.tolist(), 10, way=best)
    assert all(not {*one} & {*other} for one, other in zip(rows, first, strict=True))
    assert tables.is_known[rows].all()
    assert (values > LOWEST).all()
    assert (rows != exact[0]).any()


@pytest.mark.parametrize("hides", ["too few are left in the cells", "the list is longer than the cells"])
def test_a_list_is_as_long_as_it_can_be(found_fast, tables, hides):
    if hides == "too few are left in the cells":
        best_first = asked(tables, 1, [[]] * 9, 10 * CELL, way=best)[0]
        hidden, k = [*[[]] * 8, best_first[8].tolist()], 10
    else:
        hidden, k = [[]] * 9, ALL * CELL - 40

    near, exact = asked(tables, 1, hidden, k), asked(tables, 1, hidden, k, way=best)

    np.testing.assert_array_equal(near[0], exact[0])
    np.testing.assert_array_equal(near[1], exact[1])


def test_more_than_an_eighth_of_the_cells_is_everywhere(tables):
    hidden = [[]] * 9

    near, far, exact = (
        asked(tables, 5, hidden, 10),
        asked(tables, 6, hidden, 10),
        asked(tables, 5, hidden, 10, way=best),
    )

    assert (near[0] != exact[0]).any()
    np.testing.assert_array_equal(far[0], exact[0])


@pytest.mark.parametrize("probes", [5, 1], ids=["near", "everywhere"])
def test_who_asks_alone_has_the_same_list(found_fast, tables, probes):
    hidden = [asked(tables, ALL, [[]] * 9, 3, way=best)[0][0].tolist(), *[[]] * 8]
    k = 10 if probes == 5 else 2 * CELL

    alone, together = asked(tables, probes, hidden[:1], k, num=1), asked(tables, probes, hidden, k)

    np.testing.assert_array_equal(alone[0][0], together[0][0])
    np.testing.assert_allclose(alone[1][0], together[1][0], rtol=1e-5)


class FoundByHand(Leaves):
    """The index of ScaNN, which is an extra, with the same rows for everybody."""

    def candidates(self, query, probes, scored):
        return tf.tile(tf.range(1, 1 + scored)[None], [tf.shape(query)[0], 1])


@pytest.mark.parametrize("kind", ["cells", "leaves"])
@pytest.mark.parametrize("num", [0, 1, 2])
def test_as_many_lists_as_ask(found_fast, tables, kind, num):
    where = Cells(*_guide(tables), 3, 10) if kind == "cells" else FoundByHand(None, None, 8, 2, 50, 10)
    rows = Rows(tf.constant(tables.candidates), tf.constant(np.flatnonzero(~tables.is_known).astype(np.int32)))

    @tf.function(input_signature=[tf.TensorSpec([None, 6])], autograph=False)
    def searched(query):
        return best_near(query, rows, where, nothing(query), tf.constant(4))

    at, values = searched(tf.constant(tables.queries[:num]))

    assert at.shape == values.shape == (num, 4)
    scores = np.take_along_axis(tables.queries[:num] @ tables.candidates.T, at.numpy(), axis=1)
    np.testing.assert_allclose(values, scores, rtol=1e-5)


# -- bundles ---------------------------------------------------------------------------------------------------------

NUM = 500


@pytest.fixture(scope="module")
def large_world(toys):
    return toys.make_world(num_items=NUM)


def small_is_large(patch):
    for name, value in {"LEAST_ITEMS": 1, "MOST_SHARE": 1, "RECALL": 0.95}.items():
        patch.setattr(cells, name, value)


@pytest.fixture(scope="module")
def bundles(large_world, tmp_path_factory):
    """One that looks for 19 of 20 list entries, and an exact one."""
    folder = tmp_path_factory.mktemp("near")
    given = {"items": large_world.items, "encoders": {"lexical": large_world.lexical},
             "features": large_world.features, "default_k": 5}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        small_is_large(patch)
        near = export(large_world.trained, folder / "near", search="approximate", **given)
    return near, export(large_world.trained, folder / "exact", **given)


def lists(folder, users, k=5, **more):
    frame = tfcold.load(folder).recommend(users, k=k, **more)
    return [list(items) for _, items in frame.groupby("user_id", sort=False)["item_id"]]


def shared(one, other):
    return np.mean([len({*first} & {*second}) / len(second) for first, second in zip(one, other, strict=True)])


def test_a_bundle_says_how_it_searches_and_finds_most(large_world, bundles):
    near, exact = bundles
    users = list(large_world.trained.user_ids.ids)
    manifest, plain = read_manifest(near), read_manifest(exact)

    assert (manifest.search, plain.search, plain.cells) == ("approximate", "exact", {})
    assert manifest.cells["cells"] == CHUNK // CELL * -(-(NUM + 1) // CHUNK)
    assert 1 <= manifest.cells["probes"] < manifest.cells["cells"]
    assert manifest.cells["k"] == 5
    assert manifest.cells["recall"] >= 0.95
    found = shared(lists(near, users), lists(exact, users))
    assert 0.9 <= found < 1


def test_what_else_a_bundle_says_is_the_same(large_world, bundles):
    users = list(large_world.trained.user_ids.ids[:6])
    near, exact = (tfcold.load(folder) for folder in bundles)
    some = [f"i{number}" for number in range(40, 200)]

    assert lists(bundles[0], users, candidates=some) == lists(bundles[1], users, candidates=some)
    whole = [model.recommend(users, k=NUM).sort_values(["user_id", "item_id"]) for model in (near, exact)]
    assert list(whole[0]["item_id"]) == list(whole[1]["item_id"])  # longer than any cells: everywhere
    np.testing.assert_allclose(whole[0]["score"], whole[1]["score"], atol=1e-5)
    pairs = pd.DataFrame({"user_id": ["u1", "u2"], "item_id": ["i7", "i9"]})
    np.testing.assert_allclose(near.score(pairs)["score"], exact.score(pairs)["score"], atol=1e-6)
    assert list(near.similar_items(["i7"], k=5)["item_id"]) == list(exact.similar_items(["i7"], k=5)["item_id"])
    assert list(near.titles(["i7"]).iloc[0]) == list(exact.titles(["i7"]).iloc[0])
    item = exact.recommend(["u1"], k=1)["item_id"][0]
    parts = [model.explain("u1", item).parts for model in (near, exact)]
    pd.testing.assert_frame_equal(*map(pd.DataFrame, parts), atol=1e-5)


def test_added_and_removed_items_are_found_and_not_found(large_world, bundles, tmp_path, monkeypatch):
    small_is_large(monkeypatch)
    near, users = bundles[0], list(large_world.trained.user_ids.ids)
    top = sorted({item for line in lists(near, users) for item in line})
    vectors = large_world.vectors["text"]
    arrivals = large_world.items.iloc[40:80].assign(item_id=[f"n{number}" for number in range(40)])
    rows = [list(vectors.ids).index(one) for one in large_world.items["item_id"].iloc[40:80]]
    given = {"text": type(vectors)(arrivals["item_id"].to_numpy(object), 3 * vectors.vectors[rows], vectors.provenance)}

    later = add_items(near, arrivals, given, tmp_path / "shop")
    later = remove_items(later, top[:5])
    later = add_users(later, pd.DataFrame({"user_id": ["new"] * 3, "item_id": ["i3", "n1", "i9"]}))

    manifest = read_manifest(later)
    assert (manifest.search, manifest.cells["cells"]) == ("approximate", 2 * -(-(NUM + 41) // CHUNK))
    found = lists(later, [*users, "new"], k=40)
    assert not {item for line in found for item in line} & {*top[:5]}
    whole = tables_of_bundle(tf.saved_model.load(str(later)))
    scores = whole.queries[1:] @ whole.candidates.T
    scores[:, ~whole.is_known] = -np.inf
    for user in range(len(scores)):
        scores[user, whole.done_rows[slice(*whole.done_splits[user + 1 : user + 3])]] = -np.inf
    right = [[whole.item_ids[row - 1] for row in line] for line in np.argsort(-scores, axis=1)[:, :40]]
    assert any(item.startswith("n") for line in right for item in line)
    assert shared(found, right) >= 0.9


def test_changes_in_memory(large_world, bundles):
    near, users = tfcold.load(bundles[0]), list(large_world.trained.user_ids.ids)
    before = near.recommend(users, k=5)
    gone = before["item_id"][0]

    near.remove_items([gone])
    after = near.recommend(users, k=5)

    assert len(after) == 5 * len(users)
    assert gone not in set(after["item_id"])
    first = [set(frame[frame["user_id"] == users[0]]["item_id"]) for frame in (before, after)]
    assert first[0] - {gone} <= first[1]


def test_few_items_stay_exact_and_a_later_version_asks_again(large_world, tmp_path, monkeypatch):
    folder = export(large_world.trained, tmp_path / "shop", search="approximate", default_k=5)
    assert (read_manifest(folder).search, read_manifest(folder).cells) == ("approximate", {})
    assert not hasattr(tf.saved_model.load(str(folder)), "guide")

    small_is_large(monkeypatch)
    later = remove_items(folder, ["i7"])

    assert read_manifest(later).cells["probes"] >= 1


def test_rows_are_hidden_from_their_own_query_alone():
    found = tf.constant([[5, -1, 7], [7, 5, 2**31 - 1], [0, 1, -1]])
    hidden = tf.ragged.constant([[7, -1, 7], [2**31 - 1, 0], []], dtype=tf.int32, row_splits_dtype=tf.int64)

    hides = approximate._are_among(found, hidden).numpy()

    np.testing.assert_array_equal(hides, [[False, True, True], [False, False, True], [False, False, False]])
    assert approximate._are_among(found[:0], hidden[:0]).shape == (0, 3)
