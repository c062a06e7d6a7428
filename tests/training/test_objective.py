import pytest

from tfcold.objectives import FullSoftmax, RetrievalObjective
from tfcold.splits.split import Split
from tfcold.training import Settings, fit
from tfcold.training import objective as objective_module
from tfcold.training.objective import affordable, choose_objective, epoch_flops
from tfcold.training.start import build_model


def test_cheaper_objective_is_taken_and_an_asked_one_is_kept(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    split, features = world
    settings = Settings(dim=4, max_landmarks=0, batch_size=16)
    model = build_model(split, features, settings)
    costs = epoch_flops(split, model, settings)

    assert 0 < costs["full"] < costs["sampled"]  # a toy catalogue is smaller than 64 places of history a row
    assert isinstance(choose_objective(split, model, settings), FullSoftmax)
    monkeypatch.setattr(objective_module, "MAX_LOGITS", 1)
    assert isinstance(choose_objective(split, model, settings), RetrievalObjective)
    assert isinstance(choose_objective(split, model, settings.with_(objective="full")), FullSoftmax)


def test_temperature_suits_the_scale_of_the_scores(world: tuple[Split, object], given: Settings) -> None:
    split, features = world
    settings = given.with_(epochs=0, batch_size=16)
    model = fit(split, features, settings).model
    found = {}
    for scale in (1.0, 1000.0):
        model.history_tower.embedding.set_weights([scale * w for w in model.history_tower.embedding.get_weights()])
        found[scale] = choose_objective(split, model, settings).temperature

    assert 1 < found[1000.0] < objective_module.TEMPERATURES[-1]
    assert 100 < found[1000.0] / found[1.0] < 10_000


def test_steps_that_cost_minutes_are_left_out_unless_asked_for(
    world: tuple[Split, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    split, features = world
    settings = Settings(dim=4, max_landmarks=0)
    model = build_model(split, features, settings)
    monkeypatch.setattr(objective_module.tf.config, "list_physical_devices", lambda kind: [])

    assert affordable(split, model, settings)
    monkeypatch.setattr(objective_module, "MAX_EPOCH_FLOPS", 1.0)
    assert not affordable(split, model, settings)
    assert affordable(split, model, settings.with_(objective="retrieval"))
    monkeypatch.setattr(objective_module.tf.config, "list_physical_devices", lambda kind: ["GPU:0"])
    assert affordable(split, model, settings)
