"""Training: from a split and vectors to a model, its settings chosen on validation rows."""

from tfcold.training.fit import fit, train
from tfcold.training.settings import PRESETS, Settings
from tfcold.training.start import build_model
from tfcold.training.trained import TrainedModel, trained_model

__all__ = ["PRESETS", "Settings", "TrainedModel", "build_model", "fit", "train", "trained_model"]
