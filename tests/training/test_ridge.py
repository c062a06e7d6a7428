import numpy as np
import pytest

from tfcold.training.ridge import ridge_leverages, ridge_maps


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5)], ids=["wide", "tall", "square"])
def test_maps_solve_the_normal_equations(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=shape).astype(np.float32)
    targets = [rng.normal(size=(shape[0], width)).astype(np.float32) for width in (2, 3)]
    maps = ridge_maps(features, targets, [0.5, 20.0])

    assert len(maps) == 2
    for penalty, found in zip((0.5, 20.0), maps, strict=True):
        gram = features.T @ features + penalty * np.eye(shape[1])
        for target, received in zip(targets, found, strict=True):
            np.testing.assert_allclose(received, np.linalg.solve(gram, features.T @ target), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4)], ids=["wide", "tall"])
def test_leverages_are_what_a_row_counts_in_its_own_prediction(shape: tuple[int, int]) -> None:
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    hat = features @ np.linalg.solve(features.T @ features + 2.0 * np.eye(shape[1]), features.T)

    np.testing.assert_allclose(ridge_leverages(features, 2.0), np.diag(hat), rtol=1e-4)
