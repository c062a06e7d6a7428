from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfcold.errors import InputError
from tfcold.objectives import RetrievalObjective
from tfcold.ops import mixed_probability, sampled_softmax_loss

RNG = np.random.default_rng(0)
QUERY, CANDIDATE, NEGATIVES = (RNG.normal(size=(size, 4)).astype(np.float32) for size in (5, 5, 3))
ROWS, NEGATIVE_ROWS = np.array([1, 2, 3, 2, 5]), np.array([2, 8, 9])
SHARE = np.array([0.3, 0.4, 0.05, 0.4, 0.1], np.float32)
NEGATIVE_SHARE = np.array([0.4, 0.0, 1e-9], np.float32)
ALL = np.concatenate([CANDIDATE, NEGATIVES])
FED: dict[str, Any] = {
    "candidate_rows": ROWS,
    "candidate_probability": SHARE,
    "negatives": NEGATIVES,
    "negative_rows": NEGATIVE_ROWS,
    "negative_probability": NEGATIVE_SHARE,
    "num_items": 20,
}


def expected(temperature: float = 1.0, known: np.ndarray | None = None) -> np.ndarray:
    """[B], by our own op, which has its own test against NumPy."""
    share = mixed_probability(np.concatenate([SHARE, NEGATIVE_SHARE]), 5, 3, 20)
    rows = np.concatenate([ROWS, NEGATIVE_ROWS])
    return sampled_softmax_loss(
        QUERY, ALL, probability=share, candidate_rows=rows, known=known, temperature=temperature
    ).numpy()


def test_mean_over_the_batch_with_everything_on() -> None:
    received = RetrievalObjective(temperature=0.5)(QUERY, CANDIDATE, **FED)

    assert float(received) == pytest.approx(expected(0.5).mean(), rel=1e-5)


def test_numbers_by_hand() -> None:
    # one query of two: logits [1, 0] and [0, 1]; log(e + 1) - 1 = 0.31326, both
    received = RetrievalObjective(remove_accidental_hits=False)(np.eye(2), np.eye(2))

    assert float(received) == pytest.approx(0.31326, abs=1e-5)


def test_every_part_moves_the_loss() -> None:
    def loss(**changed: Any) -> float:
        return float(RetrievalObjective()(QUERY, CANDIDATE, **{**FED, **changed}))

    full = loss()
    others = [
        loss(candidate_probability=None),
        loss(negatives=None),
        loss(num_items=1000),
        loss(negative_rows=np.array([7, 8, 9])),
        float(RetrievalObjective(temperature=2.0)(QUERY, CANDIDATE, **FED)),
        float(RetrievalObjective(remove_accidental_hits=False)(QUERY, CANDIDATE, **FED)),
        float(RetrievalObjective(num_hard_negatives=1)(QUERY, CANDIDATE, **FED)),
    ]
    assert all(abs(other - full) > 1e-3 for other in others)


def test_tail_of_a_large_catalogue_is_not_clipped() -> None:
    # Q of 1e-8 and 1e-7: clipped to 1e-6 both, they would cancel; log 10 must stay
    share = np.array([1e-8, 1e-7], np.float32)
    received = RetrievalObjective(remove_accidental_hits=False)(
        np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32), candidate_probability=share
    )

    # rows: log(1 + 0.1) for the rare one, log(1 + 10) for the other
    assert float(received) == pytest.approx((np.log(1.1) + np.log(11)) / 2, rel=1e-4)


def test_known_candidates_are_no_negatives_and_the_positive_stays() -> None:
    known = np.zeros((5, 8), bool)
    known[0, :7] = True  # its own positive among them
    received = RetrievalObjective()(QUERY, CANDIDATE, known=known, **FED)

    assert float(received) == pytest.approx(expected(known=known).mean(), rel=1e-5)
    assert expected(known=known)[0] < expected()[0] - 0.01


def test_sample_weights_average() -> None:
    weight = np.array([1.0, 3.0, 0.0, 0.0, 0.0])
    received = RetrievalObjective()(QUERY, CANDIDATE, sample_weight=weight, **FED)

    assert float(received) == pytest.approx((expected()[0] + 3 * expected()[1]) / 4, rel=1e-5)


@pytest.mark.parametrize("name", ["candidate_rows", "negative_rows", "negative_probability", "num_items"])
def test_missing_part(name: str) -> None:
    with pytest.raises(InputError, match=f"`{name}` is needed for"):
        RetrievalObjective()(QUERY, CANDIDATE, **{**FED, name: None})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be positive; received 0.0"),
        ({"num_hard_negatives": 0}, "`num_hard_negatives` must be at least 1, or None for all; received 0"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RetrievalObjective(**options)
