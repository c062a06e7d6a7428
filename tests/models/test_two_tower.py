"""Two towers against NumPy, worked out from the weights and the raw vectors alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfcold._keras import keras
from tfcold.blocks import Features, VectorBlock
from tfcold.errors import InputError
from tfcold.models import TwoTower
from tfcold.objectives import FullSoftmax, RetrievalObjective
from tfcold.schema import Schema

# Items 1 and 2 are warm with words, 3 is warm without, 4 is cold with words, 5 is cold without.
COUNTS = np.array([0, 4, 1, 3, 0, 0])
TEXT = np.array([[0, 0], [3, 1], [1, 3], [0, 0], [4, 3], [0, 0]], np.float32)
TEXT_MASK = np.array([False, True, True, False, True, False])
WORDS = np.array([[0, 0], [1, 0], [0, 1], [0, 0]], np.float32)  # user 3 said nothing
WORDS_MASK = np.array([False, True, True, False])
FEATURES = Features(
    items={"text": VectorBlock("text", TEXT, TEXT_MASK)}, users={"words": VectorBlock("words", WORDS, WORDS_MASK)}
)
BATCH = {
    "user_row": np.array([1, 0, 3, 0], np.int32),
    "history": np.array([[1, 4, 0], [2, 0, 0], [3, 1, 2], [0, 0, 0]], np.int32),
    "item_row": np.array([2, 4, 5, 1], np.int32),
}


def make_model(**options: Any) -> TwoTower:
    """An adapted model with every trainable weight drawn at random, and a prior that counts."""
    options = {"pooling_alpha": 0.5, "user_weights": True, "seed": 3, **options}
    model = TwoTower(Schema(3, 5, {"text": 2}, {"words": 2}), dim=3, **options)
    model.adapt(FEATURES, item_counts=COUNTS, seed=0)
    model.prior.set_weights_of(0.7, 1.0)
    model.user_tower.fading.set_weights_of(2.0, 0.5)
    rng = np.random.default_rng(11)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(scale=0.5, size=weight.shape))
    return model


class NumPyTwin:
    """The formulas of the class, for the concat fusion."""

    def __init__(self, model: TwoTower) -> None:
        self.model = model
        self.prior = np.zeros(6)
        logs = np.log1p(COUNTS[1:4])
        self.prior[1:4] = (logs - logs.mean()) / logs.std()
        # the mean is that of the warm rows with words: ([3, 1] + [1, 3]) / 2 = [2, 2]; of users ([1, 0] + [0, 1]) / 2
        text, words = units(TEXT - 2, TEXT_MASK), units(WORDS - 0.5, WORDS_MASK)
        self.candidates = self.items(model.candidate_tower, text)
        self.history = self.items(model.history_tower, text)
        self.words = words

    def items(self, tower: Any, text: np.ndarray) -> np.ndarray:
        fusion, warm = tower.fusion, COUNTS > 0
        scale = np.where(warm, fusion.warm_text_scale.numpy(), fusion.cold_scale.numpy())
        rows = warm[:, None] * tower.embedding.get_weights()[0] + scale[:, None] * (text @ kernel(fusion, "text"))
        rows[~warm & ~TEXT_MASK] = fusion.prior.numpy()
        return rows

    def query(self, user: int, done: np.ndarray) -> np.ndarray:
        tower = self.model.user_tower
        fusion = tower.fusion
        n = len(done)
        text_part = 2 / (1 + n) ** 0.5 * self.words[user] @ kernel(fusion, "words")
        if n:
            text_part = text_part + self.history[done].sum(0) / n**0.5 @ kernel(fusion, "history")
        scale = fusion.warm_text_scale.numpy() if user else fusion.cold_scale.numpy()
        query = scale * text_part + (tower.embedding.get_weights()[0][user] if user else 0)
        if not user and not n:
            query = query + fusion.prior.numpy()
        similarity = self.model.similarity
        return query * (1 + query @ similarity.kernel.numpy() + similarity.bias.numpy())

    def scores(self, user: int, history: np.ndarray) -> np.ndarray:
        """Of all items, for one user."""
        done = history[history > 0]
        return self.candidates @ self.query(user, done) + 0.7 / (1 + len(done)) * self.prior


def kernel(fusion: Any, block: str) -> np.ndarray:
    return next(w.numpy() for w in fusion.weights if f"block/{block}/kernel" in w.name)


def units(vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(mask[:, None], vectors / length, 0)


def tensors(batch: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in batch.items()}


def test_call_is_the_formula() -> None:
    model = make_model()
    twin = NumPyTwin(model)
    expected = [
        twin.scores(user, history)[item]
        for user, history, item in zip(BATCH["user_row"], BATCH["history"], BATCH["item_row"], strict=True)
    ]

    np.testing.assert_allclose(model(tensors(BATCH)), expected, rtol=1e-4, atol=1e-5)
    assert np.std(expected) > 0.1


def test_pooled_queries_search_what_call_scores() -> None:
    model = make_model()
    twin = NumPyTwin(model)
    pooled = tf.reduce_sum(tf.gather(model.history_table(), BATCH["history"]), axis=1)
    counts = (BATCH["history"] > 0).sum(1)
    queries = model.pooled_queries(tf.constant(BATCH["user_row"]), pooled, tf.constant(counts, tf.float32))
    scores = queries.numpy() @ model.candidate_table().T

    for row, (user, history) in enumerate(zip(BATCH["user_row"], BATCH["history"], strict=True)):
        np.testing.assert_allclose(scores[row, 1:], twin.scores(user, history)[1:], rtol=1e-4, atol=1e-5)


def test_tables_are_the_towers_row_by_row() -> None:
    model = make_model()
    rows = tf.range(1, 6)
    table = model.candidate_table()

    np.testing.assert_allclose(table[1:, :3], model.candidates(rows), rtol=1e-6)
    np.testing.assert_allclose(table[1:, 3], NumPyTwin(model).prior[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.history_table()[1:], model.history_items(rows), rtol=1e-6)
    assert not table[0].any()
    assert not model.history_table()[0].any()


def test_long_tables_come_in_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    whole = model.candidate_table(), model.history_table()
    monkeypatch.setattr("tfcold.models.two_tower._PASS", 2)

    np.testing.assert_allclose(model.candidate_table(), whole[0], rtol=1e-6)
    np.testing.assert_allclose(model.history_table(), whole[1], rtol=1e-6)


@pytest.mark.parametrize("fusion", ["concat", "gated", "heads", "adapter"])
def test_cold_rows_never_read_their_embedding(fusion: str) -> None:
    model = make_model(fusion=fusion)
    before = model.candidate_table(), model.history_table()
    for tower in (model.candidate_tower, model.history_tower):
        table = tower.embedding.get_weights()[0]
        table[4:] = np.nan
        table[1] += 5
        tower.embedding.set_weights([table])
    after = model.candidate_table(), model.history_table()

    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new[2:], old[2:])
        assert np.abs(new[1] - old[1]).max() > 0.1  # a warm row does read it


@pytest.mark.parametrize("fusion", ["concat", "gated", "heads", "adapter"])
@pytest.mark.parametrize("normalise", [False, True])
def test_from_vectors_is_the_row_of_a_cold_item(fusion: str, normalise: bool) -> None:
    model = make_model(fusion=fusion, normalise=normalise)
    candidate, history = model.from_vectors({"text": tf.constant(TEXT[4:5])}, {})

    np.testing.assert_allclose(candidate[0], model.candidate_table()[4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history[0], model.history_table()[4], rtol=1e-5, atol=1e-6)


def test_from_vectors_of_a_masked_row_is_that_of_an_item_without_words() -> None:
    model = make_model()
    candidate, _ = model.from_vectors({"text": tf.constant(TEXT[4:5])}, {"text": tf.constant([False])})

    np.testing.assert_allclose(candidate[0], model.candidate_table()[5], rtol=1e-5, atol=1e-6)


def softmax_loss(logits: np.ndarray, target: int) -> float:
    return float(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[target])


def test_full_loss_is_the_mean_over_targets_among_unseen_warm_items() -> None:
    model = make_model(objective=FullSoftmax(temperature=0.5))
    twin = NumPyTwin(model)
    batch = {
        "user_row": np.array([1, 2, 3], np.int32),
        "history": np.array([[1, 0], [3, 2], [2, 0]], np.int32),
        "targets": np.array([[2, 3], [1, 0], [0, 0]], np.int32),  # the last one has none: no weight
    }
    first, second = (twin.scores(user, batch["history"][row]) / 0.5 for row, user in enumerate((1, 2)))
    # user 1 has seen item 1: items 2 and 3 are left, both targets. User 2 has seen 3 and 2: item 1 alone, loss 0
    expected = (softmax_loss(first[[2, 3]], 0) + softmax_loss(first[[2, 3]], 1)) / 2
    assert softmax_loss(second[[1]], 0) == 0

    assert float(model.compute_loss(tensors(batch))) == pytest.approx((expected + 0) / 2, rel=1e-4)


class FixedDraws:
    """Draws places 2 and 0 of the warm items: items 3 and 1."""

    def uniform(self, shape: Any, maxval: int, dtype: Any) -> tf.Tensor:
        assert maxval == 3
        return tf.constant([2, 0], dtype)


def test_sampled_loss_corrects_for_both_ways_of_being_drawn() -> None:
    model = make_model(objective=RetrievalObjective(temperature=0.5))
    model._draws = FixedDraws()
    twin = NumPyTwin(model)
    batch = {
        "user_row": np.array([1, 0], np.int32),
        "history": np.array([[2, 0], [3, 2]], np.int32),
        "item_row": np.array([1, 2], np.int32),
    }
    listed = [1, 2, 3, 1]  # the batch's own, then the drawn ones
    share = np.array([4, 1, 3, 4]) / 8
    chance = (2 * share + 2 / 3) / 4  # two of the batch, two of three warm items
    loss = 0.0
    for row, (user, kept) in enumerate(zip((1, 0), ([0, 1, 2], [0, 1, 2, 3]), strict=True)):
        # item 1 was drawn as a negative of user 1, who wants item 1: left out
        logits = twin.scores(user, batch["history"][row])[listed] / 0.5 - np.log(chance)
        loss += softmax_loss(logits[kept], row) / 2

    assert float(model.compute_loss(tensors(batch))) == pytest.approx(loss, rel=1e-4)


def test_losses_of_layers_count_once() -> None:
    options = {"anchor_l2": 0.1}
    model = make_model(fusion_options=options)
    batch = tensors({"user_row": [1], "history": [[1, 0]], "targets": [[2, 0]]})
    plain = make_model()
    plain.set_weights([w.numpy() for w in model.weights if "anchor" not in w.name])
    # the anchors are zeros: 0.1 |W|^2 of both item towers
    expected = 0.1 * sum((kernel(t.fusion, "text") ** 2).sum() for t in (model.candidate_tower, model.history_tower))
    figures = model.test_step(batch)

    assert float(figures["loss"]) == pytest.approx(float(plain.compute_loss(batch)), rel=1e-5)
    assert float(figures["regularization_loss"]) == pytest.approx(expected, rel=1e-5)
    assert float(figures["total_loss"]) == pytest.approx(float(figures["loss"]) + expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [FullSoftmax, RetrievalObjective], ids=["full", "sampled"])
def test_train_step_compiles_with_xla(objective: Any) -> None:
    """One step of gradient descent moves the weights as the step without XLA does."""
    batch = {"user_row": [1, 2], "history": [[1, 0], [3, 0]]}
    batch |= {"targets": [[2, 0], [1, 2]]} if objective is FullSoftmax else {"item_row": [2, 1]}
    moved = []
    for jit_compile in (False, True):
        model = make_model(objective=objective())
        model._draws = FixedDraws()  # XLA draws other numbers
        model.compile(keras.optimizers.SGD(0.1), jit_compile=jit_compile)
        before = [weight.numpy() for weight in model.trainable_weights]
        data = tf.data.Dataset.from_tensors({k: np.array(v, np.int32) for k, v in batch.items()})
        model.fit(data, verbose=0)
        moved.append([new.numpy() - old for new, old in zip(model.trainable_weights, before, strict=True)])

    assert max(np.abs(change).max() for change in moved[0]) > 1e-3
    for plain, compiled in zip(*moved, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-3, atol=1e-5)


def test_keras_file_lists_and_trains_on(tmp_path: Path) -> None:
    model = make_model(objective=FullSoftmax(temperature=0.3), fusion="gated")
    batch = tensors({"user_row": [1, 2], "history": [[1, 0], [3, 0]], "targets": [[2, 0], [1, 2]]})
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)

    np.testing.assert_array_equal(loaded.candidate_table(), model.candidate_table())
    np.testing.assert_array_equal(loaded.history_table(), model.history_table())
    assert float(loaded.compute_loss(batch)) == pytest.approx(float(model.compute_loss(batch)), rel=1e-6)
    assert loaded.objective.temperature == 0.3


def test_learning_before_adapt_is_refused() -> None:
    model = TwoTower(Schema(3, 5), dim=2)
    with pytest.raises(InputError, match=r"no warm item to learn from. Call `adapt`"):
        model.compute_loss(tensors({"user_row": [1], "history": [[1]], "targets": [[2]]}))


def test_bad_arguments_name_what_came() -> None:
    with pytest.raises(InputError, match=r"`fusion` must be one of 'concat', 'gated', 'heads', 'adapter'; .*'mean'"):
        TwoTower(Schema(3, 5), fusion="mean")
    with pytest.raises(InputError, match="`dim` must be at least 1; received 0"):
        TwoTower(Schema(3, 5), dim=0)
    model = TwoTower(Schema(3, 5, {"text": 2}), dim=2)
    with pytest.raises(InputError, match=r"`item_counts` must be integer \[6\].* received int64 \[3\]"):
        model.adapt(FEATURES, item_counts=np.array([0, 1, 2]))
    with pytest.raises(InputError, match=r"blocks of the schema, {'text': 3}; received block 'text' of width 2"):
        TwoTower(Schema(3, 5, {"text": 3}), dim=2).adapt(FEATURES, item_counts=COUNTS)


def test_fits_one_after_another_are_no_retracing(caplog: pytest.LogCaptureFixture) -> None:
    data = tf.data.Dataset.from_tensors(BATCH)
    tf.get_logger().addHandler(caplog.handler)
    try:
        for _ in range(6):  # TensorFlow warns from 5 on
            model = make_model(objective=RetrievalObjective())
            model.compile(optimizer=keras.optimizers.Adam(0.01))
            model.fit(data, verbose=0)
    finally:
        tf.get_logger().removeHandler(caplog.handler)

    assert "retracing" not in caplog.text
